"""What a policy is asked before a display is looked at, and what it may learn afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cherryrec.evaluation.logs.base import LoggedDisplay

__all__ = ["Policy", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """A display without what was displayed and whether it was clicked.

    Parameters
    ----------
    display_id
        Unique within the log.
    asked_at
        Event time, UTC seconds since the epoch.
    pool
        Article ids to choose from, each once.
    user
        Features of the reader by number; the log names no readers.

    Examples
    --------
    >>> display = LoggedDisplay("1", 60.0, ("a", "b"), "b", True, ((1, 1.0),))
    >>> Question.of(display)
    Question(display_id='1', asked_at=60.0, pool=('a', 'b'), user=((1, 1.0),))
    """

    display_id: str
    asked_at: float
    pool: tuple[str, ...]
    user: tuple[tuple[int, float], ...] = ()

    @classmethod
    def of(cls, display: LoggedDisplay) -> Question:
        """Return what of a display was known before it."""
        return cls(display.display_id, display.shown_at, display.pool, display.user)


class Policy(Protocol):
    """Chooses one article of a pool, and learns from those of its choices that were displayed."""

    name: str

    def choose(self, question: Question) -> str:
        """Return an article of the pool; asked once for each display, in the order of time."""
        ...

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        """Take what came of a choice that the log displayed; never called for another."""
        ...
