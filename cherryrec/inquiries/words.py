"""Why an article is not in a slate, in one sentence for an editor."""

from __future__ import annotations

from collections.abc import Iterable

from cherryrec.events import Compared, Standing, WhyNot, seconds
from cherryrec.features.words import PHRASES

__all__ = ["in_words"]

_DAY_S = 86_400.0
_REASONS = 2
_SAYS_LITTLE = 0.1  # of the largest difference


def in_words(found: WhyNot, *, now: float, max_age_s: float, is_other_history: bool = False) -> str:
    """Return the sentence of what was found.

    Parameters
    ----------
    found
        All but its sentence.
    now
        Event time of the answer, epoch seconds.
    max_age_s
        The oldest that an article may be, in seconds.
    is_other_history
        Whether it was asked with another history than the reader's own.

    Examples
    --------
    >>> from cherryrec.events import Standing, WhyNot, instant
    >>> old = WhyNot(article_id="a", fate="too_old", sentence="", at=instant(0.0))
    >>> in_words(old, now=5 * 86_400.0, max_age_s=3 * 86_400.0)
    'It is too old: 5.0 days, and at most 3 days is recommended (catalogue.max_age_s).'
    >>> compared = (Compared(name="age", own=0.1, other=0.5, difference=-0.4),)
    >>> ranked = Standing(rank=31, n=40, n_places=9, value=0.2, other_id="b", other_value=0.6,
    ...     compared=compared)
    >>> found = WhyNot(article_id="a", fate="outranked", sentence="", ranked=ranked)
    >>> in_words(found, now=0.0, max_age_s=1.0)
    'It was ranked 31 of 40, and the slate has 9 places: behind the last by its age (-0.40).'
    """
    at_s = None if found.at is None else seconds(found.at)
    match found.fate:
        case "unknown":
            return "No message of an article with this id has come."
        case "not_published":
            return (
                "It was shown or read, but its own message has not come, or does not say since "
                "when there is such an article."
            )
        case "embargoed":
            return _embargoed(found, now)
        case "retracted":
            return "It was retracted: its key came without a value."
        case "too_old":
            age_s = now - (at_s or 0.0)
            return (
                f"It is too old: {age_s / _DAY_S:.1f} days, and at most {_days(max_age_s)} is "
                "recommended (catalogue.max_age_s)."
            )
        case "excluded":
            return "The request excludes it."
        case "read":
            return _read(found, is_other_history=is_other_history)
        case "not_a_candidate":
            return "It is none of the candidates."
        case "not_kept":
            return _not_kept(found)
        case _:
            return _ranked(found)


def _embargoed(found: WhyNot, now: float) -> str:
    assert found.at is not None, "an embargo has an end"
    until = found.at.isoformat()
    if seconds(found.at) > now:
        return f"It is under embargo until {until}."
    return (
        f"Its embargo ended at {until}, and the next request or article makes it live: none has "
        "come since."
    )


def _read(found: WhyNot, *, is_other_history: bool) -> str:
    if is_other_history:
        return "It is in the history that was asked about."
    if found.at is None:
        return "The reader has read it already: it is in the history the site has sent."
    return f"The reader has read it already: clicked at {found.at.isoformat()}."


def _days(time_s: float) -> str:
    n = time_s / _DAY_S
    return f"{n:g} day{'' if n == 1.0 else 's'}"


def _not_kept(found: WhyNot) -> str:
    kept = found.kept
    assert kept is not None, "what was looked at has its standing"
    reserved = (
        f", and no single source brought it into one of {found.n_reserved} more"
        if found.n_reserved
        else ""
    )
    reasons = _because(kept, "catalogue_")
    return (
        f"KnRS has not kept it: it is {kept.rank} of {kept.n} live articles for this reader, "
        f"{kept.n_places} are kept{reserved}{reasons}."
    )


def _ranked(found: WhyNot) -> str:
    ranked = found.ranked
    assert ranked is not None, "what was kept is ranked"
    n_places = f"{ranked.n_places} place{'s' if ranked.n_places > 1 else ''}"
    place = f"It was ranked {ranked.rank} of {ranked.n}, and the slate has {n_places}"
    if found.fate == "outranked":
        return f"{place}{_because(ranked)}."
    if found.fate == "displaced":
        return f"{place}, one of which was given to an article on trial."
    assert found.position is not None, "an article of the slate has its place"
    if ranked.rank > ranked.n_places:
        return f"It is in the slate, in place {found.position + 1}, on trial: ranked {ranked.rank}."
    return f"It is in the slate, in place {found.position + 1} of {ranked.n_places}."


def _because(standing: Standing, prefix: str = "") -> str:
    """Name what holds an article back most; `prefix` is that of the names of contributions."""
    reasons = list(_against(standing.compared, prefix))
    return f": behind the last by {', and by '.join(reasons)}" if reasons else ""


def _against(compared: Iterable[Compared], prefix: str) -> Iterable[str]:
    against = [one for one in compared if (one.difference or 0.0) < 0.0]
    for one in against[:_REASONS]:
        assert one.difference is not None and against[0].difference is not None
        if one.difference <= _SAYS_LITTLE * against[0].difference:
            phrase = PHRASES.get(prefix + one.name, one.name.replace("_", " "))
            yield f"{phrase.replace('{category}', 'its section')} ({one.difference:+.2f})"
