"""`benchmarks.tracing` answers requests with traces off and on, and measures what the docs say."""

from __future__ import annotations

import pytest

from benchmarks.tracing import BATCH, KINDS, Desk, empty_spans_us, header_bytes


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_every_request_is_answered_whether_it_is_traced_or_not(kind: str) -> None:
    desk = Desk(KINDS[kind])

    assert await desk.seconds(BATCH) > 0.0


def test_the_figures_beside_it_are_measured() -> None:
    assert all(taken_us > 0.0 for taken_us in empty_spans_us())
    assert header_bytes() == len("traceparent") + len(f"00-{'0' * 32}-{'0' * 16}-01")
