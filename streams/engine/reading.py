"""Fetches of an aiokafka consumer: committed records only, and no batch that takes others along.

aiokafka raises what it cannot decompress or what fails its checksum out of the fetch. By then the
positions of the partitions drained before in the same call have moved: their records are lost to
the caller, who would commit past them; and the next fetch raises again. Here such a batch stops
its own partition. The records before it are returned, the others go on, and the batch is tried
again now and then: a broker may serve it from another replica by then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaError,
    LeaderNotAvailableError,
    for_code,
)
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.engine.health import Gates
from streams.engine.metrics import Metrics

__all__ = ["READ_COMMITTED", "Reading", "Stopped", "log_ends"]

logger = logging.getLogger(__name__)

READ_COMMITTED = "read_committed"
"""Every consumer's `isolation_level`: what a writer's transaction rolled back was never said."""

RETRY_S = 30.0
ASK_AGAIN_S = 0.1
_READ_UNCOMMITTED = 0
_END = -1


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where a partition stopped and why, and when (monotonic seconds) it is tried again."""

    offset: int
    reason: str
    again_s: float


class Reading:
    """Fetches that know which partitions cannot be read on.

    Parameters
    ----------
    metrics
        Counts batches that could not be read, and shows partitions that stand still for one.
    gates
        One of them is closed while a partition stands still.
    gate
        Its name; a process with several consumers has one for each.
    retry_s
        Time until a batch that could not be read is tried again, in seconds; above 0.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        metrics: Metrics | None = None,
        gates: Gates | None = None,
        *,
        gate: str = "readable",
        retry_s: float = RETRY_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._metrics = metrics
        self._gates = gates
        self._gate = gate
        self._retry_s = retry_s
        self._clock = clock
        self._stopped: dict[TopicPartition, Stopped] = {}

    @property
    def stopped(self) -> Mapping[TopicPartition, Stopped]:
        """The partitions that stand still, at most those assigned."""
        return dict(self._stopped)

    async def fetch(
        self,
        consumer: Any,
        partitions: Collection[TopicPartition] | None = None,
        *,
        timeout_s: float,
        max_records: int,
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Return what has come, as `consumer.getmany` does, no partition before the others.

        Parameters
        ----------
        consumer
            An aiokafka consumer, started.
        partitions
            Those wanted; absent: all that are assigned.
        timeout_s
            How long to wait where nothing has come, in seconds.
        max_records
            The most to return, above 0.
        """
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        consumer._coordinator.check_errors()
        self._try_again(consumer)
        give_up_s = self._clock() + timeout_s
        with fetcher._subscriptions.fetch_context():
            while True:
                if fetcher._subscriptions.reassignment_in_progress:
                    await fetcher._subscriptions.wait_for_assignment()
                records = self._drain(consumer, partitions, max_records)
                left_s = give_up_s - self._clock()
                if records or left_s <= 0.0 or not await _has_come(fetcher, left_s):
                    return records

    def _drain(
        self, consumer: Any, partitions: Collection[TopicPartition] | None, max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Take what is there, an equal share of each partition."""
        fetcher = consumer._fetcher
        for place in list(fetcher._records):
            if not fetcher._subscriptions.is_assigned(place):
                del fetcher._records[place]
        ready = [place for place in fetcher._records if not partitions or place in partitions]
        records: dict[TopicPartition, list[ConsumerRecord]] = {}
        left = max_records
        for number, place in enumerate(ready):
            fetched = fetcher._records[place]
            if type(fetched) is not FetchResult:
                if records:
                    return records  # what was drained goes first, the error comes with the next
                del fetcher._records[place]
                fetcher._notify(fetcher._wait_consume_future)
                fetched.check_raise()
            share = -(-left // (len(ready) - number))
            found = self._take(consumer, place, fetched, share)
            if found:
                records[place] = found
                left -= len(found)
            if left <= 0:
                break
        return records

    def _take(
        self, consumer: Any, place: TopicPartition, fetched: Any, n: int
    ) -> list[ConsumerRecord]:
        """Take up to n records of a partition; stop it at a batch that cannot be read."""
        found: list[ConsumerRecord] = []
        try:
            while len(found) < n:
                record = fetched.getone()
                if record is None:
                    break
                found.append(record)
            else:
                self._goes_on(place)
                return found
        except Exception as error:
            self._stop(consumer, place, error)
        else:
            if found:
                self._goes_on(place)
        fetcher = consumer._fetcher
        fetcher._records.pop(place, None)
        fetcher._notify(fetcher._wait_consume_future)
        return found

    def _stop(self, consumer: Any, place: TopicPartition, error: Exception) -> None:
        offset = consumer._subscription.subscription.assignment.state_value(place).position
        reason = f"{type(error).__name__}: {error}"
        is_new = place not in self._stopped or self._stopped[place].offset != offset
        self._stopped[place] = Stopped(offset, reason, self._clock() + self._retry_s)
        consumer.pause(place)
        if is_new:
            logger.error(
                "%s[%d] stands still at offset %d, whose batch cannot be read (%s); the other "
                "partitions go on, it is tried again every %g s: see «Batches that cannot be "
                "read» in docs/kafka.md",
                *place,
                offset,
                reason,
                self._retry_s,
            )
        if self._metrics is not None:
            self._metrics.unreadable.labels(place.topic, str(place.partition)).inc()
        self._show()

    def _goes_on(self, place: TopicPartition) -> None:
        """Note that a partition can be read."""
        if self._stopped and self._stopped.pop(place, None) is not None:
            logger.warning("%s[%d] can be read again", *place)
            self._show()

    def _try_again(self, consumer: Any) -> None:
        """Let those whose time has come be fetched again; forget those that have moved away."""
        if not self._stopped:
            return
        assigned = consumer.assignment()
        now_s = self._clock()
        for place, stopped in list(self._stopped.items()):
            if place not in assigned:
                del self._stopped[place]
                self._show()
            elif stopped.again_s <= now_s and place in consumer.paused():
                consumer.resume(place)

    def _show(self) -> None:
        """Close or open the gate, and show the partitions that stand still."""
        if self._metrics is not None:
            self._metrics.standing.labels(self._gate).set(len(self._stopped))
        if self._gates is None:
            return
        if not self._stopped:
            self._gates.open(self._gate)
            return
        places = ", ".join(
            f"{place.topic}[{place.partition}] at offset {one.offset} ({one.reason})"
            for place, one in sorted(self._stopped.items())
        )
        self._gates.close(self._gate, f"a batch cannot be read: {places}")


async def log_ends(consumer: Any, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """Return where logs end, records of open transactions included.

    `consumer.end_offsets` of one that reads committed records is where the first open one begins.
    """
    while True:
        try:
            return await _ends(consumer._client, places)
        except KafkaError as error:
            if not error.retriable:
                raise
            consumer._client.force_metadata_update()
            await asyncio.sleep(ASK_AGAIN_S)


async def _ends(client: Any, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """Ask each partition's leader once."""
    asked: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for place in places:
        node = client.cluster.leader_for_partition(place)
        if node is None or node < 0:
            raise LeaderNotAvailableError(place)
        asked.setdefault(node, {}).setdefault(place[0], []).append((place[1], _END))
    ends = {}
    for node, topics in asked.items():
        request = OffsetRequest(-1, _READ_UNCOMMITTED, list(topics.items()))
        response = await client.send(node, request)
        for topic, partitions in response.topics:
            for partition, code, _, offset in partitions:
                if code:
                    msg = f"{topic}[{partition}]"
                    raise for_code(code)(msg)
                ends[TopicPartition(topic, partition)] = offset
    return ends


async def _has_come(fetcher: Any, wait_s: float) -> bool:
    """Wait for a fetch to end; whether one did."""
    waiter = fetcher._create_fetch_waiter()
    done, _ = await asyncio.wait([waiter], timeout=wait_s)
    if not done or fetcher._closed:
        waiter.cancel()
        return False
    waiter.result()  # raises what a group's coordinator has refused
    return True
