"""The feedback join: open requests + impressions + clicks → labelled examples.

An exposure counts as not clicked only when its attribution window has closed in event time. An
impression without any click teaches a listwise learner nothing and makes no example.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from cherryrec.errors import ConfigError
from cherryrec.events import Click, Example, Impression, instant, seconds
from cherryrec.open_requests import Frozen, OpenRequest, OpenRequests, opened

__all__ = [
    "UNSHOWN_S",
    "FeedbackConfig",
    "ended",
    "ends_s",
    "entry_of",
    "example_of",
    "last_s",
    "n_clicked",
    "note_click",
    "note_impression",
    "note_opened",
]

UNSHOWN_S = 3_600.0
"""How long an answered request waits for its impression, in seconds of event time."""

_MAX_EARLY = 8
_MAX_EARLY_IMPRESSIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackConfig:
    """When an exposure that was not clicked counts as not clicked.

    Parameters
    ----------
    attribution_window_s
        How long after an impression a click still counts, in seconds of event time, at least 0.
    correction_s
        How long after its window an exposure's labels may still be corrected by a late click, in
        seconds of event time, at least 0: as long its features are kept.
    """

    attribution_window_s: float = 1_800.0
    correction_s: float = 1_800.0

    def __post_init__(self) -> None:
        for name in ("attribution_window_s", "correction_s"):
            if not getattr(self, name) >= 0:
                msg = f"{name} must be at least 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)


def note_impression(
    state: OpenRequests, impression: Impression, config: FeedbackConfig
) -> tuple[OpenRequests, OpenRequest | None]:
    """Mark the request that an impression shows; a second impression of it changes nothing.

    One whose request is not open waits for it, as long as a request waits to be shown: between
    their topics there is no order after a takeover. Most such are of no request of ours.

    Returns
    -------
    The state, and the request if the impression has just opened its attribution window.
    """
    entry = opened(state, _shows(impression))
    if entry is None:
        return _with_early(state, impression), None
    if entry.shown_s is not None:
        return state, None
    shown_s = seconds(impression.shown_at)
    mine = [early for early in state.early_clicks if early[0] == impression.impression_id]
    newest_s = shown_s + config.attribution_window_s + config.correction_s
    clicked = (article for _, article, clicked_s in mine if clicked_s <= newest_s)
    shown = msgspec.structs.replace(
        entry,
        impression_id=impression.impression_id,
        shown_s=shown_s,
        shown=impression.articles,
        clicked=tuple(dict.fromkeys((*entry.clicked, *clicked))),
    )
    others = tuple(early for early in state.early_clicks if early not in mine)
    return _replaced(msgspec.structs.replace(state, early_clicks=others), shown), shown


def note_opened(
    state: OpenRequests, entry: OpenRequest, config: FeedbackConfig
) -> tuple[OpenRequests, OpenRequest | None]:
    """Mark a request that has just been opened by the impression that waits for it, if one does.

    Returns
    -------
    As `note_impression`.
    """
    early = next((i for i in state.early_impressions if _shows(i) == entry.request_id), None)
    if early is None:
        return state, None
    others = tuple(i for i in state.early_impressions if i is not early)
    return note_impression(msgspec.structs.replace(state, early_impressions=others), early, config)


def note_click(state: OpenRequests, click: Click, config: FeedbackConfig) -> OpenRequests:
    """Label the exposure a click belongs to, if it comes in time.

    A click that names an impression not seen yet waits for it as long as a request waits to be
    shown.
    """
    name = click.impression_id
    if name is not None and not any(_is_named(entry, name) for entry in state.entries):
        clicked_s = seconds(click.clicked_at)
        fresh_s = clicked_s - config.attribution_window_s - UNSHOWN_S
        early = (name, click.article_id, clicked_s)
        if early in state.early_clicks:
            return state
        waiting = (early for early in state.early_clicks if early[2] >= fresh_s)
        return msgspec.structs.replace(state, early_clicks=(*waiting, early)[-_MAX_EARLY:])
    entry = entry_of(state, click, config)
    if entry is None or click.article_id in entry.clicked:
        return state
    return _replaced(
        state,
        msgspec.structs.replace(entry, clicked=(*entry.clicked, click.article_id)),
    )


def entry_of(state: OpenRequests, click: Click, config: FeedbackConfig) -> OpenRequest | None:
    """Return the open request whose exposure a click belongs to, None where it comes too late.

    In time is within the attribution window, or within the correction after it: then the labels
    that were learned are to be corrected. By its `impression_id`; without one, by the newest
    impression that shows the article.
    """
    clicked_s = seconds(click.clicked_at)
    window_s = config.attribution_window_s + config.correction_s
    name = click.impression_id
    if name is not None:
        entry = next((e for e in state.entries if _is_named(e, name)), None)
        is_late = (
            entry is not None and entry.shown_s is not None and clicked_s > entry.shown_s + window_s
        )
        return None if is_late else entry
    return next(
        (
            e
            for e in reversed(state.entries)
            if e.shown_s is not None
            and click.article_id in e.shown
            and e.shown_s <= clicked_s <= e.shown_s + window_s
        ),
        None,
    )


def ends_s(entry: OpenRequest, config: FeedbackConfig) -> float:
    """Event time at which an answered request ends: its window, or an hour's wait to be shown."""
    if entry.shown_s is not None:
        return entry.shown_s + config.attribution_window_s
    return entry.requested_s + config.attribution_window_s + UNSHOWN_S


def ended(state: OpenRequests, *, before_s: float, config: FeedbackConfig) -> list[OpenRequest]:
    """Return the answered requests that ended before an event time."""
    return [
        entry
        for entry in state.entries
        if entry.expires_at is None and last_s(entry, config) < before_s
    ]


def last_s(entry: OpenRequest, config: FeedbackConfig) -> float:
    """Event time at which an answered request is next looked at: its end, or that of correction."""
    return ends_s(entry, config) + (config.correction_s if entry.is_labelled else 0.0)


def n_clicked(entry: OpenRequest, frozen: Frozen) -> int:
    """Count the exposures of an example of this request that were clicked."""
    return len({*entry.shown} & {*frozen.articles} & {*entry.clicked})


def example_of(
    entry: OpenRequest, frozen: Frozen, *, user_id: str, feature_set: str
) -> Example | None:
    """Label a shown request by its clicks; None where it was not shown or nothing was clicked.

    Its id names how many clicks it knows of: one that a later click corrects is another example,
    and the same labels sent again are the same.
    """
    place = {article: index for index, article in enumerate(frozen.articles)}
    shown = [article for article in entry.shown if article in place]
    clicked = tuple(article in entry.clicked for article in shown)
    if not any(clicked) or entry.shown_s is None:
        return None
    kept = np.array([place[article] for article in shown], np.intp)
    return Example(
        example_id=f"{entry.request_id}:{sum(clicked)}",
        user_id=user_id,
        shown_at=instant(entry.shown_s),
        articles=tuple(shown),
        clicked=clicked,
        feature_set=feature_set,
        features=frozen.feature_array()[kept].tobytes(),
        metrics=frozen.metric_array()[kept].tobytes(),
        evaluator=entry.evaluator,
        temperature=entry.temperature,
    )


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


def _is_named(entry: OpenRequest, name: str) -> bool:
    return name in {entry.impression_id, entry.request_id}


def _replaced(state: OpenRequests, changed: OpenRequest) -> OpenRequests:
    entries = tuple(changed if e.request_id == changed.request_id else e for e in state.entries)
    return msgspec.structs.replace(state, entries=entries)
