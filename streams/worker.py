"""The stream worker: app, tables, core, agents and the services around them, put together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from faust.types import StreamT
from mode.types import ServiceT

from cherryrec.errors import ServiceError
from cherryrec.events import Deadline, FeedbackTick, instant
from cherryrec.learner import Learner, vans_features
from cherryrec.pipeline import Effects, Models, Pending, Pipeline, PipelineConfig, Send
from cherryrec.supervised import Lookout, TurnWatch
from cherryrec.topics import ERASABLE, TopicNames
from cherryrec.tracing import Tracer
from streams.agents import Agent, AgentSpec, agent_specs
from streams.config import KafkaConfig, StreamConfig
from streams.deadlines import DeadlineTimer
from streams.engine import (
    Arrivals,
    BrokerClock,
    DeadLetters,
    EngineSettings,
    FastProducer,
    Gates,
    HealthServer,
    Metrics,
    Mover,
    Reading,
    RecoveredHook,
    StateTable,
    Watchdog,
    create_faust_app,
    end_as_signalled,
    raw_topic,
    run_worker,
    spare_collections,
    state_table,
)
from streams.follow_watch import FollowWatch
from streams.followed_topics import FollowedTopics
from streams.follower import Follower
from streams.heartbeats import Heartbeats
from streams.identity import identity_of, take_folder
from streams.incarnations import Incarnations, find_incarnations, topics_read
from streams.metering import Metering
from streams.model_age import ModelAge
from streams.outbox import Outbox
from streams.partition_counts import (
    PartitionWatch,
    counts_asker,
    require_partition_counts,
    stream_counts,
)
from streams.pending_acks import PendingAcks
from streams.store import TableStore
from streams.ticks import Ticks
from streams.title_vectors import TitleReader
from streams.tracing import TRACED, request_traces
from streams.warm_up import warm_up

__all__ = ["StreamWorker"]

logger = logging.getLogger(__name__)

END_S = 15.0
"""How long a worker that ends for a reason of its own may take; a group that is rebalanced with
partition counts that do not agree may never come to rest."""

CO_READS_READ = 65_536
"""Clicks that pairs are counted from at a start, the newest."""

SLATES_READ = 2
"""Windows of labelled slates that a worker starts with: one, and room for corrections between."""


class StreamWorker:
    """One stream worker; constructing it connects to nothing, `run` runs it.

    Parameters
    ----------
    kafka
        The cluster.
    stream
        How this process runs.
    core
        Settings of the pipeline.
    clock
        Wall-clock time in epoch seconds.
    store
        `rocksdb://`, or `memory://` in tests.
    tracer
        Makes spans of requests; None: traces are off.
    """

    def __init__(
        self,
        kafka: KafkaConfig,
        stream: StreamConfig,
        core: PipelineConfig,
        *,
        clock: Callable[[], float] = time.time,
        store: str = "rocksdb://",
        tracer: Tracer | None = None,
    ) -> None:
        self.kafka = kafka
        self.stream = stream
        self.core = core
        self.names = TopicNames(kafka.prefix)
        self.clock = clock
        self.incarnations = Incarnations()
        self.metrics = Metrics()
        self.metering = Metering(self.metrics)
        self.arrivals = Arrivals(clock, self.metrics)
        self.gates = Gates(
            followed="articles, activity and models are being read",
            assigned="no partitions are assigned yet",
        )
        self.app = create_faust_app(
            EngineSettings(
                group=f"{kafka.prefix}stream",
                bootstrap_servers=kafka.bootstrap_servers,
                data_dir=stream.data_dir,
                partitions=kafka.partitions,
                replication_factor=kafka.replication,
                security=kafka.security,
                session_timeout_s=stream.session_timeout_s,
                store=store,
            )
        )
        self.app.reading = Reading(self.metrics, self.gates)
        self.producer = FastProducer(self.app)
        self.mover = Mover(self.producer, n_partitions=kafka.partitions)
        self.broker_clock = BrokerClock(clock)
        self.profiles_table = self._table("profiles")
        self.requests_table = self._table("requests", on_recovered=self._on_recovered)
        self.profiles = TableStore(self.profiles_table)
        self.requests = TableStore(self.requests_table)
        self.pipeline = Pipeline(
            core,
            Models(scorer=Learner(core.knrs, core.vans, vans_features(core.catalogue)).vans),
            profiles=self.profiles,
            requests=self.requests,
        )
        self.metrics.embargoed.set_function(lambda: len(self.pipeline.catalogue.embargo))
        self.metrics.drawn_share.set_function(lambda: self.pipeline.lessons.latest)
        self.metrics.titles_unread.set_function(lambda: self.pipeline.catalogue.sentences.n_unread)
        self.traces = request_traces(tracer, self.pipeline, self.names, self.broker_clock)
        self.owned: frozenset[int] = frozenset()
        self._has_failed = False
        self.may_start = asyncio.Event()
        specs = tuple(
            agent_specs(
                self.pipeline,
                clock=clock,
                broker_clock=self.broker_clock,
                config=stream,
                count_title=self.metering.title,
            )
        )
        self.rules = {spec.rules.topic: spec.rules for spec in specs}
        self.model_age = ModelAge(stream.model_stale_s)
        self.outbox = Outbox(
            self.producer,
            self.names,
            metrics=self.metrics,
            model_age=self.model_age,
            broker_clock=self.broker_clock,
            clock=clock,
            traces=self.traces,
        )
        self.followed = followed = FollowedTopics(
            self.pipeline,
            self.rules["articles"],
            core.vans,
            metrics=self.metrics,
            arrivals=self.arrivals,
            model_age=self.model_age,
            is_ours=self._is_ours,
        )
        self.follower = Follower(
            followed.by_topic(self.names),
            kafka.aiokafka_options(),
            newest={
                self.names("labelled-slates"): SLATES_READ * core.slates.max_slates,
                self.names("co-reads"): CO_READS_READ,
            },
            reading=Reading(self.metrics, self.gates, gate="followed_readable"),
        )
        self.follow_watch = FollowWatch(
            self.follower,
            self.model_age,
            gates=self.gates,
            metrics=self.metrics,
            stall_s=stream.follow_stall_s,
            clock=clock,
        )
        self.pending_acks = PendingAcks(self.flush, every_s=stream.activity_flush_s)
        self.deadlines = DeadlineTimer(self._announce, clock=clock, every_s=stream.deadline_check_s)
        self.ticks = Ticks(self._tick, every_s=stream.tick_s)
        heartbeats = Heartbeats(
            self.producer,
            [kafka.prefix + name for name in ERASABLE],
            lambda: self.owned,
            (self.profiles_table, self.requests_table),
        )
        self.heartbeats = Ticks(heartbeats.beat, every_s=stream.heartbeat_s)
        self.dead_letters = DeadLetters(
            self.producer, topic=self.names("dead-letters"), clock=clock
        )
        self.turns = TurnWatch(stream.watchdog_s)
        self.health = HealthServer(
            self.gates,
            self.metrics,
            host=stream.http_host,
            port=stream.http_port,
            is_alive=self.turns.is_turning,
        )
        for spec in specs:
            self._add_agent(spec)

    def _table(self, name: str, *, on_recovered: RecoveredHook | None = None) -> StateTable:
        return state_table(
            self.app,
            name,
            on_recovered=on_recovered,
            gates=self.gates,
            metrics=self.metrics,
            max_unstored_bytes=self.stream.max_unstored_bytes,
        )

    def _end(self, _: str) -> None:
        """End as on a signal, and say that it was none."""
        self._has_failed = True
        end_as_signalled(within_s=END_S)

    def run(self) -> int:
        """Run until SIGTERM, SIGINT or a failure; return the exit code.

        Raises
        ------
        ServiceError
            The data folder cannot be made, Kafka does not answer, or a topic has another partition
            count than it must have.
        """
        try:
            self.stream.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"data_dir {str(self.stream.data_dir)!r} must be a writable folder: {error}"
            raise ServiceError(msg) from error
        require_partition_counts(self.kafka, stream_counts(self.kafka))
        self.incarnations = find_incarnations(self.kafka, clock=self.clock)
        self.app.marks = self.incarnations
        take_folder(self.stream.data_dir, identity_of(self.kafka, self.incarnations.cluster))
        logger.info("compiling loops, unless that has been done: a minute at the first start")
        started = time.perf_counter()
        warm_up(self.core)
        logger.info("compiled loops are ready after %.1f s", time.perf_counter() - started)
        spare_collections()  # Faust collects once a table and rebalance, to close what it dropped
        lookout = Lookout(
            self.kafka.client_options(),
            topics_read(self.kafka, self.rules),
            gates=self.gates,
            known=self.incarnations.cluster,
        )
        lookout.start()
        try:
            code = run_worker(
                self.app, *self.services(), turns=self.turns, stop_s=self.stream.stop_s
            )
            return 1 if self._has_failed else code
        finally:
            lookout.stop()

    def services(self) -> Sequence[ServiceT]:
        """Return what runs beside the app."""
        app, watched = self.app, self.stream.watchdog_s
        watchdog = Watchdog(app, stall_s=watched, metrics=self.metrics)
        wanted = stream_counts(self.kafka)
        counts = PartitionWatch(counts_asker(self.kafka, wanted), wanted, self.gates, end=self._end)
        beside = self.health, self.follower, self.follow_watch, self.pending_acks, self.deadlines
        timers = self.ticks, self.heartbeats, counts
        titles = self.followed.titles
        reader = [] if titles is None else [TitleReader(titles, self.outbox.send, self._reads)]
        return [app.lease, *beside, *timers, *reader, watchdog]

    async def deliver(self, effects: Sequence[Effects]) -> None:
        """Send what followed from a batch, and hand its state to the changelog.

        An ended request is forgotten only when its example and labels are acknowledged, an erased
        user sealed only when the deletion is.
        """
        deliveries = []
        for one in effects:
            for send in one.sends:
                delivery = await self.outbox.send(send, one.headers)
                if send.topic in {"examples", "labelled-slates"}:
                    deliveries.append(delivery)
            if one.pending is not None:
                self.deadlines.watch(one.pending)
            self.metering.effects(one)
        if deliveries:
            await asyncio.gather(*deliveries)
        for one in effects:
            self.pipeline.forget(one.closed)
        await self.profiles.drain()
        await self.requests.drain()
        if erased := [one.erased for one in effects if one.erased is not None]:
            await self.producer.flush()
            for user in erased:
                self.pipeline.seal(user)
            await self.requests.drain()

    async def flush(self) -> None:
        """Send this worker's counters, and store the event time that they belong to, safely."""
        deliveries = []
        for partition in sorted(self.owned):  # one at a time: a request waits for one at most
            await self.requests.drain()  # states first: none may be older than the time stored
            if partition in self.owned:  # another may have it since the last turn
                deliveries += await self.outbox.send_all(self.pipeline.flush([partition]))
        await asyncio.gather(*deliveries, self.requests.drain())

    def _position(self, topic: str, offset: int) -> int:
        return self.incarnations.position(topic, offset)

    def _add_agent(self, spec: AgentSpec) -> None:
        agent = Agent(
            spec.rules,
            spec.apply,
            deliver=self.deliver,
            may_start=self.may_start,
            dead_letters=self.dead_letters,
            metrics=self.metrics,
            arrivals=self.arrivals,
            mover=self.mover,
            max_batch=min(self.stream.max_batch, spec.most_at_once or self.stream.max_batch),
            hold=self.pending_acks.hold if spec.is_held else None,
            position=self._position,
            clock=self.clock,
            answer=spec.answer,
            traces=self.traces if spec.rules.topic in TRACED else None,
            yield_every=spec.yield_every,
            pause_s=spec.pause_s,
        )

        async def run(stream: StreamT[bytes]) -> None:
            await agent.run(stream)

        topic = raw_topic(self.app, self.names(spec.rules.topic))
        self.app.agent(topic, name=f"cherryrec-{spec.rules.topic}", concurrency=1)(run)

    async def _on_recovered(self, partitions: frozenset[int]) -> None:
        """Take over partitions: their counters as flushed, windows and deadlines as stored."""
        gained = partitions & self.requests_table.partitions_gained
        self.owned = partitions - gained
        await self.follower.catch_up()
        self.gates.open("followed")
        restored: list[Pending] = []
        for partition in sorted(gained):
            items = ((k.decode(), v) for k, v in self.requests_table.items(partition))
            restored += self.pipeline.restore(partition, items)
        self.owned = partitions
        self.pipeline.own(len(partitions) / self.kafka.partitions)
        self.deadlines.keep(partitions, restored)
        self.gates.open("assigned")
        spare_collections()
        self.may_start.set()
        logger.info("owns partitions %s", sorted(partitions))

    def _reads(self) -> bool:
        return 0 in self.owned  # one worker reads titles for all

    def _is_ours(self, partition: int) -> bool:
        """Whether a partition is counted here: as assigned, recovered or not."""
        table = self.requests_table
        return partition in table.partitions_owned - table.partitions_gained

    async def _announce(self, pending: Pending) -> None:
        if pending.partition in self.owned:
            event = Deadline(request_id=pending.request_id, user_id=pending.user_id)
            send = Send("deadlines", pending.user_id, event, pending.partition)
            await self.outbox.send(send, pending.headers)

    async def _tick(self) -> None:
        time_s = self.pipeline.newest_s - self.stream.tick_grace_s
        if time_s > 0:
            for partition in sorted(self.owned):
                event = FeedbackTick(partition=partition, time=instant(time_s))
                await self.outbox.send(Send("feedback", str(partition), event, partition))
