"""The gateway's parts, put together: what every route is given."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from aiokafka.structs import ConsumerRecord

from cherryrec.errors import CherryRecError, ServiceError
from cherryrec.pipeline import PipelineConfig
from cherryrec.supervised import Gates, TurnWatch
from cherryrec.topics import TopicNames
from cherryrec.tracing import Header, Tracer
from streams.agents import input_rules
from streams.config import KafkaConfig, StreamConfig
from streams.engine import end_as_signalled
from streams.gateway.articles import Articles
from streams.gateway.config import GatewayConfig
from streams.gateway.feed import Feed
from streams.gateway.inquiries import take_answer
from streams.gateway.keys import Keys
from streams.gateway.limits import CallLimits
from streams.gateway.metrics import GatewayMetrics
from streams.gateway.search import SlateSearch
from streams.gateway.slates import NewestSlates
from streams.gateway.transport import KafkaTransport, Outgoing, Transport
from streams.gateway.waiting import Waiting

__all__ = ["Gateway"]

logger = logging.getLogger(__name__)

MakeTransport = Callable[[Feed, Gates], Transport]


class Gateway:
    """All that a gateway knows and uses; constructing it connects to nothing.

    What wants to be told of records adds its handlers to `feed` before `start`.

    Parameters
    ----------
    kafka
        The cluster.
    config
        How it listens, whom it answers, how long it waits.
    stream
        Settings of the stream workers, by which they refuse events of a time to come.
    core
        Settings of the workers' core: their own deadline, what is live, how attention decays.
    clock
        Wall-clock time in epoch seconds.
    transport
        Makes what sends and feeds; absent: Kafka.
    tracer
        Makes spans of calls for slates; None: traces are off.
    """

    def __init__(
        self,
        kafka: KafkaConfig,
        config: GatewayConfig,
        *,
        stream: StreamConfig | None = None,
        core: PipelineConfig | None = None,
        clock: Callable[[], float] = time.time,
        transport: MakeTransport | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.kafka = kafka
        self.config = config
        self.stream = stream or StreamConfig()
        self.core = core or PipelineConfig()
        self.clock = clock
        self.tracer = tracer
        self.is_stopping: Callable[[], bool] = lambda: False
        """Whether the process is to end, as who serves it knows: what streams, ends then."""
        self.names = TopicNames(kafka.prefix)
        self.keys = Keys(config)
        self.limits = CallLimits(config.rate_per_s, burst=config.burst)
        self.metrics = GatewayMetrics()
        self.gates = Gates()
        self.has_failed = False
        self.loop_watch = TurnWatch(config.watchdog_s)
        self.rules = input_rules(
            max_future_s=self.stream.max_future_s, max_embargo_s=self.stream.max_embargo_s
        )
        self.feed = Feed()
        self.waiting = Waiting()
        self.inquiries = Waiting()
        self.slates = NewestSlates(config.max_users, config.max_slates_mb * 1_000_000)
        self.articles = Articles(self.core, self.rules["articles"])
        self.feed.add("recommendations", self._recommendation, newest=config.read_slates)
        self.feed.add("recommendations", self.articles.recommended, newest=0)
        self.feed.add(
            "inquiry-answers", lambda record: take_answer(record, self.inquiries), newest=0
        )
        self.feed.add("articles", self.articles.article)
        self.feed.add("article-activity", self.articles.activity)
        make = transport or self._kafka_transport
        self.transport = make(self.feed, self.gates)
        self.search = SlateSearch(self.transport, self.slates, within_s=config.search_s)
        self._show_numbers()

    async def start(self) -> None:
        """Begin to connect to Kafka."""
        await self.transport.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self.transport.stop()

    async def send_all(
        self, outgoing: Sequence[Outgoing], *, within_s: float | None = None
    ) -> list[CherryRecError | None]:
        """Send records and wait for Kafka's acknowledgements; see `Transport.send_all`."""
        results = await self.transport.send_all(outgoing, within_s=within_s)
        for one, result in zip(outgoing, results, strict=True):
            if isinstance(result, ServiceError):
                self.metrics.kafka_errors.labels(one.topic).inc()
        return results

    async def send(
        self,
        topic: str,
        key: str,
        value: bytes | None,
        headers: tuple[Header, ...] = (),
        *,
        within_s: float | None = None,
    ) -> None:
        """Send one record and wait for its acknowledgement, no longer than `within_s` seconds.

        Raises
        ------
        BadMessage
            It is larger than its topic takes.
        ServiceError
            Kafka has not acknowledged it; it may have it all the same.
        """
        outgoing = [Outgoing(topic, key.encode(), value, headers)]
        (result,) = await self.send_all(outgoing, within_s=within_s)
        if result is not None:
            raise result

    def wait_s(self, deadline_ms: int | None) -> float:
        """Return how long an answer is waited for, in seconds: the deadline, and some more.

        A request for an answer at once, with deadline 0, waits as long as one without a deadline,
        as it does at the workers.
        """
        own_ms = deadline_ms or self.core.evaluator.deadline_ms
        return min((own_ms + self.config.margin_ms) / 1_000.0, self.config.max_wait_s)

    def _recommendation(self, record: ConsumerRecord) -> None:
        """Remember a slate, and give it to who waits for it."""
        head = self.slates.take(record)
        if head is not None and record.value is not None:
            self.waiting.answer(head.request_id, head.user_id, record.value)

    def _kafka_transport(self, feed: Feed, gates: Gates) -> Transport:
        return KafkaTransport(
            self.kafka,
            feed,
            gates,
            ack_wait_s=self.config.ack_wait_s,
            stall_s=self.stream.follow_stall_s,
            end=self._fail,
        )

    def _fail(self, reason: str) -> None:
        """End the process, which a supervisor starts anew."""
        logger.critical(reason)
        self.has_failed = True
        end_as_signalled(within_s=self.config.stop_s)

    def _show_numbers(self) -> None:
        """Show what is counted elsewhere among the metrics."""
        show = self.metrics.show
        show("waiting", "Requests whose answer is waited for.", lambda: len(self.waiting))
        show("inquiries", "Inquiries whose answer is waited for.", lambda: len(self.inquiries))
        show("users", "Users whose newest slate is remembered.", lambda: len(self.slates))
        show("slate_bytes", "What their slates take.", lambda: self.slates.n_bytes)
        show(
            "users_forgotten",
            "Users whose newest slate was forgotten for lack of room.",
            lambda: self.slates.n_forgotten,
        )
