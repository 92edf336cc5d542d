"""The model card: what the weights are, from what, how good, and under which licence."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gpu_worker.finetune.questions import Split
from gpu_worker.finetune.recipe import Recipe

__all__ = ["CURVE_FILE", "PLOT_FILE", "Done", "TimeSplit", "licence_of", "write_card"]

CURVE_FILE = "loss.csv"
PLOT_FILE = "loss.png"

_LICENCE_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
_KNOWN_LICENCES = (
    ("Apache License", "Apache-2.0"),
    ("MIT License", "MIT"),
    ("Tongyi Qianwen", "Tongyi Qianwen licence agreement"),
    ("LLAMA", "Llama community licence"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSplit:
    """One part of the log: its examples and the event times they span (epoch seconds)."""

    n_questions: int
    n_examples: int
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A finished run.

    Parameters
    ----------
    base, base_version, base_source
        The base model: name, checkpoint with arithmetic, folder or hub name.
    recipe, split, seed
        As given.
    log, digest
        Name of the log, and SHA-256 of all examples made of it.
    parts
        The part to train on and the part to choose on.
    history
        Transformers' log: losses and validations by step.
    best_step, n_steps
        The step whose weights were kept (0: none was better than the base), and the last one.
    """

    base: str
    base_version: str
    base_source: str
    recipe: Recipe
    log: str
    digest: str
    split: Split
    seed: int
    parts: tuple[TimeSplit, TimeSplit]
    history: Sequence[Mapping[str, Any]]
    best_step: int
    n_steps: int

    @property
    def validations(self) -> list[Mapping[str, Any]]:
        """Validations in the order of their steps, the base's own first."""
        return [entry for entry in self.history if "eval_letter_nll" in entry]


def licence_of(source: str) -> str:
    """Name the base model's licence as far as its folder tells.

    Examples
    --------
    >>> licence_of("Qwen/Qwen2-7B")
    'see https://huggingface.co/Qwen/Qwen2-7B'
    """
    folder = Path(source)
    if not folder.is_dir():
        return f"see https://huggingface.co/{source}"
    for name in _LICENCE_FILES:
        if (folder / name).is_file():
            head = (folder / name).read_text(encoding="utf-8", errors="replace")[:400]
            for words, licence in _KNOWN_LICENCES:
                if words in head:
                    return licence
            return f"see the base model's {name}"
    return "not stated in the base model's folder"


def write_card(folder: Path, done: Done) -> None:
    """Write README.md, the loss curve as a table and as a picture, and all of it as JSON."""
    (folder / "training.json").write_text(
        json.dumps(
            {
                **{key: value for key, value in asdict(done).items() if key != "history"},
                "base_source": Path(done.base_source).name,
                "validations": done.validations,
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    _write_curve(folder / CURVE_FILE, done)
    _plot(folder / PLOT_FILE, done)
    (folder / "README.md").write_text(_card(done), encoding="utf-8")


def _card(done: Done) -> str:
    """Return the card's text."""
    train, choose = done.parts
    recipe = done.recipe
    lines = [
        "---",
        "library_name: peft",
        f"base_model: {done.base}",
        "tags: [news-recommendation, cherryrec, lora]",
        "---",
        "",
        f"# CnLE: LoRA weights for {done.base}",
        "",
        "They choose, by its index letter, the candidate article that a reader opens next, for the",
        "prompts of CherryRec. They are of no use for other prompts.",
        "",
        "| | |",
        "|---|---|",
        f"| base model | `{done.base_version}` |",
        f"| licence of the base | {licence_of(done.base_source)} |",
        f"| data | log `{done.log}`, examples' SHA-256 `{done.digest[:16]}…` |",
        f"| split by time | {_share(done.split.train)} to train on, the next "
        f"{_share(done.split.choose)} to choose on, the rest not read |",
        f"| trained on | {train.n_examples:,} examples of {train.n_questions:,} questions, "
        f"{_span(train)} |",
        f"| chosen on | {choose.n_examples:,} examples of {choose.n_questions:,} questions, "
        f"{_span(choose)} |",
        f"| seed | {done.seed} |",
        f"| steps | {done.n_steps:,}, of which the weights of step {done.best_step:,} were kept |",
        "",
        "## Validation",
        "",
        "On the part to choose on, so these numbers are flattering. `letter NLL` is the mean",
        "negative log-likelihood of the clicked candidate's letter among the letters, in nats;",
        f"guessing has {_guess(done)}.",
        "",
        "| step | letter NLL | accuracy | MRR |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {entry['step']:,} | {entry['eval_letter_nll']:.4f} | "
        f"{entry['eval_letter_accuracy']:.3f} | {entry['eval_letter_mrr']:.3f} |"
        for entry in done.validations
    ]
    lines += [
        "",
        f"![loss by step]({PLOT_FILE})",
        "",
        "## Settings",
        "",
        "```json",
        json.dumps(asdict(recipe), indent=1),
        "```",
        "",
        "## Limits",
        "",
        "The weights know what was read in one log, and in one span of days; they repeat its",
        "biases. The log's readers are not in them by name, but what the titles say is. Measure",
        "them on a later part of the log (`cherryrec replay LOG --evaluate-from SHARE`) before",
        "serving them.",
        "",
    ]
    return "\n".join(lines)


def _write_curve(path: Path, done: Done) -> None:
    """Write a row per logged step."""
    columns = (
        "step",
        "loss",
        "eval_loss",
        "eval_letter_nll",
        "eval_letter_accuracy",
        "eval_letter_mrr",
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(one for one in done.history if "loss" in one or "eval_loss" in one)


def _plot(path: Path, done: Done) -> None:
    """Draw the training loss and the validation by step."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    losses = [(one["step"], one["loss"]) for one in done.history if "loss" in one]
    if losses:
        axes.plot(*zip(*losses, strict=True), label="training: answer's tokens", alpha=0.7)
    chosen = [(one["step"], one["eval_letter_nll"]) for one in done.validations]
    if chosen:
        axes.plot(*zip(*chosen, strict=True), marker="o", label="validation: letter NLL")
    if done.best_step:
        axes.axvline(done.best_step, linestyle=":", color="grey", label="kept")
    axes.set_xlabel("step")
    axes.set_ylabel("nats")
    axes.set_title(f"{done.base} on {done.log}")
    axes.legend()
    figure.savefig(path, dpi=120)


def _share(share: float) -> str:
    return f"{100 * share:g} %"


def _span(part: TimeSplit) -> str:
    first, last = (datetime.fromtimestamp(t, UTC) for t in (part.first_s, part.last_s))
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _guess(done: Done) -> str:
    """Return what guessing has, as the untrained model's validation says."""
    return f"{done.validations[0]['eval_letter_guess_nll']:.4f}"
