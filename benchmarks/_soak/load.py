"""Sends requests and events at their rates, and notes when each request is answered."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Awaitable
from typing import Any

import aiokafka
import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks._soak.readers import Message, Readers
from cherryrec.codec import encode
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig

__all__ = ["Load"]

_TICK_S = 0.005
_MAX_ANSWERS = 255


class _Item(msgspec.Struct):
    article_id: str


class _Answer(msgspec.Struct):
    """What is looked at of a recommendation."""

    request_id: str
    user_id: str
    slate: list[_Item]


_read_answer = msgspec.json.Decoder(_Answer).decode


class Load:
    """The readers' side of a soak.

    Parameters
    ----------
    kafka
        Where.
    readers
        Who.
    requests_per_s, events_per_s
        How often; above 0.
    """

    def __init__(
        self, kafka: KafkaConfig, readers: Readers, *, requests_per_s: float, events_per_s: float
    ) -> None:
        self.kafka = kafka
        self.readers = readers
        self.requests_per_s = requests_per_s
        self.events_per_s = events_per_s
        self.n_events = 0
        self.failures: list[str] = []
        self._names = TopicNames(kafka.prefix)
        self._began_s = time.monotonic()
        self._sent_s = array("d")
        self._waited_s = array("d")
        self._n_answers = array("B")
        self._producer: Any = None

    @property
    def passed_s(self) -> float:
        """Seconds since the first message."""
        return time.monotonic() - self._began_s

    @property
    def n_requests(self) -> int:
        """Requests sent."""
        return len(self._sent_s)

    @property
    def n_unanswered(self) -> int:
        """Requests without an answer so far."""
        return self._n_answers.count(0)

    @property
    def n_answered_again(self) -> int:
        """Requests with more than one answer."""
        return self.n_requests - self._n_answers.count(0) - self._n_answers.count(1)

    def latencies(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return when each request was sent, and how long it waited: seconds, NaN unanswered."""
        return np.array(self._sent_s), np.array(self._waited_s)

    async def run(self, lasts_s: float, *, give_up_s: float) -> None:
        """Send for a while, then wait until all is answered.

        Parameters
        ----------
        lasts_s
            How long is sent, in seconds.
        give_up_s
            How long the last answers are waited for after it, in seconds.
        """
        where = self.kafka.aiokafka_options()
        self._producer = aiokafka.AIOKafkaProducer(acks="all", **where)
        answers = aiokafka.AIOKafkaConsumer(
            self._names("recommendations"),
            fetch_max_wait_ms=10,
            max_partition_fetch_bytes=17 << 20,
            **where,
        )
        await self._producer.start()
        await answers.start()
        try:
            await answers.seek_to_end()
            for message in self.readers.first(time.time()):
                await self._send(message)
            await self._producer.flush()
            reading = asyncio.create_task(self._read(answers))
            try:
                await self._send_until(lasts_s)
                until_s = time.monotonic() + give_up_s
                while self.n_unanswered and time.monotonic() < until_s and not reading.done():
                    await asyncio.sleep(0.1)
            finally:
                reading.cancel()
                await asyncio.wait([reading])
                if not reading.cancelled() and (error := reading.exception()) is not None:
                    raise error
        finally:
            await answers.stop()
            await self._producer.stop()

    async def _send_until(self, lasts_s: float) -> None:
        self._began_s = time.monotonic()
        n_slots = 0
        while (passed_s := self.passed_s) < lasts_s:
            while self.n_requests < self.requests_per_s * passed_s:
                await self._ask()
            while n_slots < self.events_per_s * passed_s:
                for message in self.readers.event(time.time()):
                    await self._send(message)
                    self.n_events += 1
                    n_slots += 1
            await asyncio.sleep(_TICK_S)

    async def _ask(self) -> None:
        request = self.readers.request(self.n_requests, time.time())
        self._n_answers.append(0)
        self._waited_s.append(np.nan)
        self._sent_s.append(self.passed_s)
        await self._send(("requests", request.user_id, request))

    async def _send(self, message: Message) -> None:
        topic, key, event = message
        value = None if event is None else encode(event)
        sent: Awaitable[Any] = await self._producer.send(
            self._names(topic), value, key=key.encode()
        )
        asyncio.ensure_future(sent).add_done_callback(self._sent)

    def _sent(self, done: asyncio.Future[Any]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self.failures.append(repr(error))

    async def _read(self, answers: Any) -> None:
        async for record in answers:
            if record.value is None:
                continue
            answer = _read_answer(record.value)
            number, now_s = int(answer.request_id[1:]), self.passed_s
            n = self._n_answers[number]
            self._n_answers[number] = min(n + 1, _MAX_ANSWERS)
            if n == 0:
                self._waited_s[number] = now_s - self._sent_s[number]
                slate = [item.article_id for item in answer.slate]
                self.readers.see(answer.user_id, answer.request_id, slate, time.time())
