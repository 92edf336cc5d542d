"""Titles read once for all workers: in batches, in a thread, and again where nothing came back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.catalogue import Sentences
from cherryrec.codec import encode
from cherryrec.events import TitleVector
from cherryrec.pipeline import Send
from cherryrec.text import SENTENCE_DIMENSIONS, SentenceModel, stable_hash
from streams.engine import Metrics
from streams.title_vectors import TitleReader, TitleVectors


@dataclass
class Record:
    value: bytes | None
    offset: int = 0


def read(text: str) -> NDArray[np.float32]:
    vector = np.zeros(SENTENCE_DIMENSIONS, np.float32)
    vector[len(text)] = 1.0
    return vector


@dataclass
class World:
    """Titles, a reader of them, and what it sent."""

    n_titles: int = 0
    load: Callable[[str], SentenceModel | None] = lambda _: SentenceModel("minilm/1.0.0", read)
    is_ours: bool = True
    now: float = 0.0
    sent: list[Send] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sentences = Sentences("minilm", 64, max_rows=64)
        self.metrics = Metrics()
        self.vectors = TitleVectors(self.sentences, self.metrics)
        for row in range(self.n_titles):
            self.sentences.publish(row, f"a{row}", "x" * (row + 1))
        self.reader = TitleReader(
            self.vectors,
            self.send,
            lambda: self.is_ours,
            load=self.load,
            clock=lambda: self.now,
        )

    async def send(self, send: Send) -> None:
        self.sent.append(send)

    def follow_all(self) -> None:
        for number, one in enumerate(self.sent):
            self.vectors.follow(Record(encode(one.event), number))  # type: ignore[arg-type]

    async def run_until(self, is_so: Callable[[], bool]) -> None:
        async with self.reader:
            for _ in range(500):
                if is_so():
                    return
                await asyncio.sleep(0.01)
        pytest.fail("it has not come to that")


async def test_every_title_is_read_for_all() -> None:
    world = World(n_titles=40)

    await world.run_until(lambda: len(world.sent) == 40)
    world.follow_all()

    assert world.sentences.n_unread == 0
    assert {one.key for one in world.sent} == {f"a{k}" for k in range(40)}
    assert {one.topic for one in world.sent} == {"title-vectors"}
    assert world.metrics.titles_read._value.get() == 40


async def test_the_newest_come_first() -> None:
    world = World(n_titles=40)

    await world.reader.read_some()

    assert [one.key for one in world.sent] == [f"a{k}" for k in range(39, 23, -1)]


async def test_another_worker_follows_what_it_has_not_read() -> None:
    one, other = World(n_titles=5), World(n_titles=5, is_ours=False)
    await one.run_until(lambda: len(one.sent) == 5)

    other.sent = one.sent
    other.follow_all()

    assert other.sentences.n_unread == 0
    rows = np.arange(5)
    one.follow_all()
    found, wanted = (w.sentences.centred(rows) for w in (other, one))
    assert (found == wanted).all()


async def test_who_does_not_own_the_first_partition_reads_nothing() -> None:
    loaded: list[str] = []

    def load(name: str) -> None:
        loaded.append(name)

    world = World(n_titles=5, is_ours=False, load=load)

    async with world.reader:
        await asyncio.sleep(0.5)

    assert (world.sent, loaded) == ([], [])


async def test_what_is_sent_is_not_read_again_until_it_is_lost() -> None:
    world = World(n_titles=3)

    assert await world.reader.read_some() == 3
    assert await world.reader.read_some() == 0
    world.now = 61.0
    assert await world.reader.read_some() == 3
    world.follow_all()
    world.now = 200.0
    assert await world.reader.read_some() == 0


async def test_the_loop_turns_while_a_title_is_read() -> None:
    may_end = threading.Event()

    def slow(text: str) -> NDArray[np.float32]:
        assert may_end.wait(10.0)
        return read(text)

    world = World(n_titles=1, load=lambda _: SentenceModel("minilm/1.0.0", slow))
    reading = asyncio.ensure_future(world.reader.read_some())
    await asyncio.sleep(0.05)

    assert not reading.done()
    may_end.set()
    assert await reading == 1


async def test_a_model_that_fails_is_said_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("streams.title_vectors._PAUSE_S", 0.01)
    failures = iter([OSError("no room for it")])

    def load(_: str) -> SentenceModel:
        if (failure := next(failures, None)) is not None:
            raise failure
        return SentenceModel("minilm/1.0.0", read)

    world = World(n_titles=2, load=load)
    await world.run_until(lambda: len(world.sent) == 2)

    assert "titles are not read by the sentence model minilm" in caplog.text
    assert world.metrics.title_failures._value.get() == 1


def sent(**changes: object) -> Record:
    fields: dict[str, object] = {
        "article_id": "a0",
        "model": "minilm/1.0.0",
        "title": f"{stable_hash('x'):016x}",
        "vector": bytes([1]) * SENTENCE_DIMENSIONS,
    }
    return Record(encode(TitleVector(**{**fields, **changes})), 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (sent(vector=b"short"), "vector must be 384 bytes, got 5"),
        (sent(title="no hash"), "title must be a 64-bit hash"),
        (sent(title="-1"), "title must be a 64-bit hash"),
        (Record(b"{oops", 7), "title vector at offset 7"),
    ],
)
def test_what_is_no_vector_is_passed_over_and_said(
    record: Record, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(n_titles=1)

    world.vectors.follow(record)  # type: ignore[arg-type]

    assert said in caplog.text
    assert world.sentences.n_unread == 1


@pytest.mark.parametrize("record", [sent(model="e5/0.3.0"), sent(title="1f"), Record(None)])
def test_another_models_or_another_titles_vector_is_none_of_it(record: Record) -> None:
    world = World(n_titles=1)

    world.vectors.follow(record)  # type: ignore[arg-type]

    assert world.sentences.n_unread == 1


def test_its_own_is_taken() -> None:
    world = World(n_titles=1)

    world.vectors.follow(sent())  # type: ignore[arg-type]

    assert world.sentences.n_unread == 0
