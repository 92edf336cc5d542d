"""What a log of clicks is: clicks in time order, and what was wrong with its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cherryrec.evaluation.mind_faults import FileFaults

__all__ = ["ClickLog", "LoggedClick"]


@dataclass(frozen=True, slots=True)
class LoggedClick:
    """One click.

    Parameters
    ----------
    click_id
        Unique within the log.
    user_id, article_id
        Who opened what; 1 to 256 characters each.
    clicked_at
        Event time, UTC seconds since the epoch.
    session_id
        The visit it belongs to; None where the log does not tell.
    """

    click_id: str
    user_id: str
    article_id: str
    clicked_at: float
    session_id: str | None = None


class ClickLog(Protocol):
    """A recorded log of clicks alone, whatever its files look like.

    A row that cannot be read is reported with file, line and reason, and reading goes on; a log of
    which no row can be read is a `LogError`.
    """

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def zone(self) -> str:
        """Which zone its times are taken to be in, in a few words."""

    @property
    def faults(self) -> Sequence[FileFaults]:
        """What was wrong in each file read so far."""

    def clicks(self, limit: int | None = None) -> Iterator[LoggedClick]:
        """Yield clicks in time order, those of one time as the files have them; at most `limit`."""
