"""All settings of a fine-tuning, as a frozen struct read from TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from cherryrec.errors import ConfigError
from gpu_worker.config import DTYPES, QUANTISATIONS

__all__ = ["ANSWER_FIELDS", "RECIPES", "Recipe", "load_recipe"]

ANSWER_FIELDS = ("letter", "title", "id")
"""What an answer may spell out, in this order."""

_FOLDER = Path(__file__).with_name("recipes")

RECIPES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Names of the recipes that ship."""

_LEAST: dict[str, float] = {
    "rank": 1,
    "alpha": 1,
    "max_history": 0,
    "n_candidates": 2,
    "title_tokens": 1,
    "epochs": 1,
    "max_steps": 0,
    "batch_size": 1,
    "micro_batch_size": 1,
    "validate_every": 1,
    "patience": 1,
    "n_validation": 1,
    "letter_weight": 0,
    "dropout": 0,
    "warmup_share": 0,
    "weight_decay": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How LoRA weights are trained; the defaults are the paper's where it names them.

    Parameters
    ----------
    rank, alpha, dropout
        Of the LoRA matrices: the update is alpha / rank · B·A.
    target_modules
        Layers they are put on.
    quantisation
        `nf4` (4 bits with double quantisation: QLoRA), `none`; `auto` is nf4 on a GPU.
    dtype
        Arithmetic; `auto` is bfloat16, and float32 on a CPU that only emulates it.
    learning_rate
        AdamW's highest, above 0.
    warmup_share
        Share of the steps in which it rises from 0, below 1; afterwards it falls linearly.
    weight_decay
        AdamW's.
    epochs
        Passes over the examples.
    max_steps
        Stop after that many steps; 0 for as many as the epochs have.
    batch_size, micro_batch_size
        Examples of a step, and of one forward pass within it; the second divides the first.
    validate_every
        Steps between validations, which are checkpoints too.
    patience
        Validations without a better one after which training stops.
    n_validation
        Examples of the validation part that are used, evenly spread over it.
    max_history, n_candidates, title_tokens, templates
        Of the prompts: newest history titles, candidates (at most 20), tokens of a title, ids of
        the templates (empty: all).
    answer_fields
        What the answer spells out: `letter` first, then `title`, `id`.
    letter_weight
        Weight of the letter's token in the loss against 1 for each other token of the answer.
    checkpointing
        Recompute activations in the backward pass: half the speed, a fraction of the memory.

    Examples
    --------
    >>> Recipe(n_candidates=21)
    Traceback (most recent call last):
    ...
    cherryrec.errors.ConfigError: n_candidates must be at most 20, got 21
    """

    rank: int = 8
    alpha: int = 32
    dropout: float = 0.05
    target_modules: tuple[str, ...] = ("q_proj", "v_proj")
    quantisation: str = "auto"
    dtype: str = "auto"
    learning_rate: float = 1e-4
    warmup_share: float = 0.05
    weight_decay: float = 0.0
    epochs: int = 1
    max_steps: int = 0
    batch_size: int = 16
    micro_batch_size: int = 4
    validate_every: int = 100
    patience: int = 20
    n_validation: int = 400
    max_history: int = 20
    n_candidates: int = 20
    title_tokens: int = 32
    templates: tuple[str, ...] = ()
    answer_fields: tuple[str, ...] = ANSWER_FIELDS
    letter_weight: float = 1.0
    checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in (one.name for one in fields(self) if one.name in _LEAST):
            value = getattr(self, name)
            if not value >= _LEAST[name]:  # also refuses NaN
                msg = f"{name} must be at least {_LEAST[name]:g}, got {value!r}"
                raise ConfigError(msg)
        for name, most in (("n_candidates", 20), ("dropout", 0.9), ("warmup_share", 0.9)):
            if getattr(self, name) > most:
                msg = f"{name} must be at most {most:g}, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        for name, known in (("quantisation", QUANTISATIONS), ("dtype", DTYPES)):
            if getattr(self, name) not in known:
                msg = f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if not self.learning_rate > 0:
            msg = f"learning_rate must be above 0, got {self.learning_rate!r}"
            raise ConfigError(msg)
        if self.batch_size % self.micro_batch_size:
            msg = (
                f"micro_batch_size must divide batch_size {self.batch_size}, "
                f"got {self.micro_batch_size}"
            )
            raise ConfigError(msg)
        wanted = tuple(one for one in ANSWER_FIELDS if one in self.answer_fields)
        if self.answer_fields != wanted or "letter" not in self.answer_fields:
            msg = (
                "answer_fields must be 'letter', then 'title' and 'id' or not, "
                f"got {list(self.answer_fields)!r}"
            )
            raise ConfigError(msg)
        if not self.target_modules:
            msg = "target_modules must name at least one layer, got none"
            raise ConfigError(msg)


def load_recipe(name: str, **changes: Any) -> Recipe:
    """Read a recipe that ships, or a TOML file of one's own.

    Parameters
    ----------
    name
        One of `RECIPES`, or a path.
    changes
        Fields that are set otherwise than in the recipe; None leaves one as it is.

    Raises
    ------
    ConfigError
        There is no such recipe, or it cannot be read as one.

    Examples
    --------
    >>> load_recipe("qwen2-7b").learning_rate
    0.0001
    >>> load_recipe("small-cpu", max_steps=3).max_steps
    3
    """
    path = _FOLDER / f"{name}.toml" if name in RECIPES else Path(name).expanduser()
    if not path.is_file():
        msg = f"recipe must be one of {', '.join(RECIPES)} or a TOML file, got {name!r}"
        raise ConfigError(msg)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(values.keys() - {one.name for one in fields(Recipe)})
        if unknown:
            msg = f"{path.name} names settings that no recipe has: {', '.join(unknown)}"
            raise ConfigError(msg)
        values |= {key: value for key, value in changes.items() if value is not None}
        return msgspec.convert(values, Recipe)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"recipe {str(path)!r} cannot be read: {error}"
        raise ConfigError(msg) from error
    except msgspec.ValidationError as error:
        msg = f"recipe {path.name}: {error}"
        raise ConfigError(msg) from error
