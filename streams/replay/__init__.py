"""Replay of a log through real topics and workers, on the messages and judge of the core.

`session` is a client that asks and waits, `driver` sends a whole log through it, `watch` sees that
models learn meanwhile, `sidecars` record evaluations beside it or play them back. `backfill`
sends a log for good, to be learned.
"""

from __future__ import annotations

from streams.replay.backfill import Backfill, Backfilled
from streams.replay.driver import KafkaReplay, ReplaySettings
from streams.replay.session import Answer, Session
from streams.replay.sidecars import EvaluationTap, Follows, RecordedAnswers, Sidecar
from streams.replay.watch import ModelWatch

__all__ = [
    "Answer",
    "Backfill",
    "Backfilled",
    "EvaluationTap",
    "Follows",
    "KafkaReplay",
    "ModelWatch",
    "RecordedAnswers",
    "ReplaySettings",
    "Session",
    "Sidecar",
]
