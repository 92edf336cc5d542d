"""What is known of a generated log and of no real one: the true chance of every click."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cherryrec.errors import LogError
from cherryrec.evaluation.generate.world import Story

__all__ = ["TRUTH_FILE", "Truth", "read_truth"]

TRUTH_FILE = "truth.json.gz"


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth behind a generated log.

    Parameters
    ----------
    seed
        That made it.
    n_clicks
        In the whole log.
    oracle_auc
        Mean AUC of ranking each slate by the true probabilities: the best to be expected of
        anyone on these clicks.
    stories
        The breaking stories.
    click_probabilities
        Impression id to the chance that the first click falls on each candidate; they sum to 1.
    """

    seed: int
    n_clicks: int
    oracle_auc: float
    stories: tuple[Story, ...]
    click_probabilities: Mapping[str, tuple[float, ...]]

    def encode(self) -> bytes:
        """Return the truth as JSON."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True).encode()


def read_truth(folder: str | Path) -> Truth:
    """Read the truth beside a generated log."""
    path = Path(folder) / TRUTH_FILE
    try:
        with gzip.open(path) as file:
            values = json.load(file)
        stories = tuple(
            Story(**{**story, "articles": tuple(story["articles"])}) for story in values["stories"]
        )
        chances = {key: tuple(row) for key, row in values["click_probabilities"].items()}
        return Truth(**{**values, "stories": stories, "click_probabilities": chances})
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        message = (
            f"a generated log must hold a readable {TRUTH_FILE}, got {str(path)!r} ({error!r}): "
            "generate the log again"
        )
        raise LogError(message) from error
