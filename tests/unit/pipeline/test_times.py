"""One wrong clock moves nothing past the broker's, and no distance of time breaks a slate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.events import FeedbackTick, instant, seconds
from cherryrec.pipeline import Pipeline, Position
from tests.unit.pipeline.answers import CLOCK_S, answer, explains, ids
from tests.worlds import HOUR_S, START_S, article, click, impression, pipeline_of, request, update

DAY_S = 24 * HOUR_S
AHEAD_S = 500.0
YEARS_S = 30 * 365 * DAY_S


def arrived(offset: int, time_s: float = START_S) -> Position:
    return Position(0, offset, time_s)


def test_event_time_is_pushed_to_the_arrival_at_most() -> None:
    pipeline = pipeline_of(4)
    ahead_s = START_S + AHEAD_S

    pipeline.impression(arrived(0), impression("i", ["a0"], ahead_s))
    pipeline.click(arrived(0), click("a0", ahead_s))
    pipeline.profile_update(arrived(0), "u", update(time_s=ahead_s, role="editor"))

    profile = pipeline.users.profile(0, "u")
    catalogue = pipeline.catalogue
    assert (pipeline.newest_s, catalogue.counted_s) == (START_S, START_S)
    assert (profile.newest_s, profile.updated_s) == (START_S, START_S)
    assert pipeline.users.requests(0, "u").exposures.newest_s == START_S
    assert catalogue.totals.landmark <= START_S
    assert float(catalogue.touched.max()) <= START_S + 1e-3


def test_right_clicks_are_not_late_after_one_of_a_clock_ahead() -> None:
    pipeline = pipeline_of(4)
    pipeline.click(arrived(0), click("a0", START_S + 30 * DAY_S))

    counted = pipeline.click(arrived(1, START_S + 1), click("a1", START_S + 1)).counted

    assert counted == "applied"
    assert [v.article_id for v in pipeline.users.profile(0, "u").history] == ["a0", "a1"]


def test_a_clock_ahead_closes_no_windows_of_others() -> None:
    pipeline = pipeline_of(4)
    pipeline.request(arrived(0), request("r", user_id="u"), clock_s=CLOCK_S)
    pipeline.impression(arrived(0), impression("i", ["a0", "a1"], user_id="u", request_id="r"))
    pipeline.click(arrived(0), click("a0", START_S + 1, user_id="u", impression_id="i"))

    far_s = START_S + 10 * DAY_S
    effects = [
        pipeline.impression(arrived(1), impression("j", ["a2"], far_s, user_id="v")),
        pipeline.click(arrived(1), click("a2", far_s, user_id="v")),
    ]

    sends = [send for effect in effects for send in effect.sends]
    assert {send.topic for send in sends} <= {"co-reads"}


def test_an_impression_and_its_click_of_a_clock_ahead_still_belong_together() -> None:
    pipeline = pipeline_of(4)
    ahead_s = START_S + AHEAD_S
    pipeline.request(arrived(0), request("r", ahead_s), clock_s=CLOCK_S)
    shown = impression("i", ["a0", "a1"], ahead_s, request_id="r")
    pipeline.impression(arrived(0, START_S + 1), shown)
    pipeline.click(arrived(0, START_S + 21), click("a1", ahead_s + 20))

    ended = instant(START_S + DAY_S)
    effects = pipeline.tick(FeedbackTick(partition=0, time=ended))

    (example,) = [send.event for send in effects.sends if send.topic == "examples"]
    assert example.clicked == (False, True)  # type: ignore[attr-defined]


@pytest.mark.parametrize("candidates", [None, ("a0", "a1")])
@pytest.mark.parametrize("behind_s", [HOUR_S, DAY_S, 8 * DAY_S, 400 * DAY_S])
@pytest.mark.parametrize("has_traffic", [True, False])
def test_an_old_request_is_answered_in_full(
    behind_s: float, candidates: tuple[str, ...] | None, has_traffic: bool
) -> None:
    pipeline = pipeline_of(4)
    if has_traffic:
        pipeline.impression(arrived(0), impression("i", ["a0", "a1"], user_id="v"))

    asked = request("old", START_S - behind_s, candidates=candidates)
    got = answer(pipeline.request(arrived(0), asked, clock_s=CLOCK_S))

    explains(got)
    assert len(got.slate) == (4 if candidates is None else 2)
    assert seconds(got.requested_at) == (START_S if has_traffic else START_S - behind_s)


def test_an_old_request_is_answered_as_of_what_others_have_counted() -> None:
    one, other = pipeline_of(4), pipeline_of(4)
    one.impression(arrived(0), impression("i", ["a0", "a1"]))
    for send in one.flush([0]):
        other.activity(send.event)  # type: ignore[arg-type]

    asked = request("old", START_S - 8 * DAY_S)
    got = answer(other.request(arrived(0), asked, clock_s=CLOCK_S))

    assert seconds(got.requested_at) == START_S
    assert len(got.slate) == 4


def test_a_request_of_a_clock_ahead_is_answered_as_of_its_arrival() -> None:
    got = answer(
        pipeline_of(2).request(arrived(0), request("r", START_S + AHEAD_S), clock_s=CLOCK_S)
    )

    assert seconds(got.requested_at) == START_S


TIMES = st.floats(START_S - YEARS_S, START_S + YEARS_S)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("icpr"), TIMES), min_size=1, max_size=12), TIMES)
def test_no_distance_of_time_breaks_a_slate(events: list[tuple[str, float]], now: float) -> None:
    pipeline = pipeline_of(6)
    for offset, (kind, time_s) in enumerate(events):
        feed(pipeline, kind, time_s, offset)

    for name, candidates in (("whole", None), ("named", ("a0", "a1", "a2"))):
        asked = request(name, now, user_id="u", candidates=candidates)
        got = answer(pipeline.request(Position(0, 100), asked, clock_s=CLOCK_S))
        explains(got)
        assert np.isfinite([item.score for item in got.slate]).all()
        if candidates is not None:
            assert sorted(ids(got)) == sorted(candidates)


def feed(pipeline: Pipeline, kind: str, time_s: float, offset: int) -> None:
    """Let one event of any time come: a slate, a click, a profile, an article."""
    at = Position(0, offset)
    if kind == "i":
        pipeline.impression(at, impression(f"i{offset}", ["a0", "a1", "a2"], time_s))
    elif kind == "c":
        pipeline.click(at, click(f"a{offset % 6}", time_s))
    elif kind == "p":
        pipeline.profile_update(at, "u", update(time_s=time_s, history=("a3", "a4")))
    else:
        number = 6 + offset
        published = article(number, published_at=instant(time_s))
        pipeline.article(f"a{number}", published, now=time_s)
