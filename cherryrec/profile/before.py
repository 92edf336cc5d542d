"""A profile as it was before a time, where clicks that came after it were read first."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.profile.category_records import CATEGORY_RECORD, Keys
from cherryrec.profile.config import ProfileConfig
from cherryrec.profile.state import Profile
from cherryrec.profile.update import Embed, Topics, interest_of

__all__ = ["profile_before"]


def profile_before(
    profile: Profile, time_s: float, *, config: ProfileConfig, embed: Embed, topics: Topics
) -> Profile:
    """Return a profile without the clicks at a time or after it; itself where it has none.

    The interest vector is made anew from the clicks that are left of the history, so that of a long
    one what is older than `history_size` clicks, a few per cent of it, is not in there.

    Parameters
    ----------
    profile
        The user's.
    time_s
        Event time, epoch seconds.
    config, embed, topics
        As for `apply_click`.

    Examples
    --------
    >>> from cherryrec.profile import PastClick
    >>> nothing = np.zeros(0, np.uint32)
    >>> profile = Profile(
    ...     history=(PastClick("a", 60.0), PastClick("b", 90.0)), n_clicks=2, newest_s=90.0
    ... )
    >>> before = profile_before(
    ...     profile,
    ...     90.0,
    ...     config=ProfileConfig(),
    ...     embed=lambda _: None,
    ...     topics=lambda _: (nothing, nothing),
    ... )
    >>> [past.article_id for past in before.history], before.n_clicks, before.newest_s
    (['a'], 1, 60.0)
    """
    kept = tuple(past for past in profile.history if past.clicked_s < time_s)
    later = [past.article_id for past in profile.history if past.clicked_s >= time_s]
    if not later:
        return profile
    categories, subcategories = topics(later)
    return msgspec.structs.replace(
        profile,
        history=kept,
        interest=interest_of([past.article_id for past in kept], config, embed),
        n_clicks=max(profile.n_clicks - len(later), 0),
        newest_s=max((past.clicked_s for past in kept), default=0.0),
        categories=_without_reads(profile.categories, categories),
        subcategories=_without_reads(profile.subcategories, subcategories),
    )


def _without_reads(packed: bytes, keys: Keys) -> bytes:
    """Take reads of names back."""
    records: NDArray[np.void] = np.frombuffer(packed, CATEGORY_RECORD).copy()
    for key in keys.tolist():
        mine = records["key"] == key
        records["reads"][mine] = np.maximum(records["reads"][mine] - 1.0, 0.0)
    return records[records["reads"] > 0].tobytes()
