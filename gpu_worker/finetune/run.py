"""One fine-tuning from a log to a folder of LoRA weights, which a kill does not lose."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from transformers import PrinterCallback, set_seed
from transformers.utils.logging import disable_progress_bar

from cherryrec.errors import ConfigError, LogError, ModelError
from cherryrec.evaluation.logs import ImpressionLog
from cherryrec.pipeline import PipelineConfig
from gpu_worker.backends.loading import Base, load_base
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.config import GpuConfig
from gpu_worker.finetune.card import Done, TimeSplit, write_card
from gpu_worker.finetune.checkpoints import last_checkpoint, take_best
from gpu_worker.finetune.encode import Encoded, encode
from gpu_worker.finetune.questions import Question, Split, ask_log
from gpu_worker.finetune.recipe import Recipe
from gpu_worker.finetune.training import LetterTrainer, n_steps, trainer_of, with_lora
from gpu_worker.finetune.training_pairs import TrainingPair, build_pairs

__all__ = ["RUN_FILE", "WEIGHTS_FILE", "finetune"]

RUN_FILE = "run.json"
"""What a folder was begun with: another run does not go on in it."""

WEIGHTS_FILE = "adapter_model.safetensors"
"""peft's name; its presence in the folder itself means that the run is done."""

_CHECKPOINTS = "checkpoints"
_UNTRAINED_FILE = "untrained.json"

Bar = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""A progress bar by its name and total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Encoded examples of both parts, and what the card says of them."""

    train: Sequence[Encoded]
    choose: Sequence[Encoded]
    parts: tuple[TimeSplit, TimeSplit]
    digest: str


def finetune(
    log: ImpressionLog,
    *,
    base: GpuConfig,
    recipe: Recipe,
    out: Path,
    core: PipelineConfig,
    split: Split,
    seed: int,
    bar: Bar,
    is_enough: bool = False,
) -> Path:
    """Train LoRA weights on a log, or go on where a killed run stopped.

    Parameters
    ----------
    log
        The recorded log.
    base
        Which model, where and in which precision; the recipe's precision goes before it.
    recipe
        Everything else.
    out
        The folder of the weights, their card and, until the run is done, its checkpoints.
    core
        Settings of the pipeline that asks.
    split
        The parts to train on and to choose on.
    seed
        For examples, weights, order and dropout.
    bar
        Makes a progress bar.
    is_enough
        Take no further step: what was validated best so far becomes the weights.

    Returns
    -------
    The folder; one that holds a finished run of the same settings is returned as it is.

    Raises
    ------
    ConfigError
        The folder holds something else, or nothing yet of a run that is said to be enough.
    LogError
        The log has nothing to learn from.
    ModelError
        The base model cannot be loaded, or has not enough positions.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]
    loaded = load_base(_precise(base, recipe))
    tokens = PromptTokens(loaded.tokenizer, title_tokens=recipe.title_tokens)
    data = _data(log, loaded, tokens, recipe, core=core, split=split, seed=seed, bar=bar)
    _begin(out, _run_of(loaded, recipe, data, split=split, seed=seed))
    if (out / WEIGHTS_FILE).is_file():
        return out
    set_seed(seed)
    model = with_lora(loaded, recipe)
    total = n_steps(recipe, len(data.train))
    checkpoints = out / _CHECKPOINTS
    with bar("fine-tuning, steps", total) as advance:
        trainer = trainer_of(
            model,
            recipe,
            train=data.train,
            choose=data.choose,
            letter_ids=tokens.letter_ids,
            pad_id=tokens.pad_id,
            folder=checkpoints,
            seed=seed,
            progress=advance,
        )
        trainer.remove_callback(PrinterCallback)
        untrained = _untrained(out, trainer)
        resumed = last_checkpoint(checkpoints)
        if is_enough:
            take_best(trainer, resumed)
        else:
            trainer.train(resume_from_checkpoint=resumed)
    history = [untrained, *trainer.state.log_history]
    done = Done(
        base=loaded.name,
        base_version=loaded.version,
        base_source=loaded.source,
        recipe=recipe,
        log=log.name,
        digest=data.digest,
        split=split,
        seed=seed,
        parts=data.parts,
        history=history,
        best_step=trainer.state.best_global_step or 0,
        n_steps=trainer.state.global_step,
    )
    _finish(out, trainer.model, done)
    return out


def _precise(base: GpuConfig, recipe: Recipe) -> GpuConfig:
    """Load the base as the recipe wants it."""
    return replace(base, quantisation=recipe.quantisation, dtype=recipe.dtype, lora_path="")


def _data(
    log: ImpressionLog,
    loaded: Base,
    tokens: PromptTokens,
    recipe: Recipe,
    *,
    core: PipelineConfig,
    split: Split,
    seed: int,
    bar: Bar,
) -> _Data:
    """Ask the log and encode what came of it."""
    n_rows = split.bounds(sum(1 for _ in log.impressions()))[1]
    with bar("replaying the log for its questions", n_rows) as advance:
        asked = ask_log(log, split, core, progress=advance)
    digest = hashlib.sha256()
    encoded: list[list[Encoded]] = []
    parts: list[TimeSplit] = []
    most = int(getattr(loaded.model.config, "max_position_embeddings", 0)) or 1 << 30
    for name, questions in zip(("train", "choose"), asked, strict=True):
        examples = build_pairs(questions, recipe, seed=seed, cut=tokens.cut)
        if name == "choose":
            examples = _spread(examples, recipe.n_validation)
        if not examples:
            msg = (
                f"the log's part to {name} on must have an impression with a clicked and an "
                f"unclicked candidate, got none in {len(questions)} questions"
            )
            raise LogError(msg)
        for example in examples:
            digest.update(f"{example.prompt.text}{example.answer}\0".encode())
        parts.append(_part(questions, examples))
        end_id = loaded.tokenizer.eos_token_id
        encoded.append([encode(one, tokens, end_id=end_id, max_tokens=most) for one in examples])
    return _Data(
        train=encoded[0],
        choose=encoded[1],
        parts=(parts[0], parts[1]),
        digest=digest.hexdigest(),
    )


def _spread(examples: list[TrainingPair], most: int) -> list[TrainingPair]:
    """Keep at most that many, evenly spread."""
    if len(examples) <= most:
        return examples
    return [examples[len(examples) * place // most] for place in range(most)]


def _part(questions: Sequence[Question], examples: Sequence[TrainingPair]) -> TimeSplit:
    """Say what a part is made of."""
    return TimeSplit(
        n_questions=len(questions),
        n_examples=len(examples),
        first_s=examples[0].shown_at,
        last_s=examples[-1].shown_at,
    )


def _run_of(
    loaded: Base, recipe: Recipe, data: _Data, *, split: Split, seed: int
) -> dict[str, Any]:
    """Everything that makes two runs the same one."""
    return {
        "base": loaded.version,
        "recipe": asdict(recipe),
        "examples": data.digest,
        "split": asdict(split),
        "seed": seed,
    }


def _begin(out: Path, run: dict[str, Any]) -> None:
    """Claim the folder for this run, or find that it is this run's already."""
    encoded = msgspec.json.format(msgspec.json.encode(run, order="deterministic"), indent=1)
    claim = out / RUN_FILE
    if claim.is_file():
        if claim.read_bytes() == encoded:
            return
        msg = (
            f"folder {str(out)!r} holds a run of another base, recipe, log, split or seed: "
            "give another --out, or delete it"
        )
        raise ConfigError(msg)
    if out.is_dir() and any(out.iterdir()):
        msg = f"folder {str(out)!r} must be empty or hold a run of fine-tuning: give another --out"
        raise ConfigError(msg)
    try:
        out.mkdir(parents=True, exist_ok=True)
        temporary = claim.with_suffix(".tmp")
        temporary.write_bytes(encoded)
        temporary.replace(claim)
    except OSError as error:
        msg = f"folder {str(out)!r} must be writable: {error}"
        raise ConfigError(msg) from error


def _untrained(out: Path, trainer: LetterTrainer) -> dict[str, int | float]:
    """Validate the base, once: what it does without training opens the loss curve."""
    path = out / _UNTRAINED_FILE
    if not path.is_file():
        metrics = {"step": 0, **trainer.evaluate()}
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.encode(metrics))
        temporary.replace(path)
    found: dict[str, int | float] = msgspec.json.decode(
        path.read_bytes(), type=dict[str, int | float]
    )
    return found


def _finish(out: Path, model: Any, done: Done) -> None:
    """Write the card, then the weights, whose presence says that all is there."""
    ready = out / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    try:
        model.save_pretrained(str(ready), safe_serialization=True, save_embedding_layers=False)
        _rename_base(ready / "adapter_config.json", done.base)
        write_card(ready, done)
        names = sorted(path.name for path in ready.iterdir() if path.name != WEIGHTS_FILE)
        for name in (*names, WEIGHTS_FILE):
            (ready / name).replace(out / name)
        shutil.rmtree(ready)
        shutil.rmtree(out / _CHECKPOINTS, ignore_errors=True)
        (out / _UNTRAINED_FILE).unlink(missing_ok=True)
    except OSError as error:
        msg = f"cannot write the weights to {str(out)!r}: {error}; run the same command again"
        raise ModelError(msg) from error


def _rename_base(path: Path, name: str) -> None:
    """Say what the weights are for by name, not by this machine's folder."""
    config = msgspec.json.decode(path.read_bytes())
    config["base_model_name_or_path"] = name
    path.write_bytes(msgspec.json.format(msgspec.json.encode(config), indent=2))
