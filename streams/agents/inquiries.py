"""What the agent of `inquiries` calls: an answer from the core, within its share of the time."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from cherryrec.events import Event, Inquiry
from cherryrec.inquiries import InquiryLimit, inquire, over_limit, refused_inquiry
from cherryrec.pipeline import Effects, Pipeline, Position, Send

__all__ = ["MOST_AT_ONCE", "InquiryCall"]

MOST_AT_ONCE = 16
"""Inquiries of a batch: of so few a rest of `MOST_PAUSE_S` keeps even large ones in the share."""

MOST_PAUSE_S = 0.5
"""How long the agent rests at most after a batch, in seconds."""


class InquiryCall:
    """The core call of an inquiry, and how long its agent rests when there are too many.

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

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        share: float,
        late_s: float,
        broker_clock: Callable[[], float],
        timer: Callable[[], float] = perf_counter,
    ) -> None:
        self._pipeline = pipeline
        self._late_s = late_s
        self._broker_clock = broker_clock
        self._timer = timer
        self._limit = InquiryLimit(share=share)
        self._n_unanswered = 0
        self._spent_s = 0.0  # of the limit, since the last rest

    def __call__(self, at: Position, _: str, event: Event | None) -> Effects:
        """Answer an inquiry, or say why there is no time for it."""
        assert isinstance(event, Inquiry)
        limit, waited_s = self._limit, max(0.0, self._broker_clock() - at.arrived_s)
        started = self._timer()
        wait_s = limit.wait_s(started)
        if wait_s > 0.0 and waited_s <= self._late_s:
            self._n_unanswered += 1
            return over_limit(event, at, share=limit.share, wait_s=wait_s)
        try:
            effects = inquire(
                self._pipeline, at, event, waited_s=waited_s, late_after_s=self._late_s
            )
        finally:
            self._spend(started)
        self._n_unanswered += effects.counted == "late"
        return effects

    def refuse(self, raw: bytes | None, reason: str, arrived_s: float) -> Send | None:
        """Answer what is no inquiry with the reason, as far as it says whose it is.

        It is one that was not answered: a flood of them is held to the share as one of others.
        """
        self._n_unanswered += 1
        started = self._timer()
        send = refused_inquiry(raw, reason, arrived_s=arrived_s)
        self._spend(started)
        return send

    def pause_s(self, taken_s: float) -> float:
        """Return how long to rest after a batch that was worked on so long, in seconds.

        Where some of it were not answered there are too many: reading and refusing them takes time
        beside what the limit counts, and rests keep that within as much again, or within a rest of
        half a second a batch.
        """
        n, self._n_unanswered = self._n_unanswered, 0
        beside_s, self._spent_s = taken_s - self._spent_s, 0.0
        if not n or beside_s <= 0.0:
            return 0.0
        return min(beside_s * (1.0 / self._limit.share - 1.0), MOST_PAUSE_S)

    def _spend(self, started: float) -> None:
        """Take what has passed since off the limit."""
        spent_s = self._timer() - started
        self._limit.spend(spent_s)
        self._spent_s += spent_s
