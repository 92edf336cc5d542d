"""Fine-tuning end to end on a tiny Qwen2: it learns, resumes after a kill, and can be served."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from cherryrec.cnle import Prompt
from cherryrec.errors import ConfigError
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.pipeline import PipelineConfig
from gpu_worker.config import GpuConfig
from gpu_worker.finetune import Recipe, Split
from gpu_worker.finetune.run import WEIGHTS_FILE, finetune
from tests.gpu_worker.tiny_qwen import load, logits_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning"),
    pytest.mark.timeout(240),
]

ROOT = Path(__file__).resolve().parents[3]
RECIPE = Recipe(
    quantisation="none",
    dtype="float32",
    learning_rate=1e-2,
    batch_size=4,
    micro_batch_size=2,
    max_steps=8,
    validate_every=4,
    n_validation=8,
    max_history=2,
    n_candidates=3,
    answer_fields=("letter", "title", "id"),
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> MindLog:
    folder = tmp_path_factory.mktemp("log") / "tiny-log"
    generate_log(folder, n_users=20, n_impressions=80, n_articles=64, seed=0)
    return MindLog(folder)


@pytest.fixture
def run(log: MindLog, checkpoint: Path, tmp_path: Path) -> Callable[..., Path]:
    def run_with(recipe: Recipe = RECIPE, *, out: str = "out", **changes: object) -> Path:
        options: dict[str, object] = {
            "base": GpuConfig(model=str(checkpoint), device="cpu", n_threads=1),
            "recipe": recipe,
            "out": tmp_path / out,
            "core": PipelineConfig(),
            "split": Split(train=0.6, choose=0.2),
            "seed": 0,
            "bar": no_bar,
        }
        return finetune(log, **(options | changes))  # type: ignore[arg-type]

    return run_with


@contextmanager
def no_bar(name: str, total: int | None) -> Iterator[Callable[[int], None]]:
    yield lambda n: None


def curve_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "loss.csv").open() as file:
        return list(csv.DictReader(file))


def test_weights_card_and_curve_are_written_and_the_weights_can_be_served(
    run: Callable[..., Path], checkpoint: Path, prompts: list[Prompt]
) -> None:
    folder = run()

    names = {path.name for path in folder.iterdir()}
    assert {WEIGHTS_FILE, "adapter_config.json", "README.md", "loss.csv", "loss.png"} <= names
    assert not names & {"checkpoints", "ready", "untrained.json"}
    card = (folder / "README.md").read_text()
    assert "tiny-log" in card
    assert "60 % to train on, the next 20 % to choose on" in card
    assert "not stated in the base model's folder" in card
    adapter = json.loads((folder / "adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == "tiny-qwen2"
    assert (adapter["r"], adapter["lora_alpha"]) == (8, 32)
    steps = [row["step"] for row in curve_of(folder) if row["eval_letter_nll"]]
    assert steps == ["0", "4", "8"]
    plain, tuned = load(checkpoint), load(checkpoint, lora_path=str(folder))
    (before,), (after,) = logits_of(plain, prompts[:1]), logits_of(tuned, prompts[:1])
    assert not np.allclose(before, after, atol=1e-2)


def test_the_loss_falls_on_what_it_learns(run: Callable[..., Path]) -> None:
    folder = run(replace(RECIPE, max_steps=30, validate_every=15))

    losses = [float(row["loss"]) for row in curve_of(folder) if row["loss"]]
    assert losses[-1] < 0.8 * losses[0]


def test_qlora_trains_on_four_bit_weights(run: Callable[..., Path]) -> None:
    folder = run(replace(RECIPE, quantisation="nf4", checkpointing=True))

    losses = [float(row["loss"]) for row in curve_of(folder) if row["loss"]]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    assert "nf4" in (folder / "README.md").read_text()
    assert any(
        np.abs(value).max() > 0
        for name, value in load_file(folder / WEIGHTS_FILE).items()
        if "lora_B" in name
    )


def test_the_same_run_twice_gives_the_same_weights(run: Callable[..., Path]) -> None:
    first, second = (load_file(run(out=name) / WEIGHTS_FILE) for name in ("a", "b"))

    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_finished_run_is_left_as_it_is(run: Callable[..., Path]) -> None:
    before = (run() / WEIGHTS_FILE).stat().st_mtime_ns

    assert (run() / WEIGHTS_FILE).stat().st_mtime_ns == before


def test_a_folder_of_another_run_is_refused(run: Callable[..., Path]) -> None:
    run()

    with pytest.raises(ConfigError, match="holds a run of another base, recipe, log, split or"):
        run(seed=1)


def test_a_folder_of_something_else_is_refused(run: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")

    with pytest.raises(ConfigError, match="must be empty or hold a run of fine-tuning"):
        run()


def test_a_run_without_a_validation_cannot_be_enough(run: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match="must have come to a validation to be ended"):
        run(is_enough=True)


def test_a_killed_run_goes_on_and_ends_in_the_same_weights(
    run: Callable[..., Path], log: MindLog, checkpoint: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, max_steps=24)
    file = tmp_path / "recipe.toml"
    file.write_text(
        "quantisation = 'none'\ndtype = 'float32'\nlearning_rate = 1e-2\nbatch_size = 4\n"
        "micro_batch_size = 2\nmax_steps = 24\nvalidate_every = 4\nn_validation = 8\n"
        "max_history = 2\nn_candidates = 3\n"
    )
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "cherryrec.cli", "finetune", str(log.folder)]
    command += ["--base", str(checkpoint), "--recipe", str(file), "--out", str(out)]
    command += ["--split", "60/20/20"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHERRYREC_GPU_N_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, cwd=tmp_path)
    give_up_s = time.monotonic() + 120
    while not (out / "checkpoints" / "checkpoint-8").is_dir():
        assert process.poll() is None, "the run must be killed before it ends"
        assert time.monotonic() < give_up_s
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / WEIGHTS_FILE).exists()

    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    whole = run(recipe, out="whole")

    assert f"LoRA weights: {out}" in done.stdout
    killed, wanted = load_file(out / WEIGHTS_FILE), load_file(whole / WEIGHTS_FILE)
    assert all(np.allclose(killed[name], wanted[name], atol=1e-5) for name in wanted)
    validations = [row["step"] for row in curve_of(out) if row["eval_letter_nll"]]
    assert validations == ["0", "4", "8", "12", "16", "20", "24"]


def test_enough_takes_the_best_of_a_stopped_run(run: Callable[..., Path], tmp_path: Path) -> None:
    class Stop(Exception):
        """The user's Ctrl-C."""

    @contextmanager
    def stops(name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        done = 0

        def advance(n: int) -> None:
            nonlocal done
            done += n
            if "steps" in name and done == 6:
                raise Stop

        yield advance

    with pytest.raises(Stop):
        run(bar=stops)
    folder = run(is_enough=True)

    card = json.loads((folder / "training.json").read_text())
    assert (card["n_steps"], [one["step"] for one in card["validations"]]) == (4, [0, 4])
    assert (folder / WEIGHTS_FILE).is_file()
