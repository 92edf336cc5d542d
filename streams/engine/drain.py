"""The consumer that hands messages to their channels without a task a message.

Faust awaits `wait_first(callback(message), suspend_flow.wait())` for each message: three tasks,
half of what Faust costs. The callback blocks only while the flow is suspended, a channel is full
or the topics change; when none of that holds, which is cheap to see, awaiting it directly cannot
block, and the result is the same. In every other case Faust's own way is taken.

It also rewinds at a time of its own. When a recovery ends, Faust resumes the streams' partitions,
seeks to what is committed, and then empties the channels: what was fetched meanwhile and handed on
is lost where the position has moved past it, and is committed as a gap. Here the seek is only
noted; it is done by the task that fetches, between two fetches, when the rebalance is over, and
until then nothing is handed to the streams.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, cast

from aiokafka.errors import CommitFailedError, IllegalStateError
from faust.events import Event
from faust.tables.manager import TableManager
from faust.transport.conductor import Conductor
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP
from mode import Service
from mode.types import ServiceT

from streams.engine.consumer_thread import CommittedThread
from streams.engine.marks import commit_marked, seek_to_marked

__all__ = ["DirectConsumer"]

FETCHING = "FETCHING"
"""The flag Faust shows while it waits for records."""

YIELD_EVERY = 100
"""Messages delivered before other tasks of the loop get a turn."""

FETCH_S = 1.0
"""How long a fetch waits for records, in seconds."""

REBALANCING_FETCH_S = 0.1
"""The same during a rebalance: its end does not wait behind a fetch."""

RETRY_S = 0.1
"""Pause before a rewind that failed is tried again, in seconds."""


Pressure = tuple[Callable[[], None], Callable[[], None]]
"""Called when a channel is nearly full, and when it has room again."""


class DirectConsumer(Consumer):
    """Faust's Kafka consumer with a direct way from the fetched records to the channels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pressure: dict[TP, Pressure] = {}  # at most the partitions ever assigned
        self._must_rewind = False

    def _new_consumer_thread(self) -> CommittedThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Note that the streams are to be read again from what is committed (replaces Faust's)."""
        self._must_rewind = True

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to what is committed in these incarnations of the topics (replaces Faust's)."""
        consumer, marks = self._thread._ensure_consumer(), cast(Any, self.app).marks
        committed = await self._thread.call_thread(seek_to_marked, consumer, marks)
        return cast(Mapping[TP, int], committed)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit with the marks of the topics' incarnations (replaces Faust's)."""
        consumer, marks = self._thread._ensure_consumer(), cast(Any, self.app).marks
        try:
            await self._thread.call_thread(commit_marked, consumer, offsets, marks)
        except CommitFailedError as error:
            if "already rebalanced" not in str(error):
                self.log.exception("a commit failed: %r", error)
                await self.crash(error)
            return False
        except IllegalStateError as error:
            self.log.exception("a commit failed: %r", error)
            await self.crash(error)
            return False
        return True

    async def verify_all_partitions_active(self) -> None:
        """Look at nothing: `Watchdog` does (replaces Faust's).

        Faust's looks at positions, and a partition that has none yet ended the worker.
        """

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Fetch and deliver until this consumer or the fetcher stops (replaces Faust's)."""
        service = cast(Service, fetcher)
        try:
            while not (self._stopped.is_set() or service._stopped.is_set()):
                if self._must_rewind and not self.app.rebalancing:
                    await self._rewind()
                self.diag.set_flag(FETCHING)
                wait_s = REBALANCING_FETCH_S if self.app.rebalancing else FETCH_S
                records, active = await self._wait_next_records(wait_s)
                await asyncio.sleep(0)
                if records and not self.should_stop:
                    await self._deliver(records, active)
                elif self.app.in_recovery:
                    await self._pass_control_records()
                self.diag.unset_flag(FETCHING)
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
            self.log.info("the broker connection closed while the worker was stopping")
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        finally:
            self.diag.unset_flag(FETCHING)

    async def _rewind(self) -> None:
        """Go to what is committed, and to the beginning where nothing is, as aiokafka does not.

        The beginning is 0: to ask where it is takes a second behind an open fetch, and aiokafka
        resets an offset that is gone to the earliest there is. Whatever was fetched before is
        fetched again. If it fails, as when the next rebalance has begun, it stays to be done.
        """
        try:
            if self.assignment():
                committed = await self.seek_to_committed()
                unread = [tp for tp, offset in committed.items() if self._is_new(tp, offset)]
                if unread:
                    await self.seek_wait(dict.fromkeys(unread, 0))
                for tp, offset in committed.items():
                    self._read_offset[tp] = offset or None
                    if offset:
                        self._committed_offset[tp] = offset
            self._must_rewind = False
        except Exception as error:
            self.log.warning("could not go back to what is committed, trying again: %r", error)
            await asyncio.sleep(RETRY_S)

    async def _pass_control_records(self) -> None:
        """Let a recovery end at a changelog whose last offsets hold no record.

        Where a transaction wrote to it, as a mirror's, its last offset is the transaction's end;
        Faust waits for a record there, unless it writes transactions itself. The fetch's position
        is past it; what was fetched before has been handed on when the queue is empty.
        """
        tables = cast(TableManager, self.app.tables)
        if not tables.changelog_queue.empty():
            return
        recovery = tables.recovery
        for tp, remaining in recovery.active_remaining().items():
            if remaining > 0:
                end = recovery.active_highwaters[tp] + 1
                if (await self.position(tp) or 0) >= end and tables.changelog_queue.empty():
                    recovery.active_offsets[tp] = end - 1

    def _is_new(self, tp: TP, committed: int | None) -> bool:
        """Whether a partition is a stream's, of which nothing is committed."""
        return not committed and self.app.topics.acks_enabled_for(tp.topic)

    async def _deliver(self, records: Mapping[TP, Any], active: set[TP] | None) -> None:
        """Hand one fetch to the channels, topics and partitions taking turns.

        A fetch that comes while the flow is stopped is dropped: the rebalance that stopped it ends
        with a rewind.
        """
        if self.flow_active:
            await self._deliver_active(records, active)

    async def _deliver_active(self, records: Mapping[TP, Any], active: set[TP] | None) -> None:
        """Deliver what is of active partitions; to streams only when no rewind is to come."""
        app = self.app
        generation = app.consumer_generation_id
        for tp in records:
            app.monitor.track_tp_end_offset(tp, self.highwater(tp))
        n_since_yield = 0
        for tp, record in self.scheduler.iterate(records):
            if not self.flow_active or app.consumer_generation_id != generation:
                return
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                continue
            acked = app.topics.acks_enabled_for(tp.topic)
            if acked and (self._must_rewind or app.rebalancing):
                continue
            n_since_yield += 1
            if n_since_yield > YIELD_EVERY:
                n_since_yield = 0
                await asyncio.sleep(0)
            read = self._read_offset[tp]
            if read is not None and record.offset < read:
                continue
            if read is not None and record.offset - read > 1 and acked:
                await self._add_gap(tp, read + 1, record.offset - 1)  # its end is in it
            if self._commit_every is not None and self._n_acked >= self._commit_every:
                self._n_acked = 0
                await self.commit()
            await self._deliver_one(tp, record)
            # A rebalance while this message waited has moved the read offset to what was
            # committed: writing ours over it would drop the messages between the two.
            if app.consumer_generation_id == generation and self.flow_active:
                self._read_offset[tp] = record.offset

    async def _deliver_one(self, tp: TP, record: Any) -> None:
        """Deliver directly where nothing can block, else as Faust does."""
        conductor = cast(Conductor, self.app.topics)
        message = self._to_message(tp, record)
        handler = conductor._tp_to_callback.get(tp)
        channels = conductor._tp_index[tp]
        if (
            handler is None
            or not self.app.flow_control.is_active()
            or conductor._tp_to_callback_lock.locked()
            or any(channel.queue.full() for channel in channels)
        ):
            await self.wait_first(self.callback(message), self.suspend_flow.wait())
        elif _is_one_raw(channels):
            self._put(tp, next(iter(channels)), message)
        else:
            await handler(message)

    def _put(self, tp: TP, channel: Any, message: Any) -> None:
        """Put a message into its only channel, as bytes: what Faust does, but for its decoding."""
        message.incref(1)
        event = Event(self.app, message.key, message.value, message.headers, message)
        full, free = self._pressure.get(tp) or self._pressure_of(tp)
        channel.queue.put_nowait_enhanced(event, on_pressure_high=full, on_pressure_drop=free)

    def _pressure_of(self, tp: TP) -> Pressure:
        """Make what is called when a partition's channel fills up and empties; one pair each.

        The queue knows a pair by its identity. Fetches come by aiokafka's type of partition, which
        Faust refuses there.
        """
        partition = TP(tp.topic, tp.partition)

        def fill() -> None:
            self.app.sensors.on_topic_buffer_full(partition)
            self.on_buffer_full(partition)

        pair = self._pressure[tp] = (fill, partial(self.on_buffer_drop, partition))
        return pair


def _is_one_raw(channels: Collection[Any]) -> bool:
    """Whether one channel alone takes the messages, as bytes that nobody decodes."""
    if len(channels) != 1:
        return False
    schema = next(iter(channels)).schema
    return bool(schema.key_serializer == schema.value_serializer == "raw")
