"""What time an event has: its sender's clock, within what the broker's clock and the others say."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from cherryrec.events import Event, RecommendationRequest, instant, seconds

__all__ = ["STALE_S", "as_of", "not_ahead"]

E = TypeVar("E", bound=Event)

STALE_S = 600.0
"""How far a request may be behind the newest view or click and be answered as of its own time."""


def not_ahead(event: E, field: str, arrived_s: float) -> E:
    """Return an event as of its arrival where its sender's clock is ahead of that.

    Nothing has happened after it came, so no clock that is ahead moves event time further than
    the broker's has gone.

    Examples
    --------
    >>> from cherryrec.events import Click
    >>> click = Click(event_id="e", user_id="u", article_id="a", clicked_at=instant(160.0))
    >>> seconds(not_ahead(click, "clicked_at", 100.0).clicked_at)
    100.0
    >>> not_ahead(click, "clicked_at", 200.0) is click
    True
    """
    if seconds(getattr(event, field)) <= arrived_s:
        return event
    return msgspec.structs.replace(event, **{field: instant(arrived_s)})


def as_of(
    request: RecommendationRequest, counted_s: float, *, arrived_s: float
) -> RecommendationRequest:
    """Return a request as of its arrival at most, and as of what it is answered from at least.

    Views and clicks are counted for the present: as of a time before them they would grow without
    end. A request over ten minutes behind the newest of them is asked as of that one.

    Parameters
    ----------
    request
        The request.
    counted_s
        Event time of the newest view or click counted.
    arrived_s
        When the request arrived.

    Examples
    --------
    >>> old = RecommendationRequest(request_id="r", user_id="u", requested_at=instant(0.0))
    >>> seconds(as_of(old, 9_000.0, arrived_s=9_900.0).requested_at)
    9000.0
    >>> as_of(old, 500.0, arrived_s=9_900.0) is old
    True
    """
    request = not_ahead(request, "requested_at", arrived_s)
    if counted_s - seconds(request.requested_at) <= STALE_S:
        return request
    return msgspec.structs.replace(request, requested_at=instant(min(counted_s, arrived_s)))
