"""Inquiries and previews leave nothing: state, counters, models, later slates are as without."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.codec import encode
from cherryrec.events import Click, seconds
from tests.unit.inquiries.streams import Run, inquiry_of, look_of, steps_of
from tests.worlds import START_S


def assert_nothing_is_kept(seed: int, n: int) -> None:
    rng = random.Random(seed + 1)
    alone, asked = Run.new(), Run.new()
    time_s = START_S
    for number, step in enumerate(steps_of(seed, n)):
        alone.take(step)
        asked.take(step)
        time_s = seconds(step.clicked_at) if isinstance(step, Click) else time_s
        if rng.random() < 0.3:
            inquiry = inquiry_of(rng, time_s, f"q{number}")
            first = asked.ask(inquiry)
            assert encode(asked.ask(inquiry)) == encode(first), "of one state it is one answer"
        if rng.random() < 0.3:
            asked.look(look_of(inquiry_of(rng, time_s, f"p{number}")))
    assert asked.answers
    assert asked.sent == alone.sent
    assert asked.state() == alone.state()


@pytest.mark.parametrize("seed", [6, 11])
def test_all_is_as_it_would_be_without_inquiries(seed: int) -> None:
    assert_nothing_is_kept(seed, 12)


@pytest.mark.slow
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_all_is_as_it_would_be_without_inquiries_on_any_stream(seed: int) -> None:
    assert_nothing_is_kept(seed, 60)
