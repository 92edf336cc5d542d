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
from cherryrec.open_requests import OpenRequest, OpenRequests

__all__ = [
    "UNSHOWN_S",
    "FeedbackConfig",
    "ended",
    "ends_s",
    "example_of",
    "note_click",
    "note_impression",
]

UNSHOWN_S = 3_600.0
"""How long an answered request waits for its impression, in seconds of event time."""

_MAX_EARLY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackConfig:
    """When an exposure that was not clicked counts as not clicked.

    Parameters
    ----------
    attribution_window_s
        How long after an impression a click still counts, in seconds of event time, at least 0.
    """

    attribution_window_s: float = 1_800.0

    def __post_init__(self) -> None:
        if not self.attribution_window_s >= 0:
            msg = f"attribution_window_s must be at least 0, got {self.attribution_window_s!r}"
            raise ConfigError(msg)


def note_impression(
    state: OpenRequests, impression: Impression
) -> tuple[OpenRequests, OpenRequest | None]:
    """Mark the request that an impression shows; a second impression of it changes nothing.

    Returns
    -------
    The state, and the request if the impression has just opened its attribution window.
    """
    wanted = impression.request_id or impression.impression_id
    entry = next((e for e in state.entries if e.request_id == wanted), None)
    if entry is None or entry.shown_s is not None:
        return state, None
    clicked = tuple(
        article for shown, article in state.early_clicks if shown == impression.impression_id
    )
    shown = msgspec.structs.replace(
        entry,
        impression_id=impression.impression_id,
        shown_s=seconds(impression.shown_at),
        shown=impression.articles,
        clicked=tuple(dict.fromkeys((*entry.clicked, *clicked))),
    )
    early = tuple(c for c in state.early_clicks if c[0] != impression.impression_id)
    return _replaced(OpenRequests(state.entries, early), shown), shown


def note_click(state: OpenRequests, click: Click, config: FeedbackConfig) -> OpenRequests:
    """Label the exposure a click belongs to.

    By its `impression_id`; without one, by the newest impression within the window that shows the
    article. A click that names an impression not seen yet waits for it.
    """
    clicked_s = seconds(click.clicked_at)
    entry = None
    if click.impression_id is not None:
        names = {click.impression_id}
        entry = next(
            (e for e in state.entries if e.impression_id in names or e.request_id in names),
            None,
        )
        if entry is None:
            early = (*state.early_clicks, (click.impression_id, click.article_id))[-_MAX_EARLY:]
            return OpenRequests(state.entries, early)
    else:
        window = config.attribution_window_s
        entry = next(
            (
                e
                for e in reversed(state.entries)
                if e.shown_s is not None
                and click.article_id in e.shown
                and e.shown_s <= clicked_s <= e.shown_s + window
            ),
            None,
        )
    if entry is None or click.article_id in entry.clicked:
        return state
    return _replaced(
        state,
        msgspec.structs.replace(entry, clicked=(*entry.clicked, click.article_id)),
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
        if entry.expires_at is None and ends_s(entry, config) < before_s
    ]


def example_of(entry: OpenRequest, *, user_id: str, feature_set: str) -> Example | None:
    """Label an ended request by its clicks; None where it was not shown or nothing was clicked."""
    place = {article: index for index, article in enumerate(entry.articles)}
    shown = [article for article in entry.shown if article in place]
    clicked = tuple(article in entry.clicked for article in shown)
    if not any(clicked) or entry.shown_s is None:
        return None
    kept = np.array([place[article] for article in shown], np.intp)
    return Example(
        example_id=entry.request_id,
        user_id=user_id,
        shown_at=instant(entry.shown_s),
        articles=tuple(shown),
        clicked=clicked,
        feature_set=feature_set,
        features=entry.feature_array()[kept].tobytes(),
        metrics=entry.metric_array()[kept].tobytes(),
    )


def _replaced(state: OpenRequests, changed: OpenRequest) -> OpenRequests:
    entries = tuple(changed if e.request_id == changed.request_id else e for e in state.entries)
    return OpenRequests(entries, state.early_clicks)
