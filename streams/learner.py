"""The learner's process: reads `examples`, learns, publishes snapshots on `models`.

A consumer group of one: a second learner started beside it waits, and takes over when the first
is gone. What it goes on from is the newest state snapshot and the offset in it, so nothing is
learned twice and nothing is left out.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import time
from collections.abc import Callable

import aiokafka
from aiokafka.errors import CommitFailedError
from aiokafka.structs import ConsumerRecord, TopicPartition

from cherryrec.codec import dead_letter, decode, encode
from cherryrec.errors import BadMessage, ConfigError, ModelError
from cherryrec.events import Example, ModelSnapshot
from cherryrec.learner import Learner, vans_features
from cherryrec.pipeline import PipelineConfig
from cherryrec.snapshots import SERVING, STATE
from cherryrec.supervised import Ending, Lookout, TurnWatch
from cherryrec.topics import TopicNames, topic_named
from streams.config import KafkaConfig, LearnerProcessConfig
from streams.engine import Gates, HealthServer, Metrics
from streams.engine.lease import Lease
from streams.engine.reading import READ_COMMITTED, Reading
from streams.incarnations import Incarnations, find_incarnations
from streams.partition_counts import (
    PartitionWatch,
    counts_asker,
    counts_wanted,
    require_partition_counts,
)
from streams.sampled_examples import SampledExamples
from streams.turns import Turns
from streams.warm_up import warm_up_learner

__all__ = ["LearnerProcess"]

logger = logging.getLogger(__name__)

_POLL_MS = 50
_SESSION_S = 10.0
_MAX_RECORDS = 100
_YIELD_EVERY = 8


class LearnerProcess:
    """Runs one learner; constructing it connects to nothing, `run` runs it.

    Parameters
    ----------
    kafka
        The cluster.
    process
        How often snapshots are published.
    core
        Settings of the models.
    clock
        Wall-clock time in epoch seconds.
    """

    def __init__(
        self,
        kafka: KafkaConfig,
        process: LearnerProcessConfig,
        core: PipelineConfig,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.kafka = kafka
        self.process = process
        self.core = core
        self.clock = clock
        self.names = TopicNames(kafka.prefix)
        self.metrics = Metrics()
        self.gates = Gates(connected="Kafka has not answered yet")
        self.reading = Reading(self.metrics, self.gates)
        self.incarnations = Incarnations()
        self.features = vans_features(core.catalogue)
        self.learner = self._untaught()
        self.sampled = SampledExamples(process.sample_beyond, self.metrics)
        self.loop_watch = TurnWatch(process.watchdog_s)
        self.lease = Lease(_SESSION_S)
        self._stopping = asyncio.Event()
        self._has_failed = False
        self._place = TopicPartition(self.names("examples"), 0)
        self._turns = Turns(self._place)
        self._published_s = {SERVING: -math.inf, STATE: -math.inf}
        self._published_n = {SERVING: 0, STATE: 0}
        self._caught_up_at: int | None = None

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the exit code.

        What learning runs is compiled before the group is joined: compiling stops the loop, and so
        the heartbeats, for longer than a session.

        Raises
        ------
        ServiceError
            Kafka does not answer, a topic is not there, or has another partition count than it
            must have.
        """
        require_partition_counts(self.kafka, self._counts)
        self.incarnations = find_incarnations(self.kafka, clock=self.clock)
        warm_up_learner(self.core)
        lookout = Lookout(
            self.kafka.client_options(),
            [self._place.topic],
            gates=self.gates,
            known=self.incarnations.cluster,
        )
        lookout.start()
        try:
            return asyncio.run(self._main())
        finally:
            lookout.stop()

    async def _main(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        ending = Ending(self.process.stop_s, is_stopping=self._stopping.is_set)
        ending.start()
        self.loop_watch.follow(loop)
        health = HealthServer(
            self.gates,
            self.metrics,
            host=self.process.http_host,
            port=self.process.http_port,
            is_alive=self.loop_watch.is_turning,
        )
        client = self.kafka.aiokafka_options()
        producer = aiokafka.AIOKafkaProducer(
            acks="all", enable_idempotence=True, max_request_size=17 << 20, **client
        )
        consumer = aiokafka.AIOKafkaConsumer(
            group_id=f"{self.kafka.prefix}learner",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=round(1_000 * _SESSION_S),
            isolation_level=READ_COMMITTED,
            **client,
        )
        counts = PartitionWatch(
            counts_asker(self.kafka, self._counts), self._counts, self.gates, end=self._end
        )
        await health.start()
        await self.lease.start()
        await counts.start()
        try:
            await producer.start()
            consumer.subscribe([self._place.topic], listener=self._turns)
            await consumer.start()
            self.gates.open("connected")
            logger.info("reads %s", self._place.topic)
            await self._learn(consumer, producer)
        finally:
            self._stopping.set()
            await consumer.stop()
            await producer.stop()
            await counts.stop()
            await self.lease.stop()
            await health.stop()
            self.loop_watch.stop()
            ending.stop()
        return 1 if self._has_failed else 0

    @property
    def _counts(self) -> dict[str, int]:
        """The partition counts of the topics that a learner reads or writes."""
        return counts_wanted(self.kafka, ("examples", "models", "dead-letters"))

    def _end(self, _: str) -> None:
        """End as on a signal, and say that it was none."""
        self._has_failed = True
        self._stopping.set()

    async def _learn(
        self, consumer: aiokafka.AIOKafkaConsumer, producer: aiokafka.AIOKafkaProducer
    ) -> None:
        while not self._stopping.is_set():
            if self._turns.is_new:
                number = self._turns.number
                await self._take_over(consumer)
                if self._stopping.is_set():  # the take-over may have been cut short
                    return
                self._turns.taken(number)
            records = await self.reading.fetch(
                consumer, timeout_s=_POLL_MS / 1e3, max_records=_MAX_RECORDS
            )
            for number, record in enumerate(records.get(self._place, ()), start=1):
                if not self._turns.is_ours:  # it is read again after the take-over
                    break
                self.sampled.look((consumer.highwater(self._place) or 0) - record.offset - 1)
                await self._one(record, producer)
                if number % _YIELD_EVERY == 0:
                    await asyncio.sleep(0)
                    await self._publish(producer, consumer)
            if self._caught_up_at is not None and self._turns.is_ours:
                await self._look_whether_caught_up(consumer)
            await self._publish(producer, consumer)
        await self._publish(producer, consumer, is_last=True)

    async def _one(self, record: ConsumerRecord, producer: aiokafka.AIOKafkaProducer) -> None:
        position = self.incarnations.position(record.topic, record.offset)
        weight = self.sampled.weight(record.offset)
        if not weight:
            self.learner.leave_out(partition=record.partition, offset=position)
            return
        try:
            limit = topic_named("examples").max_message_bytes
            example = decode(Example, record.value, max_bytes=limit)
            n_alarms = self.learner.vans.drift.n_alarms
            is_new = self.learner.learn(
                example, partition=record.partition, offset=position, weight=weight
            )
            self.metrics.count("examples", "applied" if is_new else "duplicate")
            if self.learner.vans.drift.n_alarms > n_alarms:
                logger.warning(
                    "the error of the last impressions is far above the usual at example %r "
                    "(offset %d): everything learns faster again; has the site or its topics "
                    "changed?",
                    example.example_id,
                    record.offset,
                )
        except BadMessage as error:
            letter = dead_letter(
                str(error),
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=record.key,
                value=record.value,
                received_s=self.clock(),
            )
            await producer.send_and_wait(self.names("dead-letters"), encode(letter), key=letter.key)
            self.metrics.count("examples", "dead_lettered")

    async def _publish(
        self,
        producer: aiokafka.AIOKafkaProducer,
        consumer: aiokafka.AIOKafkaConsumer,
        *,
        is_last: bool = False,
    ) -> None:
        """Publish what is due: often what is scored with, now and then what is restarted from."""
        for name, every_s in (
            (SERVING, self.process.serving_every_s),
            (STATE, self.process.state_every_s),
        ):
            is_new = self.learner.n_examples > self._published_n[name]
            is_due = is_last or time.monotonic() - self._published_s[name] >= every_s
            if is_new and is_due and self._turns.is_ours:
                value = _fitting(name, encode(self.learner.snapshot(name)))
                self.lease.check()  # a second learner may have gone on while this one slept
                await producer.send_and_wait(self.names("models"), value, key=name.encode())
                self.metrics.model_version.set(self.learner.version)
                self.metrics.model_published_s.set(self.clock())
                self._published_s[name] = time.monotonic()
                self._published_n[name] = self.learner.n_examples
                if name == STATE:
                    await self._commit(consumer)

    async def _look_whether_caught_up(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """Publish again once all that was stored at the take-over is learned, however few it is.

        Examples leave their topic after a while: one that starts anew may never come to as many as
        the served model has learned.
        """
        assert self._caught_up_at is not None
        if await consumer.position(self._place) < self._caught_up_at:
            return
        self._caught_up_at = None
        if self.learner.n_examples <= self._published_n[SERVING]:
            logger.info("learned all %d examples that are stored", self.learner.n_examples)
            self._published_n[SERVING] = min(self._published_n[SERVING], 0)

    async def _commit(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """Commit what is learned; a refusal means that the group has moved on without us."""
        number = self._turns.number
        try:
            await consumer.commit({self._place: self._next_offset()})
        except CommitFailedError:
            logger.warning(
                "the group did not hear from the learner for a session and gave its partition "
                "away; it goes on from the newest state when it is given it again"
            )
            self._turns.lost(number)

    async def _take_over(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """Go on from the newest state on `models`, at the offset it names."""
        snapshots = await self._newest_snapshots()
        state, newest = snapshots.get(STATE), snapshots.get(SERVING)
        n_served = 0 if newest is None else newest.n_examples
        self._caught_up_at = None
        if state is None:
            self.learner = self._untaught()
            await consumer.seek_to_beginning(self._place)
        else:
            try:
                self.learner = Learner.restore(
                    self.core.knrs,
                    self.core.vans,
                    state,
                    self.features,
                    sentence_model=self.core.catalogue.sentence_model,
                )
                consumer.seek(self._place, self._next_offset())
            except ModelError as error:
                logger.warning(
                    "starts anew from the stored examples, the state on `models` does not fit: %s; "
                    "workers rank by the newest model until it has caught up",
                    error,
                )
                self.learner = self._untaught()
                await consumer.seek_to_beginning(self._place)
            if self.learner.n_examples < n_served:
                end = await consumer.end_offsets([self._place])
                self._caught_up_at = end[self._place]
        for snapshot in snapshots.values():
            self.learner.know(snapshot)
        if newest is not None:
            self.learner.version = max(self.learner.version, newest.version)
        self._published_n = {
            # What workers have learned more than the state: it is learned again before it is sent.
            SERVING: max(self.learner.n_examples, n_served) if state is not None else 0,
            STATE: self.learner.n_examples,
        }
        logger.info("goes on after %d examples", self.learner.n_examples)

    def _untaught(self) -> Learner:
        return Learner(
            self.core.knrs,
            self.core.vans,
            self.features,
            sentence_model=self.core.catalogue.sentence_model,
        )

    def _next_offset(self) -> int:
        """Return where the examples go on that the learner has not learned.

        What it learned of an incarnation of the topic that is gone is no place in this one.
        """
        position = self.learner.applied.get(str(self._place.partition), -1)
        offset = self.incarnations.offset(self._place.topic, position)
        return 0 if offset is None else offset + 1

    async def _newest_snapshots(self) -> dict[str, ModelSnapshot]:
        """Read `models` from the start to its end, keeping the last of each name."""
        place = TopicPartition(self.names("models"), 0)
        # From the first message by the reset, not by a seek: aiokafka 0.14.0 lets a reset to the
        # end that is under way win over `seek_to_beginning`, and nothing is read.
        reader = aiokafka.AIOKafkaConsumer(
            group_id=None,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=17 << 20,
            isolation_level=READ_COMMITTED,
            **self.kafka.aiokafka_options(),
        )
        reading = Reading(self.metrics, self.gates, gate="models_readable")
        newest: dict[str, bytes] = {}
        await reader.start()
        try:
            reader.assign([place])
            end = (await reader.end_offsets([place]))[place]
            while await reader.position(place) < end and not self._stopping.is_set():
                records = await reading.fetch(reader, timeout_s=0.5, max_records=_MAX_RECORDS)
                for record in records.get(place, ()):
                    if record.key is not None and record.value is not None:
                        newest[record.key.decode()] = record.value
        finally:
            await reader.stop()
        limit = topic_named("models").max_message_bytes
        return {k: decode(ModelSnapshot, v, max_bytes=limit) for k, v in newest.items()}


def _fitting(name: str, value: bytes) -> bytes:
    """Return a snapshot that its topic takes, or say which settings make it too large."""
    most = topic_named("models").max_message_bytes
    if len(value) > most:
        msg = (
            f"a snapshot of {name!r} must fit a message of `models`, {most:,} bytes, got "
            f"{len(value):,}: lower vans.boost.window_rows or vans.forest.window_rows, which most "
            "of it is"
        )
        raise ConfigError(msg)
    return value
