"""Language models under protocol B: their arithmetic, that they learn, and that a run goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.leave_last_out import LeaveLastOut, retrieved_by
from cherryrec.evaluation.leave_last_out.markov import Markov

pytest.importorskip("torch")
pytest.importorskip("bm25s")

import torch

from gpu_worker.backends.loading import load_base
from gpu_worker.config import GpuConfig
from gpu_worker.generative import (
    LANGUAGE_MODELS,
    P5,
    Judged,
    LanguageConfig,
    TallRec,
    TitleModel,
    judge,
)
from gpu_worker.generative.examples import training_steps
from gpu_worker.generative.judge import Bar, Loaded, loaded
from gpu_worker.small_model import small_model_path
from tests.gpu_worker.generative.conftest import FOOD, SPORTS

FETCHED = small_model_path(Path(GpuConfig().model_cache_dir))
REAL = pytest.mark.skipif(FETCHED is None, reason="run `cherryrec model fetch` first")
UNTUNED = LanguageConfig(n_steps=0)
QUICK = LanguageConfig(n_steps=10, batch_size=2, learning_rate=1e-2, query_tokens=4)
TEXT, GO_ON = "storm plan\n", [" tax", " market on the coast", " football wins"]


@pytest.fixture
def model(tiny: GpuConfig) -> TitleModel:
    base = load_base(tiny)
    base.model.train(False)
    return TitleModel(base, title_tokens=8)


def plain(tiny: GpuConfig, text: str, more: str) -> tuple[torch.Tensor, list[int]]:
    """Return the logits (V,) before each token of `more` and after it, and these tokens."""
    base = load_base(tiny)
    base.model.train(False)
    first, second = (base.tokenizer(part).input_ids for part in (text, more))
    with torch.inference_mode():
        logits = base.model(torch.tensor([first + second])).logits[0]
    return logits[len(first) - 1 :], second


def test_a_likelihood_is_that_of_one_plain_pass(model: TitleModel, tiny: GpuConfig) -> None:
    found = model.mean_log_likelihoods(model.begin(TEXT), GO_ON)

    for text, mine in zip(GO_ON, found.tolist(), strict=True):
        logits, ids = plain(tiny, TEXT, text)
        each = logits[: len(ids)].log_softmax(dim=1)[range(len(ids)), ids]
        assert mine == pytest.approx(float(each.mean()), abs=1e-4)


def test_logits_after_a_text_are_those_of_one_plain_pass(
    model: TitleModel, tiny: GpuConfig
) -> None:
    tokens = [5, 70, 300]

    found = model.next_logits(model.begin(TEXT), GO_ON, tokens)

    for text, mine in zip(GO_ON, found, strict=True):
        logits, _ = plain(tiny, TEXT, text)
        assert mine.tolist() == pytest.approx(logits[-1][tokens].tolist(), abs=1e-4)


def test_what_is_written_is_the_likeliest_first(model: TitleModel) -> None:
    (lines,) = model.write([TEXT], n=3, max_tokens=4)

    assert len(lines) == 3
    assert model.write([TEXT], n=3, max_tokens=4) == [lines]


def test_examples_are_of_training_and_the_other_was_not_read(two_kinds: LeaveLastOut) -> None:
    steps = training_steps(two_kinds, n_history=2, seed=1)
    training = {
        tuple(two_kinds.title(code) for code in two_kinds.training(user).tolist()): {
            two_kinds.title(code) for code in two_kinds.sequences[user].tolist()
        }
        for user in range(len(two_kinds.users))
    }

    for step in (next(steps) for _ in range(200)):
        chain = (*step.history, step.followed)
        assert len(step.history) in {1, 2}
        own = [
            all_read
            for read, all_read in training.items()
            if any(read[at : at + len(chain)] == chain for at in range(len(read)))
        ]
        assert own, "the history and what followed stand in one user's training"
        assert any(step.other not in all_read for all_read in own)


class Ended(Exception):
    """A kill."""


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_a_tuning_that_was_killed_ends_with_the_same_weights(
    name: str, two_kinds: LeaveLastOut, tiny: GpuConfig, silent: Bar, tmp_path: Path
) -> None:
    def run(folder: str, bar: Bar) -> bytes:
        ready = loaded(
            LANGUAGE_MODELS[name],
            two_kinds,
            gpu=tiny,
            config=QUICK,
            seed=3,
            folder=tmp_path / folder,
            bar=bar,
        )
        assert "10 LoRA steps" in ready.model
        return (ready.folder / "lora" / "adapter_model.safetensors").read_bytes()

    class Dies:
        """A bar that goes down with the machine, after the ninth step."""

        def __init__(self, *_: object) -> None:
            self.n_done = 0

        def __enter__(self) -> Callable[[int], None]:
            return self

        def __exit__(self, *_: object) -> None: ...

        def __call__(self, n: int) -> None:
            self.n_done += n
            if self.n_done >= 9:
                raise Ended

    whole = run("whole", silent)
    with pytest.raises(Ended):
        run("cut", Dies)  # type: ignore[arg-type]

    assert list((tmp_path / "cut").glob("*/step.pt")), "what was done is kept"
    assert run("cut", silent) == whole
    assert not list((tmp_path / "cut").glob("*/step.pt"))


def test_tuning_that_time_cut_goes_on_when_there_is_more(
    two_kinds: LeaveLastOut, tiny: GpuConfig, silent: Bar, tmp_path: Path
) -> None:
    def run(folder: str, budget_s: float | None) -> Loaded:
        return loaded(
            TallRec,
            two_kinds,
            gpu=tiny,
            config=QUICK,
            seed=3,
            folder=tmp_path / folder,
            bar=silent,
            budget_s=budget_s,
        )

    def weights(of: Loaded) -> bytes:
        return (of.folder / "lora" / "adapter_model.safetensors").read_bytes()

    cut = run("cut", 0.0)
    assert "0 LoRA steps" in cut.model and cut.model.endswith("ended by time")
    first = weights(cut)
    (cut.folder / "answers-test-x.jsonl").write_text("of the model that was cut\n")

    assert weights(run("cut", 0.0)) == first, "the same time gives the same"
    assert (cut.folder / "answers-test-x.jsonl").exists()
    more = run("cut", None)

    assert "10 LoRA steps" in more.model
    assert weights(more) == weights(run("whole", None))
    assert not (cut.folder / "answers-test-x.jsonl").exists()
    assert run("cut", 0.0).model == more.model, "less time takes nothing back"


@pytest.fixture
def asked(two_kinds: LeaveLastOut, tiny: GpuConfig, silent: Bar, tmp_path: Path):  # type: ignore[no-untyped-def]
    chain = Markov()
    chain.fit(two_kinds)

    def run(name: str, n: int, budget_s: float | None = None) -> Judged:
        users = list(range(n))
        return judge(
            LANGUAGE_MODELS[name],
            two_kinds,
            "test",
            users,
            {"Markov": retrieved_by(chain, two_kinds, "test", users)},
            gpu=tiny,
            config=replace(UNTUNED, query_tokens=4),
            seed=0,
            folder=tmp_path,
            bar=silent,
            budget_s=budget_s,
        )

    return run


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_what_was_asked_once_is_not_asked_again(
    name: str,
    asked: Callable[..., Judged],
    two_kinds: LeaveLastOut,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    six = asked(name, 6)
    monkeypatch.delattr(TitleModel, "begin")
    monkeypatch.delattr(TitleModel, "write")

    again = asked(name, 6)

    for of, ranks in six.ranks.items():
        assert again.ranks[of].tolist() == ranks.tolist()
        assert len(ranks) == 6
        assert ((ranks >= 0) & (ranks <= 20)).all()
    (answers,) = tmp_path.glob(f"{name}-*/answers-test-*.jsonl")
    assert two_kinds.users[0] in answers.read_text()


def test_a_list_that_does_not_hold_the_article_is_not_asked_about(
    asked: Callable[..., Judged],
    two_kinds: LeaveLastOut,
    tiny: GpuConfig,
    silent: Bar,
    tmp_path: Path,
) -> None:
    users = [0, 1]
    without = np.full((2, 20), -1, np.int32)
    without[:, 0] = two_kinds.sequences[0][0]

    found = judge(
        P5,
        two_kinds,
        "test",
        users,
        {"one": without},
        gpu=tiny,
        config=UNTUNED,
        seed=0,
        folder=tmp_path,
        bar=silent,
    )

    assert found.ranks["one"].tolist() == [0, 0]
    assert found.n_asked == 0


def test_a_run_that_its_time_cuts_says_for_whom_it_was(asked: Callable[..., Judged]) -> None:
    found = asked("tallrec", 6, budget_s=0.0)

    assert found.ranks["Markov"].tolist() == []
    assert "ended by time after 0 of 6 users" in found.notes


def test_a_log_without_titles_is_refused(
    two_kinds: LeaveLastOut, tiny: GpuConfig, silent: Bar, tmp_path: Path
) -> None:
    with pytest.raises(LogError, match="TALLRec reads titles, and the log has none"):
        loaded(
            TallRec,
            replace(two_kinds, described={}),
            gpu=tiny,
            config=UNTUNED,
            seed=0,
            folder=tmp_path,
            bar=silent,
        )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_history": 0}, "n_history must be above 0"),
        ({"n_steps": -1}, "n_steps must be at least 0"),
        ({"n_queries": 21}, "n_queries must be at most 20"),
        ({"dropout": 1.0}, "dropout must be in"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        LanguageConfig(**settings)  # type: ignore[arg-type]


HISTORY = (
    "Striker scores twice as United win the derby",
    "Premier League: all goals of the weekend",
    "Champions League final: Madrid beat Liverpool",
)


@REAL
@pytest.mark.slow
def test_p5_finds_a_title_of_the_history_the_likeliest() -> None:
    base = load_base(GpuConfig(model="small", device="cpu"))
    base.model.train(False)
    method = P5(TitleModel(base, title_tokens=24), UNTUNED)
    others = ["Senate passes the budget after a long debate", "Seven foods that help you sleep"]

    found = method.scores(HISTORY, [*others, HISTORY[0]])

    assert found.argmax() == 2
    assert found[2] > found[:2].max() + 1.0, "in nats a token"


@REAL
@pytest.mark.slow
def test_tallrec_learns_who_reads_what(
    two_kinds: LeaveLastOut, silent: Bar, tmp_path: Path
) -> None:
    gpu = GpuConfig(model="small", device="cpu")
    config = LanguageConfig(n_history=2, n_steps=24, learning_rate=4e-3)
    ready = loaded(TallRec, two_kinds, gpu=gpu, config=config, seed=0, folder=tmp_path, bar=silent)
    assert isinstance(ready.method, TallRec)

    for own, other in ((SPORTS, FOOD), (FOOD, SPORTS)):
        history = [f"{own[0]} on day 40", f"{own[1]} on day 41"]
        liked, disliked = (
            ready.method.scores(history, [f"{words} on day 42" for words in kind]).mean()
            for kind in (own, other)
        )
        assert liked > disliked + 0.03
