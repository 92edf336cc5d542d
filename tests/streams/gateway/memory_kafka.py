"""A Kafka in memory: keeps what the gateway sends, and feeds it what a test publishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from aiokafka.structs import ConsumerRecord

from cherryrec.codec import encode
from cherryrec.errors import CherryRecError, ServiceError
from cherryrec.events import Event, InquiryAnswer
from cherryrec.supervised import Gates
from cherryrec.topics import topic_named
from cherryrec.tracing import Header
from streams.gateway.feed import Feed
from streams.gateway.transport import Outgoing

Sent = tuple[str, bytes, bytes | None]


def record(
    topic: str, key: bytes | None, value: bytes | None, *, offset: int = 0, at_s: float = 0.0
) -> ConsumerRecord:
    return ConsumerRecord(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=round(1_000 * at_s),
        timestamp_type=1,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=len(key or b""),
        serialized_value_size=len(value or b""),
        headers=(),
    )


class MemoryKafka:
    """A `Transport` that acknowledges at once; `answer` says what workers publish of it."""

    def __init__(self, feed: Feed, gates: Gates) -> None:
        self.feed = feed
        self.gates = gates
        self.sent: list[Sent] = []
        self.headers: list[tuple[Header, ...]] = []
        self.fails_with = ""
        self.answer: Callable[[Sent], Event | None] = lambda _: None
        self.records: list[ConsumerRecord] = []
        self.n_searches = 0
        self.ack_s = 0.0
        self.is_lost_as = ""
        self._offset = 0

    async def start(self) -> None:
        self.gates.open("connected")

    async def stop(self) -> None:
        self.gates.close("connected", "stopped")

    async def send_all(
        self, outgoing: Sequence[Outgoing], *, within_s: float | None = None
    ) -> list[CherryRecError | None]:
        wait_s = self.ack_s if within_s is None else min(self.ack_s, within_s)
        await asyncio.sleep(wait_s)
        failure = self.fails_with or ("not in time" if wait_s < self.ack_s else "")
        if failure:
            return [ServiceError(failure) for _ in outgoing]
        for one in outgoing:
            self.sent.append((one.topic, one.key, one.value))
            self.headers.append(one.headers)
            event = self.answer(self.sent[-1])
            if event is not None:
                is_inquirys = isinstance(event, InquiryAnswer)
                self.publish("inquiry-answers" if is_inquirys else "recommendations", event)
        lost = ServiceError(self.is_lost_as) if self.is_lost_as else None
        return [lost] * len(outgoing)

    async def newest_first(self, topic: str, key: bytes | None) -> AsyncGenerator[ConsumerRecord]:
        if self.fails_with:
            raise ServiceError(self.fails_with)
        self.n_searches += 1
        for one in reversed(self.records):
            if one.topic == topic:
                yield one

    def publish(self, topic: str, event: Event, *, at_s: float = 0.0) -> None:
        self.put(topic, topic_named(topic).key_of(event), encode(event), at_s=at_s)

    def put(self, topic: str, key: bytes | None, value: bytes | None, *, at_s: float = 0.0) -> None:
        self._offset += 1
        one = record(topic, key, value, offset=self._offset, at_s=at_s)
        self.records.append(one)
        self.feed.take(topic, one)
