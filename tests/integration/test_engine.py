"""The engine on a real Kafka: what a worker leaves behind when it is killed, moved or stopped.

Every worker is a process (`tests/streams/engine/counting_worker.py`) that counts events by key in
a `StateTable`; the truth is the fold of what was sent.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.integration.counting import PARTITIONS, World, wait_until

pytestmark = pytest.mark.timeout(180)

STALL_S = 8.0
"""Longer than a recovery of nothing takes on a busy machine."""


@pytest.fixture
def world(kafka: str, prefix: str, tmp_path: Path) -> Iterator[World]:
    world = World(kafka, prefix, tmp_path)
    yield world
    for worker in world.workers:
        if worker.process.poll() is None:
            worker.end(signal.SIGKILL)


@pytest.mark.slow
def test_killed_worker_comes_back_with_exactly_the_acknowledged_state(world: World) -> None:
    worker = world.start()
    sending = threading.Thread(target=world.send, args=(8_000,), kwargs={"pause_s": 0.005})
    sending.start()
    wait_until(lambda: len(world.records(world.changelog)) > 500)

    worker.end(signal.SIGKILL)
    sending.join()
    acknowledged = world.changelog_state()
    again = world.start()
    recovered = again.wait_for("recovered")
    world.wait_for_all()

    assert recovered == acknowledged
    assert world.counts() == world.n_sent


@pytest.mark.slow
def test_two_workers_one_killed_count_every_event_once(world: World) -> None:
    first = world.start("a")
    sending = threading.Thread(target=world.send, args=(15_000,), kwargs={"pause_s": 0.02})
    sending.start()
    second = world.start("b")
    time.sleep(1.0)

    first.end(signal.SIGKILL)
    sending.join()
    world.wait_for_all()

    assert world.counts() == world.n_sent
    assert len(world.records(world.changelog)) == world.n_sent.total(), "no write twice"
    assert len(world.records(f"{world.topic}-out")) >= world.n_sent.total()
    assert second.end(signal.SIGTERM) == 0


def test_stopped_worker_exits_0_and_leaves_nothing_to_repeat(world: World) -> None:
    worker = world.start()
    world.send(2_000)
    world.wait_for_all()

    code = worker.end(signal.SIGTERM)
    again = world.start()
    world.send(1)
    world.wait_for_all()

    assert code == 0
    assert 'outcome="duplicate"' not in again.http("/metrics")


def test_interrupted_worker_exits_0(world: World) -> None:
    assert world.start().end(signal.SIGINT) == 0


def test_agent_that_raises_ends_the_worker_and_its_event_comes_again(world: World) -> None:
    worker = world.start()
    world.send(10)
    world.wait_for_all()

    world.send(1, value=b"raise")
    first_code = worker.ended()
    second_code = world.start().ended()

    assert (first_code, second_code) == (1, 1)
    assert world.counts() == world.n_sent


def test_output_the_broker_refuses_ends_the_worker_before_its_event_is_committed(
    world: World,
) -> None:
    worker = world.start()

    world.send(1, value=b"oversize")
    first_code = worker.ended()
    second_code = world.start().ended()

    assert (first_code, second_code) == (1, 1)
    assert "a message was not delivered, stopping" in worker.log.read_text()


@pytest.mark.slow
def test_agent_that_hangs_is_ended_by_the_watchdog(world: World) -> None:
    worker = world.start(stall_s=STALL_S)

    world.send(1, value=b"hang")

    assert worker.ended() == 70
    assert f"no progress for {STALL_S:.0f} s although events wait" in worker.log.read_text()


def test_local_copy_ahead_of_a_lost_changelog_is_rebuilt(world: World) -> None:
    worker = world.start()
    world.send(200)
    world.wait_for_all()
    worker.end(signal.SIGTERM)
    asyncio.run(recreate(world.bootstrap_servers, world.changelog))

    again = world.start()

    assert again.wait_for("recovered") == {}
    assert "deleted, it is rebuilt from the changelog" in again.log.read_text()
    assert again.http("/live") == '{"live": true}'


def test_ready_worker_says_so(world: World) -> None:
    worker = world.start()

    assert worker.http("/ready") == '{"ready": true, "waiting_for": {}}'


async def recreate(bootstrap_servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():
            await asyncio.sleep(0.1)
        compacted = {"cleanup.policy": "compact"}
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=compacted)])
    finally:
        await admin.close()
