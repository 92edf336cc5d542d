"""A stream worker without a broker: its agents fed by hand, what it sends kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cherryrec.codec import decode, encode
from cherryrec.events import Event, instant
from cherryrec.pipeline import PipelineConfig
from cherryrec.topics import topic_named
from streams.config import KafkaConfig, StreamConfig
from streams.engine import Delivery, RecordingSender
from streams.worker import StreamWorker
from tests.worlds import START_S, article

PREFIX = "unit."
CLOCK_S = START_S + 1_000.0


class RecordingProducer(RecordingSender):
    """Stands for the app's producer, under `FastProducer`."""

    async def send_bytes(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        headers: Any = (),
    ) -> Delivery:
        return await self.send(topic, key=key, value=value, partition=partition, headers=headers)


class Bench:
    """A worker whose agents are run one at a time on what a test puts."""

    def __init__(self, worker: StreamWorker) -> None:
        self.worker = worker
        self.sender = RecordingProducer()
        self.app: Any = worker.app
        self.app._producer = self.sender
        self.app.finalize()
        self.app.conf.tabledir.mkdir(parents=True, exist_ok=True)
        self.app.flow_control.resume()
        worker.may_start.set()
        for number in range(6):
            worker.pipeline.article(
                f"a{number}", article(number, published_at=instant(START_S)), now=START_S
            )

    @asynccontextmanager
    async def agent(self, topic: str) -> AsyncIterator[Put]:
        async with self.app.agents[f"cherryrec-{topic}"].test_context() as agent:
            yield Put(agent)

    def sent(self, topic: str) -> list[Any]:
        """What was sent to one of our topics, decoded."""
        kind = topic_named(topic).message
        name = PREFIX + topic
        return [decode(kind, value) for to, _, value, _ in self.sender.sent if to == name]

    def count(self, topic: str, outcome: Any) -> float:
        return self.worker.metrics.total(topic, outcome)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(5.0):
            while not is_so():
                await asyncio.sleep(0.002)


class Put:
    """Puts messages before an agent, each at the next offset, in records their sender stamps."""

    def __init__(self, agent: Any) -> None:
        self._agent = agent

    async def __call__(
        self,
        key: str,
        event: Event | bytes | None,
        *,
        stamped_s: float = CLOCK_S,
        headers: dict[str, bytes] | None = None,
    ) -> Any:
        value = encode(event) if isinstance(event, Event) else event
        return await self._agent.put(
            value=value, key=key.encode(), timestamp=stamped_s, headers=headers
        )


@pytest.fixture(params=["memory://", "rocksdb://"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    worker = StreamWorker(
        KafkaConfig(bootstrap_servers="127.0.0.1:1", prefix=PREFIX, partitions=1),
        StreamConfig(data_dir=tmp_path / "tables"),
        PipelineConfig(),
        clock=lambda: CLOCK_S,
        store=request.param,
    )
    bench = Bench(worker)
    yield bench
    thread = getattr(bench.app._consumer, "_thread", None)
    if thread is not None:
        thread.thread_loop.close()
