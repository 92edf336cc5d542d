"""Whose clock is believed: the broker's where it stamps, this worker's where the sender does."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from cherryrec.codec import encode
from cherryrec.events import instant
from streams.engine import Arrivals, Metrics
from tests.streams.agents.conftest import CLOCK_S, Bench
from tests.worlds import article, click

YEAR_S = 365 * 86_400.0
SENDER, BROKER = 0, 1

pytestmark = pytest.mark.asyncio


class Record(NamedTuple):
    """What the follower passes on of a message on `articles`."""

    key: bytes
    value: bytes
    timestamp: int
    timestamp_type: int = BROKER
    offset: int = 0


def sender_times(bench: Bench, topic: str) -> float | None:
    registry = bench.worker.metrics.registry
    return registry.get_sample_value("cherryrec_sender_times_total", {"topic": topic})


async def test_a_sender_s_time_is_passed_over_counted_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()
    arrivals = Arrivals(lambda: CLOCK_S, metrics)

    found = [arrivals.of("clicks", stamped, SENDER) for stamped in (1.0, CLOCK_S + YEAR_S)]

    assert found == [CLOCK_S, CLOCK_S]
    assert arrivals.of("clicks", 7.0, BROKER) == 7.0
    assert metrics.registry.get_sample_value(
        "cherryrec_sender_times_total", {"topic": "clicks"}
    ) == len(found)
    assert caplog.text.count("carry their sender's time") == 1


@pytest.mark.parametrize("stamped_s", [CLOCK_S - YEAR_S, CLOCK_S + YEAR_S])
async def test_an_event_of_now_is_applied_whatever_its_sender_stamped(
    bench: Bench, stamped_s: float
) -> None:
    async with bench.agent("clicks") as put:
        await put("u", click("a1", CLOCK_S, user_id="u"), stamped_s=stamped_s)
        await bench.until(lambda: bench.count("clicks", "applied") == 1)

    assert sender_times(bench, "clicks") == 1.0
    assert bench.worker.pipeline.newest_s == CLOCK_S


async def test_an_event_and_its_record_both_ahead_are_refused_by_name(bench: Bench) -> None:
    ahead_s = CLOCK_S + 3_000.0
    async with bench.agent("clicks") as put:
        await put("u", click("a1", ahead_s, user_id="u"), stamped_s=ahead_s)
        await bench.until(lambda: bench.count("clicks", "dead_lettered") == 1)

    (letter,) = bench.sent("dead-letters")
    assert "clicked_at must be at most 600 s after its arrival, got 3000 s" in letter.reason
    assert bench.worker.pipeline.newest_s == 0.0


async def test_an_event_a_little_ahead_pushes_event_time_to_its_arrival_only(bench: Bench) -> None:
    async with bench.agent("clicks") as put:
        await put("u", click("a1", CLOCK_S + 500.0, user_id="u"))
        await bench.until(lambda: bench.count("clicks", "applied") == 1)

    assert bench.worker.pipeline.newest_s == CLOCK_S


async def test_an_old_event_is_applied(bench: Bench) -> None:
    async with bench.agent("clicks") as put:
        await put("u", click("a1", CLOCK_S - 7 * YEAR_S, user_id="u"))
        await bench.until(lambda: bench.count("clicks", "applied") == 1)


async def test_an_article_of_tomorrow_is_applied_and_one_of_a_far_year_refused(
    bench: Bench,
) -> None:
    tomorrow, far = (
        article(k, published_at=instant(CLOCK_S + ahead_s))
        for k, ahead_s in ((7, 86_400.0), (8, 2 * YEAR_S))
    )
    async with bench.agent("articles") as put:
        await put("a7", tomorrow)
        await put("a8", far)
        await bench.until(lambda: bench.count("articles", "dead_lettered") == 1)
    for event in (tomorrow, far):
        key = event.article_id.encode()
        bench.worker.followed.article(Record(key, encode(event), round(1_000 * CLOCK_S)))

    assert bench.count("articles", "applied") == 1
    assert bench.worker.pipeline.catalogue.embargo.ids == ["a7"]
    assert bench.worker.metrics.registry.get_sample_value("cherryrec_embargoed_articles") == 1.0
