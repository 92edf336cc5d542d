"""What a worker follows: labelled slates of any worker become evidence in every worker."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from cherryrec.codec import encode
from cherryrec.events import FeedbackTick, instant
from cherryrec.features import column
from cherryrec.knrs.signals import prior_weights
from cherryrec.learner import Learner
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.snapshots import SERVING
from streams.config import KafkaConfig, StreamConfig
from streams.worker import CO_READS_READ, SLATES_READ, StreamWorker
from tests.streams.agents.conftest import CLOCK_S, PREFIX, Bench
from tests.worlds import START_S, click, impression, request

pytestmark = pytest.mark.asyncio

WINDOW_S = PipelineConfig().feedback.attribution_window_s
SHOWN_S = CLOCK_S - WINDOW_S - 100.0


class Record(NamedTuple):
    """What the follower passes on of a message."""

    value: bytes | None
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = None


def another(folder: Path) -> StreamWorker:
    """A second worker, which owns nothing of what the first one does."""
    return StreamWorker(
        KafkaConfig(bootstrap_servers="127.0.0.1:1", prefix=PREFIX),
        StreamConfig(data_dir=folder),
        PipelineConfig(),
        clock=lambda: CLOCK_S,
        store="memory://",
    )


async def label(bench: Bench) -> None:
    """Let the bench's worker show a slate, see a1 clicked, and close its window."""
    for topic, event in (
        ("requests", request("r", SHOWN_S, user_id="u")),
        ("impressions", impression("i", ["a0", "a1", "a2"], SHOWN_S, user_id="u", request_id="r")),
        ("clicks", click("a1", SHOWN_S + 5.0, user_id="u", impression_id="i")),
    ):
        async with bench.agent(topic) as put:
            await put("u", event)
            await bench.until(lambda topic=topic: bench.count(topic, "applied") == 1)
    async with bench.agent("feedback") as put:
        ended = instant(SHOWN_S + WINDOW_S + 1.0)
        await put("0", FeedbackTick(partition=0, time=ended))
        await bench.until(lambda: bool(bench.sent("labelled-slates")))


def evidence(worker: StreamWorker) -> list[float]:
    """How the worker would put a0 and a1 of a request: their wins."""
    worker.pipeline.request(
        Position(7, 0), request("asked", START_S + 4_000.0, user_id="new", candidates=["a0", "a1"]),
        clock_s=CLOCK_S,
    )  # fmt: skip
    (entry,) = worker.pipeline.users.requests(7, "new").entries
    frozen = worker.pipeline.users.frozen(7, "new", entry.request_id)
    wins = frozen.feature_array()[:, column("wins_mean")]
    return [float(wins[frozen.articles.index(name)]) for name in ("a0", "a1")]


async def test_a_slate_that_one_worker_labels_is_evidence_in_another(
    bench: Bench, tmp_path: Path
) -> None:
    await label(bench)
    other = another(tmp_path / "other")

    (slate,) = bench.sent("labelled-slates")
    assert slate.clicked == (False, True, False)
    other.followed.labelled(Record(encode(slate)))

    odds = np.log(1.5 / 0.5)
    assert evidence(other) == pytest.approx([-odds, odds])
    assert other.pipeline.slates.newest_s == SHOWN_S
    share = other.metrics.registry.get_sample_value("cherryrec_site_share")
    assert share == 0.5 / 6, "KnRS had chosen it"


@pytest.mark.slow
async def test_a_worker_learns_of_its_own_labels_as_others_do(bench: Bench) -> None:
    """From the topic: in its order, and once."""
    await label(bench)
    assert not bench.worker.pipeline.slates.wins.any()

    for slate in bench.sent("labelled-slates") * 2:
        bench.worker.followed.labelled(Record(encode(slate)))

    assert bench.worker.pipeline.slates.wins.sum() == 2.0


async def test_a_correction_relabels_the_slate_of_another_worker(
    bench: Bench, tmp_path: Path
) -> None:
    await label(bench)
    other = another(tmp_path / "other")
    async with bench.agent("clicks") as put:
        late = click("a2", SHOWN_S + WINDOW_S + 60.0, user_id="u", impression_id="i")
        await put("u", late)
        await bench.until(lambda: len(bench.sent("labelled-slates")) == 2)

    for slate in bench.sent("labelled-slates"):
        other.followed.labelled(Record(encode(slate)))

    memory = other.pipeline.slates
    at = memory._slot_of
    assert [float(memory.wins[at[x], at["a0"]]) for x in ("a1", "a2")] == [1.0, 1.0]
    assert memory.wins.sum() == 2.0
    assert [e.example_id for e in bench.sent("examples")] == ["r:1", "r:2"]


@pytest.mark.parametrize("value", [None, b"{oops", b'{"schema": 9}'])
async def test_a_slate_that_cannot_be_read_is_passed_over(
    bench: Bench, value: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    bench.worker.followed.labelled(Record(value, offset=12))

    assert "labelled slate at offset 12 is not followed" in caplog.text


async def test_a_worker_starts_with_room_for_corrections(bench: Bench) -> None:
    newest = bench.worker.follower._newest

    assert newest == {
        f"{PREFIX}labelled-slates": SLATES_READ * PipelineConfig().slates.max_slates,
        f"{PREFIX}co-reads": CO_READS_READ,
    }


async def test_a_model_of_before_there_was_a_retriever_is_used_and_said(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    core = PipelineConfig()
    snapshot = Learner(core.knrs, core.vans).snapshot(SERVING)
    kept = {k: v for k, v in snapshot.arrays.items() if not k.startswith(("retriever/", "order/"))}
    old = msgspec.structs.replace(snapshot, arrays=kept)

    with caplog.at_level("INFO"):
        bench.worker.followed.model(Record(encode(old), key=SERVING.encode()))

    assert bench.worker.pipeline.models.version == snapshot.version
    assert (bench.worker.pipeline.models.retriever.weights == prior_weights()).all()
    assert "brings no learned order of the catalogue" in caplog.text
