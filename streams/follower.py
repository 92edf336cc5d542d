"""Follows topics that every worker needs: articles, their activity, the models, labelled slates.

A consumer without a group reads all partitions, from the start or the newest part, for ever. A
worker takes requests only when it has caught up with what was there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiokafka
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.types import TP
from mode import Service
from tenacity import AsyncRetrying, stop_after_delay, wait_exponential

from cherryrec.errors import ServiceError
from streams.engine.reading import READ_COMMITTED, Reading
from streams.engine.watchdog import Standing

__all__ = ["Follower"]

Follow = Callable[[ConsumerRecord], None]

_FETCH_MS = 50
_START_S = 60.0
_MAX_RECORDS = 500
_YIELD_EVERY = 50


class Follower(Service):
    """Feeds every message of some topics to functions, from the first message on.

    Parameters
    ----------
    follow
        Full topic name → what to do with a message; it must not raise.
    client
        Settings of aiokafka's consumer: bootstrap servers, security.
    newest
        Full topic name → how many of its newest messages are enough to start with; topics that
        are not here are read from their first message.
    reading
        How records are fetched.
    """

    def __init__(
        self,
        follow: Mapping[str, Follow],
        client: Mapping[str, Any],
        newest: Mapping[str, int] | None = None,
        reading: Reading | None = None,
    ) -> None:
        super().__init__()
        self._follow = follow
        self._client = client
        self._newest = newest or {}
        self._reading = reading or Reading()
        self._consumer: aiokafka.AIOKafkaConsumer | None = None
        self._done: dict[TopicPartition, int] = {}
        self._is_feeding = False

    async def on_start(self) -> None:
        """Connect, with every partition assigned.

        Raises
        ------
        ServiceError
            A topic is not there.
        """
        async for attempt in AsyncRetrying(
            stop=stop_after_delay(_START_S),
            wait=wait_exponential(0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                consumer = await self._started_consumer()
        try:
            self._done = dict.fromkeys(sorted(consumer.assignment()), 0)
            missing = sorted(set(self._follow) - {place.topic for place in self._done})
            if missing:
                msg = f"topics {', '.join(missing)} must be there: run `cherryrec topics create`"
                raise ServiceError(msg)
            await self._skip_old(consumer)
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer

    async def _started_consumer(self) -> aiokafka.AIOKafkaConsumer:
        """Connect; one that has failed half-way cannot be started again."""
        # Without a group a subscription is every partition of its topics, from the first message.
        consumer = aiokafka.AIOKafkaConsumer(
            *self._follow,
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=_FETCH_MS,
            max_partition_fetch_bytes=17 << 20,
            isolation_level=READ_COMMITTED,
            **self._client,
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _skip_old(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """Begin near the end of topics of which the newest messages are enough."""
        places = [place for place in self._done if place.topic in self._newest]
        starts = await consumer.beginning_offsets(places)
        for place, end in (await consumer.end_offsets(places)).items():
            consumer.seek(place, max(starts[place], end - self._newest[place.topic]))

    async def on_stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def catch_up(self) -> None:
        """Wait until everything that is in the topics now has been followed.

        What a writer's open transaction holds back is not in them yet.
        """
        assert self._consumer is not None, "catch_up is called on a started follower"
        ends = await self._consumer.end_offsets(list(self._done))
        starts = await self._consumer.beginning_offsets(list(self._done))
        while not self.should_stop:
            behind = [p for p, end in ends.items() if starts[p] < end > self._done[p]]
            await self._move_on(behind)
            if all(self._done[p] >= ends[p] for p in behind):
                return
            await self.sleep(0.02)

    async def standings(self) -> dict[TP, Standing]:
        """Return how far each partition has been followed, and where it ends."""
        assert self._consumer is not None, "a started follower is asked"
        ends = await self._consumer.end_offsets(list(self._done))
        starts = await self._consumer.beginning_offsets(list(self._done))
        await self._move_on([place for place, end in ends.items() if end > self._done[place]])
        return {
            TP(place.topic, place.partition): Standing(
                position=max(self._done[place], starts[place]), end=end
            )
            for place, end in ends.items()
        }

    async def _move_on(self, places: Sequence[TopicPartition]) -> None:
        """Pass over what holds no record: compaction may leave none just before the end."""
        assert self._consumer is not None, "a started follower is asked"
        if self._is_feeding:
            return
        for place in places:
            position = await self._consumer.position(place)
            if not self._is_feeding:
                self._done[place] = max(self._done[place], position)

    @Service.task
    async def _run(self) -> None:
        consumer = self._consumer
        assert consumer is not None, "tasks start after on_start"
        while not self.should_stop:
            batches = await self._reading.fetch(
                consumer, timeout_s=_FETCH_MS / 1e3, max_records=_MAX_RECORDS
            )
            self._is_feeding = True
            for place, records in batches.items():
                await self._feed(self._follow[place.topic], records)
                self._done[place] = records[-1].offset + 1
            self._is_feeding = False

    async def _feed(self, follow: Follow, records: list[ConsumerRecord]) -> None:
        """Feed records in order, letting the loop's other work in between."""
        for number, record in enumerate(records, start=1):
            follow(record)
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
