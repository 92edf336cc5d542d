"""Everything around Faust that is not domain logic: the app, batches, tables, health, the end.

In the order of an event's way: `create_faust_app` makes the app, whose consumer hands messages to
their channels directly; an agent takes them with `take_batches`, keeps state in a `StateTable`,
sends with `FastProducer`, refuses with `DeadLetters`; offsets are committed once everything the
events caused is acknowledged. `HealthServer` tells the outside, `Watchdog` ends a worker that
stands still, `run_worker` runs it.
"""

from __future__ import annotations

from streams.engine.app import EngineSettings, create_faust_app
from streams.engine.arrivals import Arrivals, by_broker
from streams.engine.batch import raw_topic, take_batches
from streams.engine.broker_clock import BrokerClock
from streams.engine.dead_letters import DeadLetters
from streams.engine.garbage import rare_collections, spare_collections
from streams.engine.health import Gates, HealthServer
from streams.engine.metrics import Metrics
from streams.engine.moving import Mover, is_vacated, origin_of
from streams.engine.producer import Delivery, FastProducer, RecordingSender, Sender
from streams.engine.reading import READ_COMMITTED, Reading
from streams.engine.run import end_as_signalled, run_worker
from streams.engine.security import Security
from streams.engine.table import RecoveredHook, StateTable, state_table
from streams.engine.watchdog import ProgressWatch, Standing, Watchdog

__all__ = [
    "READ_COMMITTED",
    "Arrivals",
    "BrokerClock",
    "DeadLetters",
    "Delivery",
    "EngineSettings",
    "FastProducer",
    "Gates",
    "HealthServer",
    "Metrics",
    "Mover",
    "ProgressWatch",
    "Reading",
    "RecordingSender",
    "RecoveredHook",
    "Security",
    "Sender",
    "Standing",
    "StateTable",
    "Watchdog",
    "by_broker",
    "create_faust_app",
    "end_as_signalled",
    "is_vacated",
    "origin_of",
    "rare_collections",
    "raw_topic",
    "run_worker",
    "spare_collections",
    "state_table",
    "take_batches",
]
