"""Titles read by the sentence model, in a thread, by one worker for all of them.

The worker that owns partition 0 reads what has no vector yet, the newest first, and sends it on
`title-vectors`; every worker follows that topic whole. So a title is read once however many
workers there are, and a worker that starts has the vectors of all articles before it answers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from aiokafka.structs import ConsumerRecord
from mode import Service
from numpy.typing import NDArray

from cherryrec.catalogue import Sentences, UnreadTitle
from cherryrec.codec import decode
from cherryrec.errors import BadMessage
from cherryrec.events import TitleVector
from cherryrec.pipeline import Send
from cherryrec.text import (
    SENTENCE_DIMENSIONS,
    SentenceModel,
    load_sentence_model,
    sentence_version,
)
from cherryrec.topics import topic_named
from streams.engine import Metrics

__all__ = ["TitleReader", "TitleVectors"]

logger = logging.getLogger(__name__)

_EVERY_S = 0.2
_BATCH = 16
_AGAIN_S = 60.0
_PAUSE_S = 5.0


class TitleVectors:
    """Takes over the vectors of titles that come; its method doesn't raise.

    Parameters
    ----------
    sentences
        The catalogue's.
    metrics
        Where they are counted.
    """

    def __init__(self, sentences: Sentences, metrics: Metrics) -> None:
        self.sentences = sentences
        self.metrics = metrics
        self.version = sentence_version(sentences.model)
        self._limit = topic_named("title-vectors").max_message_bytes

    def follow(self, record: ConsumerRecord) -> None:
        """Take over a vector of the model that is set here, and of no other."""
        if record.value is None:
            return
        try:
            message = decode(TitleVector, record.value, max_bytes=self._limit)
            vector = _checked(message)
        except BadMessage as error:
            logger.error("title vector at offset %d is not followed: %s", record.offset, error)
            return
        if message.model == self.version:
            self.sentences.put(message.article_id, int(message.title, 16), vector)


class TitleReader(Service):
    """Reads titles that have no vector yet, and sends what the model makes of them.

    Parameters
    ----------
    vectors
        Which titles those are, and which model reads them.
    send
        Sends a message.
    is_ours
        Whether this worker is the one that reads.
    load
        Name → model; called in the thread, once there is something to read.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        vectors: TitleVectors,
        send: Callable[[Send], Awaitable[object]],
        is_ours: Callable[[], bool],
        *,
        load: Callable[[str], SentenceModel | None] = load_sentence_model,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.vectors = vectors
        self._send = send
        self._is_ours = is_ours
        self._load = load
        self._clock = clock
        self._sent: dict[tuple[str, int], float] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="titles")

    async def on_stop(self) -> None:
        """End the thread, after the title that it is at."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            try:
                n_read = await self.read_some() if self._is_ours() else 0
            except Exception:
                logger.exception(
                    "titles are not read by the sentence model %s: articles rank without; it is "
                    "tried again in %.0f s",
                    self.vectors.sentences.model,
                    _PAUSE_S,
                )
                self.vectors.metrics.title_failures.inc()
                await self.sleep(_PAUSE_S)
                continue
            if not n_read:
                await self.sleep(_EVERY_S)

    async def read_some(self) -> int:
        """Read and send the newest titles without a vector, a batch at most; return how many."""
        now = self._clock()
        self._sent = {one: at for one, at in self._sent.items() if now - at < _AGAIN_S}
        wanted = self.vectors.sentences.unread(_BATCH, but=self._sent.keys())
        if not wanted:
            return 0
        loop = asyncio.get_running_loop()
        read = await loop.run_in_executor(self._thread, self._read, wanted)
        for one, vector in zip(wanted, read, strict=True):
            event = TitleVector(
                article_id=one.article_id,
                model=self.vectors.version,
                title=f"{one.key:016x}",
                vector=vector.tobytes(),
            )
            await self._send(Send("title-vectors", one.article_id, event))
            self._sent[one.article_id, one.key] = now
        self.vectors.metrics.titles_read.inc(len(wanted))
        return len(wanted)

    def _read(self, wanted: Sequence[UnreadTitle]) -> list[NDArray[np.int8]]:
        model = self._load(self.vectors.sentences.model)
        assert model is not None, "a reader is made where a model is set"
        return [model.embed(one.title) for one in wanted]


def _checked(message: TitleVector) -> NDArray[np.int8]:
    """Return the vector of a message, or refuse it."""
    if len(message.vector) != SENTENCE_DIMENSIONS:
        msg = f"vector must be {SENTENCE_DIMENSIONS} bytes, got {len(message.vector)}"
        raise BadMessage(msg)
    try:
        is_key = 0 <= int(message.title, 16) < 1 << 64
    except ValueError:
        is_key = False
    if not is_key:
        msg = f"title must be a 64-bit hash in hexadecimal digits, got {message.title!r}"
        raise BadMessage(msg)
    return np.frombuffer(message.vector, np.int8)
