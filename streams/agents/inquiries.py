"""What the agent of `inquiries` calls: an answer from the core, within its share of the time."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from cherryrec.events import Event, Inquiry
from cherryrec.inquiries import InquiryLimit, inquire, over_limit
from cherryrec.pipeline import Effects, Pipeline, Position
from streams.agents.base import Apply

__all__ = ["inquiry_call"]


def inquiry_call(
    pipeline: Pipeline,
    *,
    share: float,
    late_s: float,
    broker_clock: Callable[[], float],
    timer: Callable[[], float] = perf_counter,
) -> Apply[Event]:
    """Return the core call of an inquiry.

    Parameters
    ----------
    pipeline
        What answers.
    share
        Of this worker's time that inquiries may take; see `InquiryLimit`.
    late_s
        How long one may have lain at the broker, in seconds.
    broker_clock
        The brokers' time in epoch seconds.
    timer
        Seconds of a clock that does not go back, by which inquiries are timed.
    """
    limit = InquiryLimit(share=share)

    def inquiry(at: Position, _: str, event: Event | None) -> Effects:
        assert isinstance(event, Inquiry)
        waited_s = max(0.0, broker_clock() - at.arrived_s)
        started = timer()
        wait_s = limit.wait_s(started)
        if wait_s > 0.0 and waited_s <= late_s:
            return over_limit(event, at, share=share, wait_s=wait_s)
        try:
            return inquire(pipeline, at, event, waited_s=waited_s, late_after_s=late_s)
        finally:
            limit.spend(timer() - started)

    return inquiry
