"""Where features come from: each source of events, and how new what it holds is.

A column names its sources, and the guard against leaks asks those for the newest event they hold.
So a new column is guarded by what it says of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cherryrec.catalogue import Catalogue
from cherryrec.exposures import Exposures
from cherryrec.profile import Profile
from cherryrec.slates import SlateMemory

__all__ = [
    "ATTENTION",
    "CATALOGUE",
    "CNLE",
    "EDITORS",
    "EVERYONE",
    "EXPOSURES",
    "PROFILE",
    "REQUEST",
    "SLATES",
    "UPDATES",
    "Newest",
    "Source",
    "State",
]


class State(NamedTuple):
    """What a request's features are computed from.

    `catalogue` is that of one process which counts all partitions itself: counters that are
    followed from other workers carry no event times. `profile` and `exposures` are the user's.
    """

    catalogue: Catalogue
    profile: Profile
    exposures: Exposures
    slates: SlateMemory


class Newest(NamedTuple):
    """The newest event times that something holds, in epoch seconds; 0 for none.

    An event of `before_s` must have happened before the request; those of `up_to_s` a site sends
    with the request, at its very time: the articles it names, the user's history.
    """

    before_s: float = 0.0
    up_to_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """Something that events or people fill, and that columns are computed from.

    Parameters
    ----------
    name
        As docs/features.md calls it.
    newest
        Tells the newest event it holds; one of no events holds none.
    """

    name: str
    newest: Callable[[State], Newest] = lambda _: Newest()


PROFILE = Source("profile", lambda on: Newest(on.profile.newest_s, on.profile.updated_s))
UPDATES = Source("profile updates", lambda on: Newest(up_to_s=on.profile.updated_s))
EXPOSURES = Source("exposures", lambda on: Newest(on.exposures.newest_s))
CATALOGUE = Source("catalogue", lambda on: Newest(up_to_s=on.catalogue.published_s))
ATTENTION = Source("attention", lambda on: Newest(on.catalogue.counted_s))
EVERYONE = Source("everyone", lambda on: Newest(on.catalogue.counted_s))
SLATES = Source("slates", lambda on: Newest(on.slates.newest_s))
EDITORS = Source("editors")
CNLE = Source("CnLE")
REQUEST = Source("request")
