"""What a stopped run left behind: where it goes on, and what it had found."""

from __future__ import annotations

import shutil
from pathlib import Path

from peft import load_peft_weights, set_peft_model_state_dict
from transformers import Trainer, TrainerState
from transformers.trainer_utils import get_last_checkpoint

from cherryrec.errors import ConfigError

__all__ = ["last_checkpoint", "take_best"]

_STATE_FILE = "trainer_state.json"
"""Written last into a checkpoint: one without it was cut short."""


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest checkpoint that is whole; one cut short by a kill is removed."""
    if not folder.is_dir():
        return None
    for path in folder.glob("checkpoint-*"):
        if not (path / _STATE_FILE).is_file():
            shutil.rmtree(path)
    found: str | None = get_last_checkpoint(str(folder))  # type: ignore[no-untyped-call]
    return found


def take_best(trainer: Trainer, checkpoint: str | None) -> None:
    """Put a trainer where a stopped run was, with the weights that were validated best.

    Raises
    ------
    ConfigError
        The run has not come to its first validation.
    """
    if checkpoint is None:
        msg = "a run must have come to a validation to be ended, got none: let it go on"
        raise ConfigError(msg)
    trainer.state = TrainerState.load_from_json(str(Path(checkpoint) / _STATE_FILE))
    best = trainer.state.best_model_checkpoint or checkpoint
    set_peft_model_state_dict(trainer.model, load_peft_weights(best, device="cpu"))
