"""When an answered request is labelled, how long a click still counts, and when it ends."""

from __future__ import annotations

from cherryrec.feedback.config import FeedbackConfig
from cherryrec.open_requests import OpenRequest, OpenRequests

__all__ = [
    "UNSHOWN_S",
    "ended",
    "ends_s",
    "is_correctable",
    "is_late",
    "labelled_s",
    "last_s",
]

UNSHOWN_S = 3_600.0
"""How long an answered request waits for its impression, in seconds of event time."""


def ends_s(entry: OpenRequest, config: FeedbackConfig) -> float:
    """Event time at which an answered request ends: its window, or an hour's wait to be shown."""
    if entry.shown_s is not None:
        return entry.shown_s + config.attribution_window_s
    return entry.requested_s + config.attribution_window_s + UNSHOWN_S


def labelled_s(entry: OpenRequest, config: FeedbackConfig) -> float:
    """Event time at which an answered request is labelled: soon after it was shown, if it was.

    A click alone waits for its slate as long as its window: its example cannot be corrected.
    """
    if entry.shown_s is None or entry.origin == "click":
        return ends_s(entry, config)
    return entry.shown_s + min(config.label_after_s, config.attribution_window_s)


def ended(state: OpenRequests, *, before_s: float, config: FeedbackConfig) -> list[OpenRequest]:
    """Return the answered requests to be labelled, or that ended, before an event time."""
    return [
        entry
        for entry in state.entries
        if entry.expires_at is None and last_s(entry, config) < before_s
    ]


def last_s(entry: OpenRequest, config: FeedbackConfig) -> float:
    """Event time at which an answered request is next looked at: its labels, or its last click."""
    if not entry.is_labelled:
        return labelled_s(entry, config)
    return ends_s(entry, config) + config.correction_s


def is_correctable(entry: OpenRequest, config: FeedbackConfig) -> bool:
    """Whether a click may still come of a shown request after it has been labelled."""
    return ends_s(entry, config) + config.correction_s > labelled_s(entry, config)


def is_late(entry: OpenRequest, clicked_s: float, config: FeedbackConfig) -> bool:
    """Whether a click comes after a shown request's labels can be corrected."""
    assert entry.shown_s is not None, "a click is late after what was shown"
    return clicked_s > entry.shown_s + config.attribution_window_s + config.correction_s
