"""Selection: the quota, the floor, what is left out, and an order that never depends on chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.errors import ConfigError
from cherryrec.events import ArticlePublished, instant
from cherryrec.knrs import (
    METRICS,
    KnrsConfig,
    LinearValue,
    Retriever,
    Selection,
    n_kept,
    select,
)
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from tests.worlds import HALF_LIVES_S, START_S, article, catalogue_of, reads, request

CONFIG = KnrsConfig()


def selected(
    catalogue: Catalogue, profile: Profile | None = None, **fields: Any
) -> tuple[list[str], Selection]:
    reader = Reader.of(profile or Profile(), catalogue)
    value = fields.pop("value", None)
    config = fields.pop("config", CONFIG)
    got = select(catalogue, reader, request("r", **fields), config, value)
    return [catalogue.ids[row] for row in got.rows], got


@given(st.integers(0, 5_000), st.integers(1, 100))
def test_the_quota_is_kept_but_never_less_than_floor_and_slate(n_live: int, size: int) -> None:
    kept = n_kept(n_live, size, CONFIG)

    assert kept == min(n_live, max(-(-n_live // 20), 20, size))


def test_of_the_whole_catalogue_the_best_five_per_cent_go_on() -> None:
    catalogue = catalogue_of(1_000)
    config = KnrsConfig(reserved=0.0)

    ids, got = selected(catalogue, config=config)

    everything, _ = selected(catalogue, slate_size=1_000, config=config)
    assert len(ids) == 50
    assert ids == everything[:50]
    assert (np.diff(Retriever().values(got.signals)) <= 0).all()


def test_the_news_value_keeps_what_it_ranks_first_where_it_decides() -> None:
    _, got = selected(catalogue_of(1_000), config=KnrsConfig(select_by="news_value", reserved=0.0))

    assert len(got.values) == 50
    assert (np.diff(got.values) <= 0).all()


def test_values_are_the_weighted_sum_of_the_metrics() -> None:
    _, got = selected(catalogue_of(30), reads("a1", "a5"))

    np.testing.assert_allclose(got.values, got.metrics @ np.array(CONFIG.weights), rtol=1e-12)
    learned = LinearValue(np.array([0.0, 0.0, 0.0, 1.0, 0.0]))
    _, got = selected(catalogue_of(30), value=learned)
    np.testing.assert_allclose(got.values, got.metrics[:, METRICS.index("attention")])


def test_what_was_read_or_is_excluded_or_retracted_stays_out() -> None:
    catalogue = catalogue_of(6)
    catalogue.retract("a3", START_S)

    ids, got = selected(catalogue, reads("a0", "unknown"), exclude=("a1", "never seen"))

    assert sorted(ids) == ["a2", "a4", "a5"]
    assert got.dropped == ()
    assert "never seen" not in catalogue.row_of


def test_given_candidates_all_go_on_read_ones_too() -> None:
    catalogue = catalogue_of(6)
    catalogue.retract("a3", START_S)
    wanted = ("a5", "a0", "a3", "a1", "new")

    ids, got = selected(catalogue, reads("a0"), candidates=wanted, exclude=("a1",))

    assert sorted(ids) == ["a0", "a5", "new"]
    assert got.dropped == ("a3", "a1")


def test_a_candidate_named_twice_is_one() -> None:
    ids, _ = selected(catalogue_of(3), candidates=("a1", "a1", "a0"))

    assert sorted(ids) == ["a0", "a1"]


def equals(names: list[str], born_s: dict[str, float]) -> Catalogue:
    """Articles that differ by their ids and births alone."""
    catalogue = Catalogue(HALF_LIVES_S)
    for name in names:
        at = instant(START_S + born_s.get(name, 0.0))
        catalogue.publish(
            ArticlePublished(article_id=name, title="", category="c", published_at=at), START_S
        )
    return catalogue


@pytest.mark.slow
@given(st.permutations([f"n{k}" for k in range(40)]))
def test_equal_articles_come_in_an_order_that_neither_ids_nor_arrival_decide(
    order: list[str],
) -> None:
    ids, got = selected(equals(order, {}))

    again, _ = selected(equals(sorted(order), {}))
    assert len(set(got.values.tolist())) == 1
    assert ids == again
    assert ids != sorted(order)[:20]


def test_equal_articles_come_in_another_order_each_request() -> None:
    catalogue = equals([f"n{k}" for k in range(40)], {})
    reader = Reader.of(Profile(), catalogue)

    firsts = {
        catalogue.ids[select(catalogue, reader, request(f"r{k}"), CONFIG).rows[0]]
        for k in range(60)
    }

    assert len(firsts) > 20


def test_of_articles_whose_strength_is_equal_the_newest_comes_first() -> None:
    catalogue = equals([f"n{k}" for k in range(40)], {"n7": 60.0})
    config = KnrsConfig(select_by="news_value", without=METRICS)

    ids, _ = selected(catalogue, config=config, time_s=START_S + 120.0)

    assert ids[0] == "n7"


def test_old_articles_are_not_recommended_from_the_catalogue() -> None:
    catalogue = catalogue_of(3)
    catalogue.publish(article(3, published_at=instant(START_S - 5 * 86_400.0)), START_S)

    assert sorted(selected(catalogue)[0]) == ["a0", "a1", "a2"]
    assert selected(catalogue, candidates=("a3",))[0] == ["a3"]


def test_a_cold_catalogue_offers_what_was_shown_lately() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    shard = Shard(0, catalogue, AttentionConfig())
    shard.view("i", ["a0", "a1", "a2"], time_s=START_S, offset=0)
    shard.click("a1", time_s=START_S, offset=0)
    catalogue.retract("a2", START_S)

    ids, got = selected(catalogue, time_s=START_S + 60)

    assert got.is_cold
    assert ids == ["a1", "a0"]  # the clicked one first
    catalogue.publish(article(0), START_S)
    assert not selected(catalogue, time_s=START_S + 60)[1].is_cold


def test_an_empty_catalogue_selects_nothing() -> None:
    ids, got = selected(Catalogue(HALF_LIVES_S))

    assert ids == []
    assert got.is_cold
    assert got.metrics.shape == (0, 5)


def test_any_news_value_decides_who_is_kept() -> None:
    class Newest:
        def values(self, metrics: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.arange(len(metrics), dtype=float)

        def arrays(self) -> dict[str, NDArray[np.float64]]:
            return {}

    config = KnrsConfig(select_by="news_value", reserved=0.0)
    ids, _ = selected(catalogue_of(40), value=Newest(), slate_size=3, config=config)

    assert ids == [f"a{k}" for k in range(39, 19, -1)]


def test_a_metric_that_is_left_out_selects_nothing() -> None:
    catalogue = catalogue_of(40)  # every fourth is of the category weather
    profile = reads(fields=("weather",))

    by_relevance, _ = selected(catalogue, profile, config=KnrsConfig(reserved=0.0))
    without, got = selected(
        catalogue, profile, config=KnrsConfig(without=("relevance",), reserved=0.0)
    )

    is_weather = [int(a[1:]) % 4 == 0 for a in by_relevance]
    assert is_weather == [True] * 10 + [False] * 10
    assert [int(a[1:]) % 4 == 0 for a in without] != is_weather
    assert not got.metrics[:, METRICS.index("relevance")].any()
    assert got.metrics.any(axis=0).tolist() == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"weights": (1.0, 1.0)}, "weights must be 5 numbers"),
        ({"weights": (0.0,) * 5}, "weights must be 5 numbers"),
        ({"weights": (1.0, -1.0, 0.0, 0.0, 0.0)}, "weights must be 5 numbers"),
        ({"quota": 0.0}, "quota must be above 0"),
        ({"quota": 1.5}, "quota must be above 0 and at most 1"),
        ({"floor": 0}, "floor must be above 0"),
        ({"n_evaluated": 0}, "n_evaluated must be above 0"),
        ({"half_life_s": 0.0}, "half_life_s must be above 0"),
        ({"n_hidden": 0}, "n_hidden must be above 0"),
        ({"model": "tree"}, "model must be one of linear, neural, got 'tree'"),
        (
            {"without": ("novelty", "age")},
            "out of relevance, .*, got 'age'",
        ),
        ({"select_by": "chance"}, "select_by must be one of retriever, news_value"),
        ({"reserved": 1.0}, "reserved must be at least 0 and below 1"),
        ({"rivals_share": 2.0}, "rivals_share must be in"),
        ({"n_others": 0}, "n_others must be above 0"),
        ({"half_life_strength": 0.0}, "half_life_strength must be above 0"),
        ({"credibility_strength": 0.0}, "credibility_strength must be above 0"),
        ({"category_half_lives_s": {"sport": 0.0}}, "'sport'.* must be above 0"),
        ({"credibility": {"wire": 1.5}}, "'wire'.* must be in"),
    ],
)
def test_settings_that_cannot_select_are_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        KnrsConfig(**wrong)
