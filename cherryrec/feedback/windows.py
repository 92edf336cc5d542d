"""How long a click of an answered request still counts, and when that ends."""

from __future__ import annotations

from cherryrec.feedback.config import FeedbackConfig
from cherryrec.open_requests import OpenRequest, OpenRequests

__all__ = [
    "UNSHOWN_S",
    "ended",
    "ends_s",
    "is_late",
    "last_s",
]

UNSHOWN_S = 3_600.0
"""How long an answered request waits for its impression, in seconds of event time."""


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


def is_late(entry: OpenRequest, clicked_s: float, config: FeedbackConfig) -> bool:
    """Whether a click comes after a shown request's labels can be corrected."""
    assert entry.shown_s is not None, "a click is late after what was shown"
    return clicked_s > entry.shown_s + config.attribution_window_s + config.correction_s
