"""The slate memory against a recount in plain Python, after every slate that comes."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given, settings

from cherryrec.features.blocks import slate
from cherryrec.features.blocks.slate import evidence as evidence_of
from cherryrec.slates import SlateMemory, SlatesConfig
from cherryrec.slates.memory import N_CATEGORIES
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
from tests.unit.slates.recount import Oracle

WINS_CATEGORY = slate.BLOCK.names.index("wins_category")


@settings(max_examples=60, deadline=None)
@given(messages(corrections=0.3))
def test_what_is_held_is_what_a_recount_of_the_window_finds(sent: list[Message]) -> None:
    memory, oracle = SlateMemory(SMALL), Oracle(SMALL)
    asked = [f"a{k}" for k in range(0, 14, 2)]

    for one in sent:
        one.put(memory)
        oracle.add(one.name, one.articles, one.clicked, one.time_s, one.is_correction)

        assert memory.n_slates - memory.oldest == len(oracle.window)
        assert wins_of(memory) == oracle.wins()
        given_by = {m.name: m.is_given for m in sent if not m.is_correction}
        n_given = sum(given_by[name] for name in oracle.window)
        assert memory.site_share == pytest.approx((n_given + 0.5) / (len(oracle.window) + 5.0))
        assert by_category_of(memory) == list(oracle.by_category())
        now = one.time_s + 7.0
        evidence = evidence_of(memory, asked, categories=[category(a) for a in asked], now=now)
        np.testing.assert_allclose(evidence, oracle.evidence(asked, now), rtol=1e-9, atol=1e-12)
        assert not memory._overlaps.any()


@settings(max_examples=60, deadline=None)
@given(messages(n=60, n_articles=40, max_size=6, corrections=0.0))
def test_who_has_seen_the_newest_slates_only_knows_all_evidence(sent: list[Message]) -> None:
    whole, late = SlateMemory(ROOMY), SlateMemory(ROOMY)
    for one in sent:
        one.put(whole)
    for one in sent[-ROOMY.max_slates :]:
        one.put(late)

    assert wins_of(whole) == wins_of(late)
    assert by_category_of(whole) == by_category_of(late)
    asked = [f"a{k}" for k in range(40)]
    now = sent[-1].time_s + 5.0
    evidence = [
        evidence_of(m, asked, categories=[*map(category, asked)], now=now) for m in (whole, late)
    ]
    np.testing.assert_allclose(evidence[0], evidence[1], rtol=1e-12, atol=1e-12)


def test_an_article_does_not_leave_for_another_of_its_own_slate() -> None:
    """The one longest unseen once left although the slate at hand shows it."""
    memory = SlateMemory(SlatesConfig(max_slates=9, max_articles=3))
    Message("s0", ["a0", "a1"], [True, False], 0.0).put(memory)
    Message("s1", ["a2", "a1"], [True, False], 1.0).put(memory)

    Message("s2", ["a9", "a0"], [True, False], 2.0).put(memory)

    assert set(memory._slot_of) == {"a0", "a9", "a2"}
    assert wins_of(memory)["a9", "a0"] == 1.0
    assert memory._born[memory._slot_of["a0"]] == 0


def test_a_category_nobody_has_met_says_nothing() -> None:
    memory = SlateMemory(SMALL)
    memory.add("s", ["a", "b"], [True, False], categories=["x", "y"], time_s=0.0)

    for other, wanted in (("y", log(1.5 / 0.5)), ("new", 0.0)):
        evidence = evidence_of(memory, ["a", "b"], categories=["x", other], now=0.0)
        assert evidence[0, WINS_CATEGORY] == pytest.approx(wanted)


def test_categories_past_the_bound_share_places() -> None:
    memory = SlateMemory(SMALL)
    for k in range(N_CATEGORIES + 40):
        memory.add(f"s{k}", ["a", "b"], [True, False], categories=[f"{k}x", f"{k}y"], time_s=0.0)

    assert len(memory._category_of) == N_CATEGORIES
    assert memory._category_wins[:, N_CATEGORIES].sum() == 0.0
    evidence = evidence_of(memory, ["a", "b"], categories=["295x", "295y"], now=0.0)
    assert evidence[0, WINS_CATEGORY] > 0.0


def test_the_newest_time_is_that_of_the_slates_not_of_their_coming() -> None:
    memory = SlateMemory(SMALL)
    for name, time_s in (("s1", 50.0), ("s0", 20.0)):
        Message(name, ["a1", "a2"], [True, False], time_s).put(memory)

    assert memory.newest_s == 50.0


def test_reading_evidence_writes_nothing() -> None:
    memory = SlateMemory(SMALL)
    Message("s", ["a1", "a2"], [True, False], 0.0).put(memory)
    before, known = arrays_of(memory), dict(memory._category_of)

    evidence_of(memory, ["a1", "a7"], categories=["c1", "never"], now=9.0)

    assert arrays_of(memory) == before
    assert memory._category_of == known
