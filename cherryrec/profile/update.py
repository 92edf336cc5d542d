"""How clicks and profile updates change a profile: `(state, event) -> (state, outcome)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.events import Click, ProfileUpdate, seconds
from cherryrec.profile.category_records import Keys, with_reads
from cherryrec.profile.config import ProfileConfig
from cherryrec.profile.state import PastClick, Profile, name_key
from cherryrec.seen import Weight, is_repeat, n_counted, note, sight
from cherryrec.text import stable_hash

__all__ = [
    "Embed",
    "Outcome",
    "Topics",
    "apply_click",
    "apply_update",
    "interest_of",
    "weight_of",
]

_HOUR_S = 3_600.0

Outcome = Literal["applied", "again", "duplicate", "late"]
"""What became of an event: `again` is the same offset read once more after a crash."""

Embed = Callable[[str], NDArray[np.float32] | None]
"""Article id → its embedding, None when the article is not known."""

Topics = Callable[[Sequence[str]], tuple[Keys, Keys]]
"""Article ids → keys of the categories and of the subcategories of those that are known."""


def apply_click(
    profile: Profile,
    click: Click,
    *,
    offset: int,
    config: ProfileConfig,
    embed: Embed,
    topics: Topics | None = None,
) -> tuple[Profile, Outcome]:
    """Add a click to a profile.

    Parameters
    ----------
    profile
        The user's profile so far.
    click
        The event.
    offset
        Its offset on `clicks`; one already applied leaves the profile as it is.
    config
        Bounds and decay.
    embed
        Where the article's embedding comes from.
    topics
        Where its category and subcategories come from; None counts none.

    Examples
    --------
    >>> from cherryrec.events import instant
    >>> click = Click(event_id="c1", user_id="u", article_id="a", clicked_at=instant(60.0))
    >>> config = ProfileConfig()
    >>> profile, outcome = apply_click(
    ...     Profile(), click, offset=0, config=config, embed=lambda _: None
    ... )
    >>> outcome, [past.article_id for past in profile.history]
    ('applied', ['a'])
    >>> apply_click(profile, click, offset=0, config=config, embed=lambda _: None)[1]
    'again'
    >>> apply_click(profile, click, offset=1, config=config, embed=lambda _: None)[1]
    'duplicate'
    """
    id_hash, clicked_s = stable_hash(click.event_id), seconds(click.clicked_at)
    sighting, _ = sight(profile.seen, id_hash, time_s=clicked_s, offset=offset)
    if sighting in {"again", "duplicate"}:
        return profile, sighting
    if sighting == "late" or profile.newest_s - clicked_s > config.allowed_lateness_s:
        return _with_offset(profile, "clicks", offset), "late"
    if offset <= profile.applied.get("clicks", -1):
        return profile, "again"
    past = PastClick(click.article_id, clicked_s, click.dwell_s, name_key(click.impression_id))
    history = profile.history
    place = len(history)
    while place and history[place - 1].clicked_s > clicked_s:
        place -= 1
    history = (*history[:place], past, *history[place:])[-config.history_size :]
    changed = msgspec.structs.replace(
        profile,
        history=history,
        interest=_towards(profile, [click.article_id], config, embed),
        n_clicks=profile.n_clicks + 1,
        newest_s=max(profile.newest_s, clicked_s),
        **_counted(profile, [click.article_id], topics),
        seen=note(
            profile.seen,
            id_hash,
            time_s=clicked_s,
            offset=offset,
            most=config.recent_ids,
            keep_s=config.allowed_lateness_s,
            subject=stable_hash(click.article_id),
            weight=_weight(profile, click, config),
        ),
    )
    return _with_offset(changed, "clicks", offset), "applied"


def weight_of(profile: Profile, click: Click, *, offset: int) -> Weight:
    """Return whether a click that was applied counts for everyone, the same whenever it is asked.

    Of one that is not remembered any more, which only a crash can ask for, it is not known: then
    the reader has clicked far more than what counts.
    """
    id_hash, clicked_s = stable_hash(click.event_id), seconds(click.clicked_at)
    return sight(profile.seen, id_hash, time_s=clicked_s, offset=offset)[1] or "rate"


def apply_update(
    profile: Profile,
    update: ProfileUpdate,
    *,
    offset: int,
    config: ProfileConfig,
    embed: Embed,
    topics: Topics | None = None,
) -> tuple[Profile, Outcome, tuple[str, ...]]:
    """Set what the site says of a user; imported history goes before the clicks seen here.

    An update older than the newest one applied, by `updated_at`, is late and changes nothing.

    Returns
    -------
    The profile, the outcome, and the articles of the user's first imported history, which gain a
    reader each (the same again when the same offset is read again; later imports bring none).

    Examples
    --------
    >>> from cherryrec.events import instant
    >>> update = ProfileUpdate(user_id="u", updated_at=instant(0.0), history=("a", "b"))
    >>> profile, outcome, imported = apply_update(
    ...     Profile(), update, offset=3, config=ProfileConfig(), embed=lambda _: None
    ... )
    >>> outcome, imported, profile.applied
    ('applied', ('a', 'b'), {'profile-updates': 3})
    """
    is_first = profile.import_offset in (None, offset)
    imported = tuple(dict.fromkeys(update.history or ())) if is_first else ()
    if offset <= profile.applied.get("profile-updates", -1):
        return profile, "again", imported if profile.import_offset == offset else ()
    updated_s = seconds(update.updated_at)
    if updated_s < profile.updated_s:
        return _with_offset(profile, "profile-updates", offset), "late", ()
    changes: dict[str, object] = {
        name: value
        for name in ("role", "fields", "collections")
        if (value := getattr(update, name)) is not None
    }
    if update.history is not None:
        own = tuple(past for past in profile.history if past.clicked_s > 0)
        recent = list(update.history[-config.history_size :])
        past_clicks = tuple(PastClick(article_id) for article_id in recent)
        changes["history"] = (*past_clicks, *own)[-config.history_size :]
        if not own:
            changes["interest"] = _towards(Profile(), recent, config, embed)
            changes |= _counted(Profile(), update.history, topics)
        changes["n_clicks"] = max(profile.n_clicks, len(update.history) + len(own))
        if imported and profile.import_offset is None:
            changes["import_offset"] = offset
    changes["updated_s"] = updated_s
    changed = msgspec.structs.replace(profile, **changes)
    return _with_offset(changed, "profile-updates", offset), "applied", imported


def interest_of(articles: list[str], config: ProfileConfig, embed: Embed) -> bytes:
    """Return the interest vector of articles read one after the other, float16 bytes."""
    return _towards(Profile(), articles, config, embed)


def _weight(profile: Profile, click: Click, config: ProfileConfig) -> Weight:
    """Let a reader count once for an article, and for so many an hour."""
    if is_repeat(profile.seen, stable_hash(click.article_id)):
        return "repeat"
    if len(profile.seen) < config.counted_per_hour:
        return "counted"
    since_s = seconds(click.clicked_at) - _HOUR_S
    return (
        "counted" if n_counted(profile.seen, since_s=since_s) < config.counted_per_hour else "rate"
    )


def _with_offset(profile: Profile, topic: str, offset: int) -> Profile:
    newest = max(offset, profile.applied.get(topic, -1))
    return msgspec.structs.replace(profile, applied={**profile.applied, topic: newest})


def _counted(profile: Profile, articles: Sequence[str], topics: Topics | None) -> dict[str, bytes]:
    """Count reads of articles by category and subcategory."""
    if topics is None:
        return {}
    categories, subcategories = topics(articles)
    return {
        "categories": with_reads(profile.categories, categories),
        "subcategories": with_reads(profile.subcategories, subcategories),
    }


def _towards(profile: Profile, articles: list[str], config: ProfileConfig, embed: Embed) -> bytes:
    """Move the interest vector towards articles, one after the other."""
    read = [vector for article_id in articles if (vector := embed(article_id)) is not None]
    if not read:
        return profile.interest
    interest = profile.interest_vector
    if len(interest) == len(read[0]):  # one of other embeddings says nothing of these
        read.insert(0, interest)
    keep = np.float32(0.5 ** (1.0 / config.interest_half_life_clicks))
    return _decayed_sum(np.array(read, np.float32), keep).astype("<f2").tobytes()


@compiled
def _decayed_sum(vectors: NDArray[np.float32], keep: np.float32) -> NDArray[np.float32]:
    """Sum vectors, (k, D) → (D,), each of those before a vector decayed at every one after it."""
    total: NDArray[np.float32] = vectors[0].copy()
    for k in range(1, len(vectors)):
        for d in range(len(total)):
            total[d] = keep * total[d] + vectors[k, d]
    return total
