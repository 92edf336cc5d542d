"""The guard against leaks: no feature may hold an event from its request's time or later.

Each column names its sources, and each source tells the newest event it holds. A replay compares
them with the request's time before it ranks; one that is not earlier would make every number of the
replay worthless, so it stops.
"""

from __future__ import annotations

from collections.abc import Mapping

from cherryrec.errors import LeakError
from cherryrec.features.blocks import BLOCKS
from cherryrec.features.sources import Newest, State

__all__ = ["check_times", "newest_used"]

_SOURCES = tuple(
    dict.fromkeys(source for block in BLOCKS for one in block.columns for source in one.sources)
)


def newest_used(state: State) -> dict[str, Newest]:
    """Return the newest event times that each source of a column holds, by the source's name."""
    return {source.name: source.newest(state) for source in _SOURCES}


def check_times(newest: Mapping[str, Newest], now: float) -> None:
    """Refuse to rank by what isn't earlier than the request.

    Parameters
    ----------
    newest
        Source → newest event times it holds, as `newest_used` returns them; others may be added.
    now
        Event time of the request, epoch seconds.

    Raises
    ------
    LeakError
        A source holds an event of this time or later that is not sent with the request.

    Examples
    --------
    >>> check_times({"attention": Newest(59.0), "catalogue": Newest(up_to_s=60.0)}, 60.0)
    >>> check_times({"slates": Newest(60.0)}, 60.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cherryrec.errors.LeakError: a request at 60.0 ... got one at 60.0 from slates (slate): ...
    """
    leaks = [
        f"one at {max(times)!r} from {source} ({', '.join(_blocks_of(source)) or 'all'})"
        for source, times in newest.items()
        if times.before_s >= now or times.up_to_s > now
    ]
    if leaks:
        msg = (
            f"a request at {now!r} may be ranked by earlier events only, and by what is sent with "
            f"it at its time, got {', '.join(leaks)}: an event was fed to the pipeline before it "
            "had happened"
        )
        raise LeakError(msg)


def _blocks_of(source: str) -> list[str]:
    """Return the blocks with a column from a source."""
    return [
        block.name
        for block in BLOCKS
        if any(source == each.name for one in block.columns for each in one.sources)
    ]
