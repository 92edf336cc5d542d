"""The consumer loop: evaluation requests in, evaluations out, offsets after the answers.

At least once: an offset is committed only when the answers to it and to everything before it are
acknowledged by the broker. A request that is delivered again is answered again with the same
request id, and VaNS takes the first.

The model computes in a thread of its own. While it does, the loop goes on polling, its partitions
held, so that the group finds this worker there and a rebalance does not wait for a batch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any, NamedTuple, TypeVar

from kafka import KafkaConsumer, KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata, TopicPartition

from cherryrec.codec import dead_letter, decode
from cherryrec.errors import BadMessage, ServiceError
from cherryrec.events import EvaluationRequest
from cherryrec.supervised import connected
from cherryrec.topics import TopicNames
from cherryrec.tracing import Span, Tracer
from gpu_worker.backends import Backend
from gpu_worker.config import GpuConfig
from gpu_worker.counts import WorkerState
from gpu_worker.evaluator import Evaluator
from gpu_worker.lora_swaps import LoraSwaps
from gpu_worker.lora_topic import LoraTopic
from gpu_worker.offsets import AnsweredOffsets
from gpu_worker.pending_requests import Answer
from gpu_worker.reading import READ_COMMITTED, Reading
from gpu_worker.rebalance import Revocations, poll_or_rejoin
from gpu_worker.sending import ACKNOWLEDGE_S, Message, Producer, send_acknowledged
from gpu_worker.tracing import EvaluationTraces, Question

__all__ = ["GROUP", "EvaluationLoop"]

logger = logging.getLogger(__name__)

GROUP = "gpu-worker"
"""Consumer group under the topic prefix: all gpu workers share the requests."""

_IDLE_POLL_S = 0.25
_SHORTEST_POLL_S = 0.001
_HELD_POLL_S = 0.05
_POLL_EVERY_S = 0.25
_MOST_RECORDS = 500

_OVERTAKEN = (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
"""What a commit raises when the group has moved on."""

T = TypeVar("T")
Partition = tuple[str, int]


class Place(NamedTuple):
    """Where a request lay, and what its trace needs; None where traces are off."""

    partition: Partition
    offset: int
    question: Question | None = None


class EvaluationLoop:
    """One worker of the group `gpu-worker`.

    Parameters
    ----------
    backend
        The model, loaded.
    config
        Batching, cache and prompt settings.
    topics
        Full topic names.
    client_kwargs
        kafka-python's settings common to consumer and producer: bootstrap servers, security.
    state
        What probes and metrics read.
    tracer
        Makes spans of questions; None: traces are off.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        config: GpuConfig,
        topics: TopicNames,
        client_kwargs: Mapping[str, Any],
        state: WorkerState | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._config = config
        self._topics = topics
        self._client_kwargs = dict(client_kwargs)
        self._evaluator = Evaluator[Place](backend, config=config, clock=time.monotonic)
        self._traces = None if tracer is None else EvaluationTraces(tracer)
        self._offsets = AnsweredOffsets()
        self._revocations = Revocations()
        self._reading = Reading()
        self._backlog: deque[ConsumerRecord] = deque()
        self._left: set[Partition] = set()
        self._is_computing = False
        self._polled_at = float("-inf")
        self._stop = threading.Event()
        self.state = state or WorkerState()
        self.state.counts = self._evaluator.counts
        self.state.cache = self._evaluator.cache
        self.state.model = backend.version
        self._lora = LoraTopic(topics("lora-weights"), client_kwargs=client_kwargs)
        self._swaps = LoraSwaps(backend, lora_path=config.lora_path, state=self.state)

    @property
    def topic(self) -> str:
        """Full name of the topic it reads."""
        return self._topics("evaluation-requests")

    def stop(self) -> None:
        """End `run` after the batch in hand; may be called from any thread or a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`.

        Raises
        ------
        ServiceError
            The broker does not answer, or `max_failures` batches failed in a row.
        """
        with ExitStack() as stack:
            model = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="model"))
            producer, consumer = self._connected(stack)
            stack.callback(setattr, self.state, "is_ready", False)
            try:
                published = self._lora.until_now()
                model.submit(self._swaps.follow, published).result()
                _subscribe(consumer, self._topics, self._revocations)
                while not self._stop.is_set():
                    self._step(consumer, producer, model)
            except KafkaError as error:
                msg = f"Kafka failed under the gpu worker: {error}"
                raise ServiceError(msg) from error
        # What waits in memory is not committed: another worker, or the next run, answers it.

    def _connected(self, stack: ExitStack) -> tuple[Producer, KafkaConsumer]:
        """Connect to Kafka; the stack closes what was opened."""
        try:
            producer = connected(KafkaProducer, **self._client_kwargs)
            stack.callback(producer.close, timeout=ACKNOWLEDGE_S)
            consumer = connected(
                KafkaConsumer,
                **self._client_kwargs,
                group_id=f"{self._topics.prefix}{GROUP}",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                session_timeout_ms=10_000,
                max_poll_interval_ms=600_000,
                isolation_level=READ_COMMITTED,
            )
            stack.callback(consumer.close, autocommit=False, timeout_ms=5_000)
            self._lora.connect(stack)
        except (KafkaError, ValueError, OSError) as error:
            servers = self._client_kwargs.get("bootstrap_servers")
            msg = f"cannot connect to Kafka at {servers!r}: {error}"
            raise ServiceError(msg) from error
        return producer, consumer

    def _step(self, consumer: KafkaConsumer, producer: Producer, model: Executor) -> None:
        """Swap weights, read what there is room for, judge one batch if it is due, send, commit."""
        self.state.last_step_at = time.monotonic()
        published = self._lora.poll()
        if published:
            self._beside(consumer, model, lambda: self._swaps.follow(published))
        if self._evaluator.room and not self._backlog:
            self._poll(consumer, wait_s=self._poll_s(), max_records=self._evaluator.room)
        answers: list[Answer[Place]] = []
        while self._backlog and self._evaluator.room:
            answers += self._submit(self._backlog.popleft(), producer)
        if self._evaluator.wait_s() == 0:
            answers += self._beside(consumer, model, self._evaluator.run_due)
        self.state.pending = self._evaluator.n_pending + len(self._backlog)
        self._send(answers, producer)
        self._commit(consumer)
        failures = self._evaluator.counts.failures_in_a_row
        if failures >= self._config.max_failures:
            msg = f"{failures} batches failed in a row: see the log above for the model's errors"
            raise ServiceError(msg)

    def _beside(self, consumer: KafkaConsumer, model: Executor, work: Callable[[], T]) -> T:
        """Have the model's thread do something, and stay in the group meanwhile.

        What is polled although partitions are held, of one that has just come, is kept. The
        evaluator is the other thread's until the work is done: what it holds of partitions that
        leave is given away after that.
        """
        room = max(1, self._evaluator.room)
        self._is_computing, is_held = True, False
        work_done = model.submit(work)
        while not wait([work_done], self._polled_at + _POLL_EVERY_S - time.monotonic()).done:
            self._reading.hold(consumer)
            is_held = True
            self._poll(consumer, wait_s=_HELD_POLL_S, max_records=room)
        self._is_computing = False
        if is_held:
            self._reading.release(consumer)
            self._forget_revoked()
        return work_done.result()

    def _poll(self, consumer: KafkaConsumer, *, wait_s: float, max_records: int) -> None:
        """Poll once; forget what has left, then keep what came."""
        polled = poll_or_rejoin(
            consumer,
            self._revocations,
            self._reading,
            wait_s=wait_s,
            max_records=min(max_records, _MOST_RECORDS),
        )
        self._polled_at = time.monotonic()
        self._forget_revoked()
        self._backlog.extend(record for records in polled.values() for record in records)
        self.state.unreadable = self._reading.reason
        self.state.unreadable_batches = self._reading.n_unreadable
        self.state.is_ready = self._revocations.has_joined and not self.state.unreadable

    def _poll_s(self) -> float:
        """How long to wait for requests: until the next batch is due."""
        wait_s = self._evaluator.wait_s()
        return _IDLE_POLL_S if wait_s is None else min(max(wait_s, _SHORTEST_POLL_S), _IDLE_POLL_S)

    def _submit(self, record: ConsumerRecord, producer: Producer) -> list[Answer[Place]]:
        """Decode one record and take it in; what cannot be decoded becomes a dead letter."""
        partition = (record.topic, record.partition)
        self._offsets.start(partition, record.offset)
        now = time.time()
        try:
            request = decode(EvaluationRequest, record.value)
        except BadMessage as error:
            letter = dead_letter(
                str(error),
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=record.key,
                value=record.value,
                received_s=now,
            )
            send_acknowledged(producer, self._topics, [Message("dead-letters", record.key, letter)])
            self._offsets.finish(partition, record.offset)
            self.state.dead_letters += 1
            return []
        place = Place(partition, record.offset, self._question(record))
        return self._evaluator.submit(request, place, wall_s=now)

    def _question(self, record: ConsumerRecord) -> Question | None:
        """Note what the trace of a question needs."""
        if self._traces is None:
            return None
        return self._traces.question(
            record.headers, stamped_ms=record.timestamp, timestamp_type=record.timestamp_type
        )

    def _send(self, answers: list[Answer[Place]], producer: Producer) -> None:
        """Send evaluations, wait for their acknowledgement, then call their requests answered.

        They go to the partition of their requests: who asked there waits there.
        """
        spans = [self._span(answer) for answer in answers]
        send_acknowledged(
            producer,
            self._topics,
            [
                Message(
                    "evaluations",
                    answer.evaluation.user_id.encode(),
                    answer.evaluation,
                    answer.source.partition[1],
                    () if span is None else span.headers,
                )
                for answer, span in zip(answers, spans, strict=True)
            ],
        )
        for answer, span in zip(answers, spans, strict=True):
            self._offsets.finish(answer.source.partition, answer.source.offset)
            if span is not None and self._traces is not None:
                self._traces.sent(span, answer.evaluation)

    def _span(self, answer: Answer[Place]) -> Span | None:
        """Begin the span of an answer's question."""
        question = answer.source.question
        if self._traces is None or question is None:
            return None
        return self._traces.answered(question, answer.evaluation, n_batch=answer.n_batch)

    def _commit(self, consumer: KafkaConsumer) -> None:
        """Commit what is answered, of the partitions that are still ours."""
        self._forget_revoked()
        moved = self._offsets.committable()
        if not moved or self._revocations.is_rebalancing:
            return
        try:
            consumer.commit(
                {
                    TopicPartition(*partition): OffsetAndMetadata(upto, "", -1)
                    for partition, upto in moved.items()
                }
            )
        except _OVERTAKEN:
            # The group moved on while the model ran: whoever reads now answers again.
            logger.warning("commit refused after a rebalance; %d partitions", len(moved))
        else:
            self._offsets.committed(moved)

    def _forget_revoked(self) -> None:
        """Give up partitions that left us, with what waits of them: others answer it."""
        gone = self._revocations.drain()
        if gone:
            self._left |= gone
            self._offsets.forget(gone)
            self._backlog = deque(
                one for one in self._backlog if (one.topic, one.partition) not in gone
            )
        if self._left and not self._is_computing:
            left, self._left = self._left, set()
            self._evaluator.give_away(lambda place: place.partition in left)


def _subscribe(consumer: KafkaConsumer, topics: TopicNames, listener: Revocations) -> None:
    """Join the group, with the topic's partitions known: without them it is joined twice.

    Raises
    ------
    ServiceError
        A topic is not there, or answers have fewer or more partitions than questions: they go to
        the partition of theirs.
    """
    counts = {}
    for name in ("evaluation-requests", "evaluations"):
        topic = topics(name)
        counts[topic] = len(consumer.partitions_for_topic(topic) or ())
        if not counts[topic]:
            msg = f"topic {topic!r} must be there: run `cherryrec topics create`"
            raise ServiceError(msg)
    (questions, n), (answers, got) = counts.items()
    if got != n:
        msg = (
            f"topic {answers!r} must have {n} partitions, as {questions!r} has, got {got}: see "
            "«Partition counts» in docs/kafka.md"
        )
        raise ServiceError(msg)
    consumer.subscribe([questions], listener=listener)
