"""A slate sent again is counted once, by its last labels."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.features.blocks.slate import evidence as evidence_of
from cherryrec.slates import SlateMemory, SlatesConfig
from tests.unit.slates.messages import (
    ROOMY,
    SMALL,
    Message,
    arrays_of,
    by_category_of,
    category,
    messages,
    wins_of,
)


@settings(max_examples=60, deadline=None)
@given(messages(n=60, n_articles=40, max_size=6, corrections=0.25))
def test_corrections_among_the_newest_messages_do_no_harm(sent: list[Message]) -> None:
    """A correction of a slate that is not there was once counted as a new slate."""
    tail = sent[-2 * ROOMY.max_slates :]
    if len(tail) < len(sent) and sum(one.is_correction for one in tail) > ROOMY.max_slates:
        return  # fewer slates than a window: a late one knows less
    whole, late = SlateMemory(ROOMY), SlateMemory(ROOMY)
    for one in sent:
        one.put(whole)
    for one in tail:
        one.put(late)

    assert wins_of(whole) == wins_of(late)
    assert by_category_of(whole) == by_category_of(late)


@settings(max_examples=40, deadline=None)
@given(messages(n=12, max_size=6, corrections=0.0), st.randoms(use_true_random=False))
def test_a_corrected_slate_is_one_that_was_right_from_the_start(
    sent: list[Message], random: object
) -> None:
    config = SlatesConfig(max_slates=12, max_articles=14, half_life_s=90.0)
    right, corrected = SlateMemory(config), SlateMemory(config)
    rng = np.random.default_rng(random.randint(0, 2**32))  # type: ignore[attr-defined]
    for one in sent:
        one.put(right)
        wrong = (rng.random(len(one.clicked)) < 0.5).tolist()
        Message(one.name, one.articles, wrong, one.time_s).put(corrected)
    for k in rng.permutation(len(sent)).tolist():
        one = sent[k]
        Message(one.name, one.articles, one.clicked, one.time_s, True).put(corrected)

    assert (right.wins == corrected.wins).all()
    asked = [f"a{k}" for k in range(14)]
    evidence = [
        evidence_of(m, asked, categories=[*map(category, asked)], now=500.0)
        for m in (right, corrected)
    ]
    assert evidence[0].tobytes() == evidence[1].tobytes()


@settings(max_examples=30, deadline=None)
@given(messages(n=10, corrections=0.0))
def test_a_slate_sent_twice_changes_nothing(sent: list[Message]) -> None:
    memory = SlateMemory(SMALL)
    for one in sent:
        assert one.put(memory)
    before, numbers = arrays_of(memory), (memory.n_slates, memory.oldest)

    for one in sent[-(memory.n_slates - memory.oldest) :]:
        assert not one.put(memory)

    assert arrays_of(memory) == before
    assert (memory.n_slates, memory.oldest) == numbers


def test_a_correction_of_a_slate_that_has_left_is_not_a_new_slate() -> None:
    memory = SlateMemory(SMALL)
    for k in range(2 * SMALL.max_slates):
        Message(f"s{k}", ["a1", "a2"], [True, False], float(k)).put(memory)

    changed = Message("s0", ["a1", "a2"], [False, True], 0.0, is_correction=True).put(memory)

    assert not changed
    assert wins_of(memory) == {("a1", "a2"): SMALL.max_slates}
