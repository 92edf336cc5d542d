"""Whose an impression is, and whose a click.

A click belongs to the impression it names, or else to the newest that showed its article before it,
whichever of them is read first: what is read before its impression is found in the user's history
when that comes, and clicks that name none are kept with their times until they are labelled. One of
which no slate is known when its own window ends is an example by itself (`origin` "click"): a slate
that comes before takes it over, one that comes later leaves its article out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import msgspec

from cherryrec.events import Click, Impression, Origin, instant, seconds
from cherryrec.feedback.config import FeedbackConfig
from cherryrec.feedback.windows import UNSHOWN_S, is_late, last_s
from cherryrec.open_requests import OpenRequest, OpenRequests, opened, with_entry, without
from cherryrec.profile import PastClick, name_key

__all__ = [
    "MAX_UNNAMED",
    "entry_of",
    "is_known",
    "labelled",
    "name_of",
    "note_click",
    "note_impression",
    "note_opened",
    "opened_with",
    "settled",
    "shown_by",
    "without_request",
]

MAX_UNNAMED = 64
"""Clicks without an impression's name kept of a user; past it the oldest leave."""

_MAX_EARLY_IMPRESSIONS = 4

_LONGEST_NAME = 200  # an example's id is an id itself, with more in front and behind


def note_impression(
    state: OpenRequests,
    impression: Impression,
    config: FeedbackConfig,
    history: Sequence[PastClick] = (),
) -> tuple[OpenRequests, OpenRequest | None]:
    """Mark the request that an impression shows; a second impression of it changes nothing.

    One whose request is not open shows the slate of the site's own that it has opened, if it has:
    should the request be read after it, that takes the slate over (`note_opened`). Else it waits
    for it, as long as a request waits to be shown: between their topics there is no order after a
    takeover.

    Parameters
    ----------
    state, impression
        The user's open requests, and what was shown.
    config
        How long a click may come after it.
    history
        The user's last clicks: some may have been read before what they are on.

    Returns
    -------
    The state, and the request if the impression has just opened its attribution window.
    """
    entry = shown_by(state, impression)
    if entry is None:
        return _with_early(state, impression), None
    if entry.shown_s is not None:
        return state, None
    shown = msgspec.structs.replace(
        entry,
        impression_id=impression.impression_id,
        shown_s=seconds(impression.shown_at),
        shown=impression.articles,
    )
    names = {name_key(name) for name in _names(shown)}
    mine = [
        past.article_id
        for past in history
        if past.named in names and not is_late(shown, past.clicked_s, config)
    ]
    shown = msgspec.structs.replace(shown, clicked=tuple(dict.fromkeys((*entry.clicked, *mine))))
    unnamed = [
        (past.article_id, past.clicked_s)
        for past in history
        if not past.named and _shows_in_time(shown, past.article_id, past.clicked_s, config)
    ]
    state, shown = _taking_over(state, shown, config)
    return _with_unnamed(_replaced(state, shown), unnamed), shown


def shown_by(state: OpenRequests, impression: Impression) -> OpenRequest | None:
    """Return the open request whose slate an impression shows, or the slate that it has opened."""
    own = opened(state, name_of("slate", impression.impression_id))
    return opened(state, _shows(impression)) or own


def note_opened(
    state: OpenRequests,
    entry: OpenRequest,
    config: FeedbackConfig,
    history: Sequence[PastClick] = (),
    *,
    reached_s: float = 0.0,
) -> tuple[OpenRequests, OpenRequest | None]:
    """Mark a request that has just been opened by the impression that waits for it, if one does.

    One that was taken for a slate of the site's own is the request's, but where it has been learned
    or event time has reached `reached_s`, when its labels were sent.

    Returns
    -------
    As `note_impression`.
    """
    slate = next((e for e in state.entries if e.shows == entry.request_id), None)
    is_sent = slate is not None and last_s(slate, config) < reached_s
    if slate is not None and slate.shown_s is not None and not (slate.is_labelled or is_sent):
        shown = Impression(
            impression_id=slate.impression_id or entry.request_id,
            user_id="-",
            articles=slate.shown,
            shown_at=instant(slate.shown_s),
            request_id=entry.request_id,
        )
        taken = msgspec.structs.replace(entry, clicked=slate.clicked)
        state = _replaced(without(state, slate.request_id), taken)
        return note_impression(state, shown, config, history)
    early = next((i for i in state.early_impressions if _shows(i) == entry.request_id), None)
    if early is None:
        return state, None
    others = tuple(i for i in state.early_impressions if i is not early)
    state = msgspec.structs.replace(state, early_impressions=others)
    return note_impression(state, early, config, history)


def note_click(state: OpenRequests, click: Click, config: FeedbackConfig) -> OpenRequests:
    """Label the exposure a click belongs to, if it comes in time.

    A click on what has not been shown yet waits in the user's history.
    """
    entry = entry_of(state, click, config)
    if entry is None:
        return state
    if click.impression_id is None and not entry.is_labelled:
        return _with_unnamed(state, [(click.article_id, seconds(click.clicked_at))])
    if click.article_id in entry.clicked:
        return state
    clicked = (*entry.clicked, click.article_id)
    return _replaced(state, msgspec.structs.replace(entry, clicked=clicked))


def entry_of(state: OpenRequests, click: Click, config: FeedbackConfig) -> OpenRequest | None:
    """Return the open request whose exposure a click belongs to, None where it comes too late.

    In time is within the attribution window, or within the correction after it: then the labels
    that were learned are to be corrected. By its `impression_id`; without one, by the newest
    impression that shows the article.
    """
    clicked_s = seconds(click.clicked_at)
    if click.impression_id is None:
        return _owner(state, click.article_id, clicked_s, config)
    entry = _named(state, click.impression_id)
    if entry is None or entry.shown_s is None or is_late(entry, clicked_s, config):
        return None
    return entry


def is_known(state: OpenRequests, click: Click, config: FeedbackConfig) -> bool:
    """Whether a click is of a slate that is open: in time, or named by it."""
    named = None if click.impression_id is None else _named(state, click.impression_id)
    if named is not None:
        return named.shown_s is not None
    return entry_of(state, click, config) is not None


def labelled(state: OpenRequests, entry: OpenRequest, config: FeedbackConfig) -> OpenRequest:
    """Return an open request with the clicks that named no impression and are on it."""
    mine = [
        article_id
        for article_id, clicked_s in state.unnamed
        if _owner(state, article_id, clicked_s, config) is entry
    ]
    return msgspec.structs.replace(entry, clicked=tuple(dict.fromkeys((*entry.clicked, *mine))))


def opened_with(state: OpenRequests, entry: OpenRequest, config: FeedbackConfig) -> OpenRequests:
    """Add an open request, or replace the one of its id; one that has to leave takes its clicks."""
    return _without_clicks_of(state, with_entry(state, entry), config)


def without_request(state: OpenRequests, request_id: str, config: FeedbackConfig) -> OpenRequests:
    """Remove an open request with its clicks: none falls to an older impression."""
    return _without_clicks_of(state, without(state, request_id), config)


def settled(state: OpenRequests, entry: OpenRequest, config: FeedbackConfig) -> OpenRequests:
    """Write an open request's clicks into it: no impression read later takes one away."""
    mine = opened(state, entry.request_id)
    assert mine is not None, "what is settled is open"
    unnamed = tuple(one for one in state.unnamed if _owner(state, *one, config) is not mine)
    return _replaced(msgspec.structs.replace(state, unnamed=unnamed), entry)


def name_of(origin: Origin, name: str) -> str:
    """Return the name of what an impression or a click opens, by its id; no request has one such.

    Examples
    --------
    >>> name_of("slate", "i1"), len(name_of("click", "e" * 256))
    ('slate:i1', 38)
    """
    if len(name) > _LONGEST_NAME:
        name = blake2b(name.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    return f"{origin}:{name}"


def _owner(
    state: OpenRequests, article_id: str, clicked_s: float, config: FeedbackConfig
) -> OpenRequest | None:
    """Return the request whose impression was the newest to show an article before a click."""
    shown = (e for e in state.entries if _shows_in_time(e, article_id, clicked_s, config))
    return max(shown, key=lambda e: (e.shown_s, e.request_id), default=None)


def _shows_in_time(
    entry: OpenRequest, article_id: str, clicked_s: float, config: FeedbackConfig
) -> bool:
    shown_s = entry.shown_s
    if shown_s is None or article_id not in entry.shown:
        return False
    return shown_s <= clicked_s and not is_late(entry, clicked_s, config)


def _with_unnamed(state: OpenRequests, clicks: Iterable[tuple[str, float]]) -> OpenRequests:
    together = {*state.unnamed, *clicks}
    if len(together) == len(state.unnamed):
        return state
    ordered = sorted(together, key=lambda one: (one[1], one[0]))
    return msgspec.structs.replace(state, unnamed=tuple(ordered[-MAX_UNNAMED:]))


def _without_clicks_of(
    before: OpenRequests, after: OpenRequests, config: FeedbackConfig
) -> OpenRequests:
    """Drop the clicks of the requests that are gone."""
    ids = {entry.request_id for entry in after.entries}
    owners = (_owner(before, *one, config) for one in before.unnamed)
    kept = tuple(
        one
        for one, owner in zip(before.unnamed, owners, strict=True)
        if owner is not None and owner.request_id in ids
    )
    return msgspec.structs.replace(after, unnamed=kept)


def _shows(impression: Impression) -> str:
    """Return the id of the request whose slate an impression shows."""
    return impression.request_id or impression.impression_id


def _with_early(state: OpenRequests, impression: Impression) -> OpenRequests:
    if impression in state.early_impressions:
        return state
    fresh_s = seconds(impression.shown_at) - UNSHOWN_S
    waiting = (i for i in state.early_impressions if seconds(i.shown_at) >= fresh_s)
    early = (*waiting, impression)[-_MAX_EARLY_IMPRESSIONS:]
    return msgspec.structs.replace(state, early_impressions=early)


def _named(state: OpenRequests, name: str) -> OpenRequest | None:
    slates = (e for e in state.entries if e.origin != "click")
    return next((e for e in slates if name in _names(e)), None)


def _names(entry: OpenRequest) -> set[str]:
    """Return what a click may name to say that it is of this slate."""
    return {name for name in (entry.impression_id, entry.request_id, entry.shows) if name}


def _taking_over(
    state: OpenRequests, shown: OpenRequest, config: FeedbackConfig
) -> tuple[OpenRequests, OpenRequest]:
    """Let a slate that was just shown take over the clicks of which none was known.

    The article of one that was learned by itself already is left out of the slate.
    """
    names, learned = _names(shown), set[str]()
    for lone in [e for e in state.entries if e.origin == "click"]:
        (article_id,), clicked_s = lone.clicked, lone.shown_s
        assert clicked_s is not None, "a click alone has its time"
        if lone.impression_id is None:
            is_mine = _shows_in_time(shown, article_id, clicked_s, config)
        else:
            is_mine = lone.impression_id in names
        if is_mine and lone.is_labelled:
            learned.add(article_id)
        elif is_mine:
            state = without(state, lone.request_id)
    if learned:
        left = tuple(article for article in shown.shown if article not in learned)
        shown = msgspec.structs.replace(shown, shown=left)
    return state, shown


def _replaced(state: OpenRequests, changed: OpenRequest) -> OpenRequests:
    entries = tuple(changed if e.request_id == changed.request_id else e for e in state.entries)
    return msgspec.structs.replace(state, entries=entries)
