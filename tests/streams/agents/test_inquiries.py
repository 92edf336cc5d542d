"""Inquiries through a worker's agent: answered within their share, and nothing is stored."""

from __future__ import annotations

from typing import Any

import pytest

from cherryrec.codec import encode
from cherryrec.events import Inquiry, instant
from cherryrec.inquiries import inquire
from cherryrec.pipeline import Position
from streams.agents import agent_specs
from streams.agents.inquiries import MOST_AT_ONCE, InquiryCall
from streams.config import StreamConfig
from tests.streams.agents.conftest import CLOCK_S
from tests.worlds import START_S, click, pipeline_of

LATE_S = 5.0


def inquiry(name: str = "q", **fields: Any) -> Inquiry:
    about = {"kind": "why_not", "article_id": "a1"} | fields
    return Inquiry(inquiry_id=name, user_id="u", asked_at=instant(START_S), **about)


@pytest.mark.asyncio
async def test_an_inquiry_is_answered_and_nothing_else_is_sent(bench: Any) -> None:
    async with bench.agent("clicks") as put:
        await put("u", click("a1", user_id="u"))
        await bench.until(lambda: bench.count("clicks", "applied") == 1)
    n_before = len(bench.sender.sent)

    async with bench.agent("inquiries") as put:
        event = await put("u", inquiry())
        await bench.until(lambda: event.message.acked)

    (answer,) = bench.sent("inquiry-answers")
    assert (answer.inquiry_id, answer.outcome, answer.why_not.fate) == ("q", "answered", "read")
    assert len(bench.sender.sent) == n_before + 1, "no state goes to a changelog"
    assert bench.count("inquiries", "applied") == 1


@pytest.mark.asyncio
async def test_one_that_is_read_again_is_answered_the_same(bench: Any) -> None:
    async with bench.agent("inquiries") as put:
        for _ in range(2):
            await put("u", inquiry(kind="profile", article_id=None))
        await bench.until(lambda: len(bench.sent("inquiry-answers")) == 2)

    first, second = bench.sent("inquiry-answers")
    assert encode(first) == encode(second)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"inquiry_id":"q","user_id":"u","kind":"who"}', "Invalid enum value 'who'"),
        (encode(inquiry(without=("features:moon",))), "without must name some of"),
    ],
)
async def test_a_bad_one_is_a_dead_letter_and_answered_by_the_reason(
    bench: Any, value: bytes, reason: str
) -> None:
    async with bench.agent("inquiries") as put:
        await put("u", value)
        await put("u", inquiry("good"))
        await bench.until(lambda: len(bench.sent("inquiry-answers")) == 2)

    refused, good = bench.sent("inquiry-answers")
    (letter,) = bench.sent("dead-letters")
    assert (refused.inquiry_id, refused.outcome, good.outcome) == ("q", "refused", "answered")
    assert refused.reason.startswith(reason) and letter.reason.startswith(reason)


@pytest.mark.asyncio
async def test_one_that_lay_too_long_is_answered_at_once_and_counted(bench: Any) -> None:
    bench.worker.broker_clock._clock = lambda: CLOCK_S + LATE_S + 1.0

    async with bench.agent("inquiries") as put:
        await put("u", inquiry())
        await bench.until(lambda: bool(bench.sent("inquiry-answers")))

    (answer,) = bench.sent("inquiry-answers")
    assert answer.outcome == "too_late"
    assert bench.worker.metrics.inquiries.labels("too_late")._value.get() == 1
    assert bench.count("inquiries", "late") == 1


def test_a_flood_takes_its_share_of_the_time_and_no_more() -> None:
    """Each takes 0.1 s: five at once, then one a second where a tenth is theirs."""
    now = [0.0]

    def timer() -> float:
        now[0] += 0.05
        return now[0]

    call = InquiryCall(
        pipeline_of(4), share=0.1, late_s=LATE_S, broker_clock=lambda: START_S, timer=timer
    )
    outcomes = []
    for number in range(2_000):
        (send,) = call(Position(0, number, START_S), "u", inquiry()).sends
        outcomes.append(send.event.outcome)  # type: ignore[attr-defined]

    n_answered = outcomes.count("answered")
    taken_s = n_answered * 0.05
    assert outcomes[:9] == ["answered"] * 9 and outcomes[15] == "over_limit"
    assert taken_s <= 0.1 * now[0] + 0.5 + 0.05
    assert n_answered > 0.9 * 0.1 * now[0] / 0.05, "what is theirs they get"
    assert call.pause_s(taken_s + 0.01) == pytest.approx(0.09), "refusing takes its share, too"
    assert call.pause_s(0.01) == 0.0, "and nothing where none was refused"


def test_a_flood_of_what_is_no_inquiry_takes_no_more() -> None:
    specs = agent_specs(
        pipeline_of(4), clock=lambda: CLOCK_S, config=StreamConfig(), count_title=lambda _: None
    )
    (spec,) = (one for one in specs if one.rules.topic == "inquiries")
    assert spec.answer is not None and spec.pause_s is not None

    assert spec.answer(b"{oops", "not JSON", CLOCK_S) is None
    assert spec.pause_s(0.01) == pytest.approx(0.09, rel=0.05), "reading takes its share, too"
    assert spec.pause_s(0.01) == 0.0
    assert spec.most_at_once == MOST_AT_ONCE


def test_what_refusing_takes_is_spent() -> None:
    now = [0.0]

    def timer() -> float:
        now[0] += 1.0
        return now[0]

    call = InquiryCall(
        pipeline_of(4), share=0.1, late_s=LATE_S, broker_clock=lambda: START_S, timer=timer
    )
    send = call.refuse(b'{"inquiry_id":"q","user_id":"u"}', "no kind", CLOCK_S)
    (after,) = call(Position(0, 1, START_S), "u", inquiry()).sends

    assert send is not None and send.event.outcome == "refused"  # type: ignore[attr-defined]
    assert after.event.outcome == "over_limit"  # type: ignore[attr-defined]


def test_a_late_one_costs_nothing_of_the_share() -> None:
    pipeline = pipeline_of(4)
    call = InquiryCall(pipeline, share=0.1, late_s=LATE_S, broker_clock=lambda: START_S + 6.0)

    (send,) = call(Position(0, 0, START_S), "u", inquiry()).sends
    wanted = inquire(
        pipeline, Position(0, 0, START_S), inquiry(), waited_s=6.0, late_after_s=LATE_S
    )

    assert [send] == wanted.sends
