"""The Faust and aiokafka code that the engine replaces or reaches into, held to what was read.

When one of these fails after an upgrade: read the new source of the named function, compare with
the engine's module beside it, adapt that, run the integration tests, then put the new hash here.
"""

from __future__ import annotations

import hashlib
import inspect
from importlib.metadata import version
from typing import Any

import aiokafka.producer.message_accumulator as accumulator
import aiokafka.producer.producer as aioproducer
import pytest
from aiokafka import AIOKafkaConsumer
from faust.app.base import App
from faust.streams import Stream
from faust.tables.base import Collection
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.conductor import Conductor
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from mode.utils.queues import FlowControlEvent

PINS: dict[str, tuple[Any, str]] = {
    "drain.py _drain_messages": (Consumer._drain_messages, "44a2500309e83c63"),
    "drain.py _deliver": (Consumer.getmany, "4b168d84882a70d6"),
    "drain.py _wait_next_records": (Consumer._wait_next_records, "6218e1969a636b3f"),
    "drain.py _commit": (AIOKafkaConsumerThread._commit, "932852ce7a23f658"),
    "drain.py seek_to_committed": (AIOKafkaConsumer.seek_to_committed, "f6cd85c8b70a4ccf"),
    "drain.py perform_seek": (Consumer.perform_seek, "0e8c130ff4b0afd8"),
    "drain.py verify_all_partitions_active": (
        Consumer.verify_all_partitions_active,
        "4e0e46f5c297305d",
    ),
    "drain.py _add_gap": (Consumer._add_gap, "4df2573ded7c1c2c"),
    "drain.py rewinds": (Recovery._resume_streams, "d986a6710c1aca98"),
    "drain.py emptied channels": (FlowControlEvent.resume, "4dcdc1253fd0dcb4"),
    "drain.py _deliver_one": (Conductor._compile_message_handler, "9fbc0538097aa4ec"),
    "drain.py _tp_index": (Conductor._update_callback_map, "37598771880d27ba"),
    "producer.py flush before commit": (Consumer._commit_offsets, "1a69799041188441"),
    "producer.py flush ignores results": (accumulator.MessageAccumulator.flush, "2b0eaa3da8519269"),
    "producer.py send": (aioproducer.AIOKafkaProducer.send, "08ce81263f439838"),
    "batch.py take_batches": (Stream._py_aiter, "3a48ee257a65435b"),
    "app.py stream_wait_empty": (App._on_partitions_revoked, "d5c895bbe57dc73a"),
    "app.py EngineTables": (TableManager.on_start, "365dd25fbc0e0684"),
    "table.py on_rebalance": (Collection.on_rebalance, "0812ad692171a8fd"),
    "table.py offsets": (Recovery._build_offsets, "27eec86be06cb51f"),
    "table.py on_recovery_completed": (Recovery.on_recovery_completed, "6ef567acf072e46d"),
}


@pytest.mark.parametrize("place", PINS)
def test_replaced_source_is_the_one_that_was_read(place: str) -> None:
    function, known = PINS[place]

    source = inspect.getsource(function)
    found = hashlib.sha256(source.encode()).hexdigest()[:16]

    assert found == known, (
        f"{function.__qualname__} changed in faust-streaming {version('faust-streaming')} / "
        f"aiokafka {version('aiokafka')}: re-read it against streams/engine/{place}, then set its "
        f"hash here to {found}"
    )


def test_versions_are_the_ones_the_engine_was_measured_on() -> None:
    assert version("faust-streaming") == "0.15.3"
    assert version("aiokafka") == "0.14.0"
    assert version("mode-streaming") == "0.7.1"
