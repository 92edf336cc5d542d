"""The guard against leaks: no feature may hold an event from its request's time or later.

Each block of features carries the event time of the newest event in what it is computed from. A
replay compares them with the request's time before it ranks; one that is not earlier would make
every number of the replay worthless, so it stops.
"""

from __future__ import annotations

from collections.abc import Mapping

from cherryrec.catalogue import Catalogue
from cherryrec.errors import LeakError
from cherryrec.exposures import Exposures
from cherryrec.profile import Profile
from cherryrec.slates import SlateMemory

__all__ = ["AT_REQUEST", "check_times", "newest_used"]

AT_REQUEST = ("article", "profile")
"""What a replay sends at the request's own time: the articles it names, the user's history."""


def newest_used(
    catalogue: Catalogue, profile: Profile, exposures: Exposures, slates: SlateMemory
) -> dict[str, float]:
    """Return the newest event time behind each block of features, in epoch seconds; 0 for none.

    Parameters
    ----------
    catalogue
        Of one process that counts all partitions itself: counters that are followed from other
        workers carry no event times.
    profile, exposures
        The user's.
    slates
        The labelled slates.
    """
    return {
        "reading": profile.newest_s,
        "exposure": exposures.newest_s,
        "attention": catalogue.counted_s,
        "slate": slates.newest_s,
        "article": catalogue.published_s,
        "profile": profile.updated_s,
    }


def check_times(newest: Mapping[str, float], now: float) -> None:
    """Refuse to rank by what isn't earlier than the request.

    Parameters
    ----------
    newest
        Block → newest event time it has used, as `newest_used` returns them.
    now
        Event time of the request, epoch seconds. The blocks of `AT_REQUEST` may have used events
        of this very time.

    Raises
    ------
    LeakError
        A block has used an event of this time or later.

    Examples
    --------
    >>> check_times({"attention": 59.0, "profile": 60.0}, 60.0)
    >>> check_times({"attention": 60.0}, 60.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cherryrec.errors.LeakError: features of 'attention' must hold events before ...
    """
    for block, time_s in newest.items():
        if time_s > now or (time_s == now and block not in AT_REQUEST):
            wanted = "up to" if block in AT_REQUEST else "before"
            msg = (
                f"features of {block!r} must hold events {wanted} the request's time {now!r} only, "
                f"got one of {time_s!r}: an event was fed to the pipeline before it had happened"
            )
            raise LeakError(msg)
