"""Readers: a profile resolved against the catalogue, and the lifts of its shares."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import MISSING
from cherryrec.profile import Profile
from cherryrec.reader import Reader, lift
from tests.worlds import START_S, catalogue_of, reads


@given(
    st.lists(st.integers(0, 4), max_size=40),
    st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5),
)
def test_lift_equals_its_definition(codes: list[int], weights: list[float]) -> None:
    share = np.array(weights) / sum(weights)

    got = lift(np.array(codes, np.int32), share, 5)

    n = sum(code != MISSING for code in codes)
    wanted = [
        math.log((codes.count(c) + 5 * share[c]) / ((n + 5) * share[c])) if c else 0.0
        for c in range(5)
    ]
    assert got.tolist() == pytest.approx(wanted)


@given(st.lists(st.integers(1, 4), max_size=40), st.integers(1, 4))
def test_one_more_read_of_a_category_raises_its_lift_and_lowers_the_others(
    codes: list[int], more: int
) -> None:
    before = lift(np.array(codes, np.int32), None, 5)
    after = lift(np.array([*codes, more], np.int32), None, 5)

    assert after[more] > before[more]
    assert all(after[c] < before[c] for c in range(1, 5) if c != more)


def test_a_reader_without_history_is_neutral() -> None:
    reader = Reader.of(Profile(), catalogue_of())

    assert reader.rows.size == 0
    assert not reader.interest.any()
    assert not reader.category_lift.any()
    assert not reader.subcategory_lift.any()


def test_articles_the_catalogue_does_not_know_are_left_out() -> None:
    catalogue = catalogue_of()
    reader = Reader.of(reads("a1", "unknown", "a2"), catalogue)

    assert [catalogue.ids[row] for row in reader.rows] == ["a1", "a2"]
    assert "unknown" not in catalogue.row_of


def test_interest_has_unit_length_and_another_size_counts_as_none() -> None:
    catalogue = catalogue_of()
    vector = np.full(catalogue.config.n_dimensions, 3.0, "<f2")

    reader = Reader.of(Profile(interest=vector.tobytes()), catalogue)
    foreign = Reader.of(Profile(interest=vector[:64].tobytes()), catalogue)

    assert float(np.linalg.norm(reader.interest)) == pytest.approx(1.0)
    assert foreign.interest.shape == (catalogue.config.n_dimensions,)
    assert not foreign.interest.any()


def test_everyones_share_comes_from_clicks_and_imported_histories() -> None:
    catalogue = catalogue_of(4)  # a0 weather, a1 politics, a2 sport, a3 science
    shard = Shard(0, catalogue, AttentionConfig())
    for offset in range(100):
        shard.click("a2", time_s=START_S, offset=offset)
        shard.read_by(["a2"], time_s=START_S, offset=offset)

    share = catalogue.category_share()

    sport = catalogue.categories.find("sport")
    assert share[sport] == pytest.approx((200 + 50 / 4) / 250)
    assert share[1:].sum() == pytest.approx(1.0)
