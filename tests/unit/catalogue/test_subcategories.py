"""Subcategories: up to four of an article, and everyone's share of each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.text import stable_hash
from tests.worlds import HALF_LIVES_S, START_S, article

PRIOR = 100.0


def names_of(catalogue: Catalogue, article_id: str) -> list[str]:
    (row,) = catalogue.known_rows([article_id])
    return [catalogue.subcategories.name(code) for code in catalogue.subcategory[row] if code]


def published(subcategory: str | None) -> Catalogue:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0, subcategory=subcategory), START_S)
    return catalogue


@pytest.mark.parametrize(
    ("subcategory", "names"),
    [
        (None, []),
        ("football", ["football"]),
        ("football|cup|women", ["football", "cup", "women"]),
        ("one|two|three|four|five", ["one", "two", "three", "four"]),
        ("cup||cup|women", ["cup", "women"]),
        ("|", []),
    ],
)
def test_a_bar_separates_subcategories_each_once_and_four_at_most(
    subcategory: str | None, names: list[str]
) -> None:
    assert names_of(published(subcategory), "a0") == names


def test_published_again_an_article_has_its_new_subcategories_only() -> None:
    catalogue = published("football|cup")
    catalogue.publish(article(0, subcategory="women"), START_S)

    assert names_of(catalogue, "a0") == ["women"]


def test_topics_are_the_keys_of_names_and_leave_out_absent_ones() -> None:
    catalogue = published("football|cup")
    catalogue.publish(article(1, category="sport"), START_S)

    categories, subcategories = catalogue.topics(["a0", "a1", "unknown"])

    def key(name: str) -> int:
        return stable_hash(name) & 0xFFFF_FFFF

    assert categories.tolist() == [key("weather"), key("sport")]
    assert subcategories.tolist() == [key("football"), key("cup")]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=30))
def test_shares_are_those_of_reads_smoothed_towards_equal_ones(
    reads: list[tuple[int, int]],
) -> None:
    tags = ["cup|women", "cup", None, "rain|coast|cup", "coast"]
    catalogue = Catalogue(HALF_LIVES_S)
    for number, subcategory in enumerate(tags):
        catalogue.publish(article(number, subcategory=subcategory), START_S)
    shard = Shard(0, catalogue, AttentionConfig())
    counts = {"cup": 0, "women": 0, "rain": 0, "coast": 0}
    for offset, (number, times) in enumerate(reads):
        for k in range(times):
            shard.click(f"a{number}", time_s=START_S, offset=10 * offset + k)
        for name in (tags[number] or "").split("|") if tags[number] else []:
            counts[name] += times

    share = catalogue.subcategory_share()

    total = sum(counts.values()) + PRIOR
    got = {catalogue.subcategories.name(code): share[code] for code in range(1, len(share))}
    for name, count in counts.items():
        assert got[name] == pytest.approx((count + PRIOR / 4) / total)


def test_shares_are_kept_until_a_hundredth_more_is_read() -> None:
    catalogue = published("football|cup")
    catalogue.publish(article(1, subcategory="rain"), START_S)
    shard = Shard(0, catalogue, AttentionConfig())
    for offset in range(200):
        shard.click("a0", time_s=START_S, offset=offset)
    before = catalogue.subcategory_share()

    shard.click("a1", time_s=START_S, offset=200)
    assert catalogue.subcategory_share() is before
    for offset in range(201, 210):
        shard.click("a1", time_s=START_S, offset=offset)

    assert (catalogue.subcategory_share() != before).any()


def test_a_new_name_has_a_share_at_once() -> None:
    catalogue = published("football")
    assert len(catalogue.subcategory_share()) == 2

    catalogue.publish(article(1, subcategory="rain"), START_S)

    assert np.isfinite(catalogue.subcategory_share()).all()
    assert len(catalogue.subcategory_share()) == 3
