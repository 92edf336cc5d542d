"""Whether models learn while a replay runs: labels and versions followed beside it.

A replay whose models stand still is halted until they go on, so that a part that is started again
costs time and not the measure; one whose models stay behind ends with the numbers reached.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec
from kafka import TopicPartition

from cherryrec.codec import decode
from cherryrec.errors import ServiceError
from cherryrec.evaluation.replay import LearnedRecord
from cherryrec.events import SlateLabelled
from cherryrec.snapshots import SERVING
from cherryrec.topics import topic_named
from streams.replay.session import Session

__all__ = ["ModelWatch"]

PATIENCE_S = 120.0
"""How long models may stand still before a replay ends: a part's restart and take-over fit in."""

_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_POLL_MS = 20
_LATEST = 30
"""Newest messages of `models` among which the version in use is."""


class _Head(msgspec.Struct):
    """What is read of a snapshot: not its arrays."""

    version: int
    n_examples: int


class ModelWatch:
    """Follows `labelled-slates` and `models`; a context manager.

    Parameters
    ----------
    session
        An open session.
    record
        Gets what is seen.
    patience_s
        How long models may stand still, in seconds; absent: `PATIENCE_S`.
    check
        Raises when a part of the system is given up.
    """

    def __init__(
        self,
        session: Session,
        record: LearnedRecord,
        *,
        patience_s: float | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.record = record
        self.patience_s = PATIENCE_S if patience_s is None else patience_s
        self.halted_s = 0.0
        self._session = session
        self._check = check
        self._consumer: Any = None
        self._behind_since: float | None = None

    def __enter__(self) -> Self:
        """Begin, from the version that is in use."""
        self._consumer = self._session.follow("labelled-slates", "models")
        place = TopicPartition(self._session.names("models"), 0)
        end = self._consumer.position(place)
        start = self._consumer.beginning_offsets([place])[place]
        self._consumer.seek(place, max(start, end - _LATEST))
        heads: list[tuple[_Head, float]] = []
        while self._consumer.position(place) < end:
            for record in self._consumer.poll(timeout_ms=_POLL_MS).get(place, ()):
                heads += _heads(record)
        for head, at_s in heads[-1:]:
            self.record.begin(head.version, n_examples=head.n_examples, at_s=at_s)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        self._consumer.close()

    def poll(self) -> bool:
        """Take what has come, and say whether anything has."""
        polled = self._consumer.poll(timeout_ms=_POLL_MS, max_records=5_000)
        limit = topic_named("labelled-slates").max_message_bytes
        for place, records in polled.items():
            for record in records:
                if place.topic == self._session.names("models"):
                    for head, at_s in _heads(record):
                        self.record.published(head.version, n_examples=head.n_examples, at_s=at_s)
                else:
                    slate = decode(SlateLabelled, record.value, max_bytes=limit)
                    self.record.labelled(slate.slate_id, sum(slate.clicked))
        return bool(polled)

    def keep_up(self) -> None:
        """Halt while the last slate's model was too far behind.

        Raises
        ------
        ServiceError
            Models have stood still for longer than the patience.
        """
        if not self.record.is_behind:
            self._behind_since = None
            return
        began_s = time.monotonic()
        self._behind_since = self._behind_since or began_s
        if self.record.n_learned < self.record.n_labelled:
            self._wait_learned(self.patience_s)
        elif began_s - self._behind_since > self.patience_s:
            self._fail(
                f"stream workers rank with an old version although the learner has learned "
                f"{self.record.n_learned:,} of {self.record.n_labelled:,} labelled slates"
            )
        # Workers need a moment to follow, and ever longer ones if they have not.
        time.sleep(min(max(_PAUSE_S, began_s - self._behind_since), _LONGEST_PAUSE_S))
        self.poll()
        self.halted_s += time.monotonic() - began_s

    def settle(self) -> None:
        """Wait until all that was due is labelled and learned, or nothing goes on."""
        self.poll()
        while self.record.is_unsettled:
            if not self._moves(self.patience_s / 4):
                return

    def _wait_learned(self, patience_s: float) -> None:
        while self.record.n_learned < self.record.n_labelled:
            if not self._moves(patience_s):
                self._fail(
                    f"the learner has learned {self.record.n_learned:,} of "
                    f"{self.record.n_labelled:,} labelled slates, and no more"
                )

    def _moves(self, patience_s: float) -> bool:
        """Poll until something is learned or labelled; False if nothing was for the patience."""
        before, began_s = self._reached(), time.monotonic()
        while self._reached() == before:
            self._check()
            self.poll()
            if time.monotonic() - began_s > patience_s:
                return False
        return True

    def _reached(self) -> tuple[int, int]:
        return self.record.n_learned, self.record.n_labelled

    def _fail(self, reason: str) -> None:
        msg = (
            f"the replay was stopped, its models stood still for {self.patience_s:g} s: {reason}; "
            "see the logs of the learner and the stream workers"
        )
        raise ServiceError(msg)


def _heads(record: Any) -> list[tuple[_Head, float]]:
    """Return the version in a message of `models` and when it came; none of the learner's state."""
    if record.key != SERVING.encode() or record.value is None:
        return []
    return [(msgspec.json.decode(record.value, type=_Head), record.timestamp / 1_000.0)]
