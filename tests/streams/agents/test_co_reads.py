"""What one worker says of a click, every worker counts: once, and whoever the reader was."""

from __future__ import annotations

import pytest

from cherryrec.codec import encode
from tests.streams.agents.conftest import CLOCK_S, Bench
from tests.streams.agents.test_followed import Record
from tests.worlds import click

pytestmark = pytest.mark.asyncio


async def read(bench: Bench, *articles: str) -> None:
    """Let one reader click some articles, a minute apart."""
    async with bench.agent("clicks") as put:
        for number, article in enumerate(articles):
            await put("u", click(article, CLOCK_S - 600.0 + 60.0 * number, user_id="u"))
            await bench.until(lambda n=number: len(bench.sent("co-reads")) == n + 1)


async def test_a_click_says_what_was_read_before_it_and_not_by_whom(bench: Bench) -> None:
    await read(bench, "a1", "a2", "a3")

    sent = bench.sent("co-reads")
    assert [(one.article_id, one.reads, one.begins_session) for one in sent] == [
        ("a1", (), True),
        ("a2", ("a1",), False),
        ("a3", ("a2", "a1"), False),
    ]
    assert not any(b'"u"' in encode(one) for one in sent)


async def test_a_worker_counts_pairs_from_the_topic_once(bench: Bench) -> None:
    await read(bench, "a1", "a2")
    pairs = bench.worker.pipeline.co_reads
    assert not pairs.after(["a1"], CLOCK_S)[0].size

    for one in bench.sent("co-reads") * 2:
        bench.worker.followed.co_read(Record(encode(one)))

    assert bench.worker.metrics.co_reads._value.get() == 4
    slots, common, _ = pairs.after(["a1"], CLOCK_S)
    assert pairs.names(slots) == ["a2"]
    assert common == pytest.approx(1.0 / 6.0, rel=0.01), "one pair over one click and five"
    begun, within = (pairs.lately(CLOCK_S - 540.0, begins_session=one) for one in (True, False))
    assert pairs.names(begun[0]) + pairs.names(within[0]) == ["a1", "a2"]


@pytest.mark.parametrize("value", [None, b"{oops", b'{"schema": 9}'])
async def test_a_pair_that_cannot_be_read_is_passed_over(
    bench: Bench, value: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    bench.worker.followed.co_read(Record(value, offset=12))

    assert "co-read at offset 12 is not followed" in caplog.text
