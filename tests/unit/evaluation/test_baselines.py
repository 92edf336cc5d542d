"""The baselines: what each knows, and that reading changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.evaluation.baselines import (
    FEATURE_BASELINES,
    ROW_BASELINES,
    STANDARD,
    Baseline,
    FeatureBaseline,
    RandomOrder,
    RecentPopularity,
    SmoothedCtr,
    TitleMatch,
    baseline_names,
    build_baselines,
)
from cherryrec.evaluation.baselines.decayed_counts import DecayedCounts
from cherryrec.evaluation.mind import MindArticle, MindImpression
from cherryrec.vans import Feature

HOUR = 3600.0
TITLES = {"a": "Late goal wins the cup", "b": "Vote on the budget", "c": "Cup final goal", "d": ""}
ARTICLES = {i: MindArticle(i, "", None, title, "", "", ()) for i, title in TITLES.items()}
FEATURES = (Feature("ctr_6h"), Feature("age"), Feature("hour", is_context=True))


def impression(
    key: str,
    shown_at: float,
    slate: str,
    clicked: str | None = "",
    history: tuple[str, ...] = (),
    *,
    user: str = "u",
) -> MindImpression:
    labels = None if clicked is None else tuple(a in clicked for a in slate)
    return MindImpression(key, user, shown_at, history, tuple(slate), labels)


def row_baseline(name: str) -> Baseline:
    return build_baselines((name,), ARTICLES, FEATURES, seed=1).by_row[0]


def feature_baseline(name: str) -> FeatureBaseline:
    return build_baselines((name,), ARTICLES, FEATURES, seed=1).by_features[0]


@pytest.mark.parametrize("name", ROW_BASELINES)
def test_every_row_baseline_keeps_the_contract(name: str) -> None:
    baseline = row_baseline(name)
    later = impression("9", 10 * HOUR, "abcdx", history=("a", "unknown"))

    assert baseline.score(later).shape == (5,)
    for i in range(5):
        baseline.learn(impression(str(i), i * HOUR, "abcd", "b" if i % 2 else "c", ("a",)))
    first = baseline.score(later)
    baseline.learn(impression("8", 10 * HOUR, "ab", clicked=None))

    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    assert np.array_equal(first, baseline.score(later))


@pytest.mark.parametrize("name", ROW_BASELINES)
def test_asking_a_row_baseline_of_strangers_leaves_no_trace(name: str) -> None:
    asked, silent = row_baseline(name), row_baseline(name)
    later = impression("9", 9 * HOUR, "abcd", history=("a", "b"))

    for i in range(4):
        row = impression(str(i), i * HOUR, "abcd", "b" if i % 2 else "c", ("a",), user=f"u{i % 2}")
        asked.score(impression(f"x{i}", i * HOUR, "dx", history=("d",), user=f"stranger{i}"))
        asked.learn(row)
        silent.learn(row)

    assert np.array_equal(asked.score(later), silent.score(later))


@pytest.mark.parametrize("name", FEATURE_BASELINES)
def test_every_feature_baseline_keeps_the_contract(name: str) -> None:
    rng = np.random.default_rng(0)
    baseline = feature_baseline(name)
    later = rng.random((5, len(FEATURES)))
    kept = later.copy()

    assert baseline.score(later).shape == (5,)
    for _ in range(20):
        baseline.learn(rng.random((4, len(FEATURES))), np.arange(4) == rng.integers(4))
    first = baseline.score(later)

    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    assert np.array_equal(first, baseline.score(later))
    assert np.array_equal(later, kept)


def test_baselines_have_different_names_and_come_in_the_order_asked_for() -> None:
    built = build_baselines((*ROW_BASELINES, *FEATURE_BASELINES), ARTICLES, FEATURES)
    names = [b.name for b in built.by_row] + [b.name for b in built.by_features]

    assert len(set(names)) == len(ROW_BASELINES) + len(FEATURE_BASELINES)
    assert names[:4] == ["random", "recent popularity", "smoothed CTR", "TopicPop"]


def test_keywords_stand_for_sets_of_baselines() -> None:
    assert baseline_names("none") == ()
    assert baseline_names("standard") == STANDARD
    assert baseline_names("all") == (*ROW_BASELINES, *FEATURE_BASELINES)
    assert baseline_names("v-sknn,random,random") == ("random", "v-sknn")


@pytest.mark.parametrize("text", ["ctr", "random,ctr", "random,", "", "all,none"])
def test_unknown_baseline_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ConfigError, match=r"out of random, .*, lambdamart, got '"):
        baseline_names(text)


def test_random_order_depends_on_seed_and_impression_alone() -> None:
    one, two = impression("1", 0.0, "abcd"), impression("2", 0.0, "abcd")

    assert np.array_equal(RandomOrder(1).score(one), RandomOrder(1).score(one))
    assert not np.array_equal(RandomOrder(1).score(one), RandomOrder(2).score(one))
    assert not np.array_equal(RandomOrder(1).score(one), RandomOrder(1).score(two))


def test_popularity_forgets() -> None:
    baseline = RecentPopularity(half_life_s=HOUR)
    baseline.learn(impression("1", 0.0, "ab", "a"))
    baseline.learn(impression("2", 1.5 * HOUR, "ab", "b"))
    baseline.learn(impression("3", 0.0, "ab", "a"))

    a, b, c = baseline.score(impression("4", 2 * HOUR, "abc"))

    assert (a, b, c) == pytest.approx((0.5, 0.5**0.5, 0.0))


def test_ctr_divides_by_what_was_shown() -> None:
    popularity, ctr = RecentPopularity(), SmoothedCtr()
    for i in range(10):
        for baseline in (popularity, ctr):
            baseline.learn(impression(f"x{i}", 0.0, "ac", "a" if i % 3 == 0 else ""))
            baseline.learn(impression(f"y{i}", 0.0, "bc", "b" if i in (0, 5) else ""))
    for i in range(30):
        for baseline in (popularity, ctr):
            baseline.learn(impression(f"z{i}", 0.0, "ac"))
    now = impression("9", 0.0, "ab")

    assert popularity.score(now)[0] > popularity.score(now)[1]
    assert ctr.score(now)[0] < ctr.score(now)[1]


def test_titles_match_by_words_in_common() -> None:
    match = TitleMatch(ARTICLES)
    for article_id in "abc":
        match.learn(impression(article_id, 0.0, article_id))

    scores = match.score(impression("9", 0.0, "bcd", history=("a",)))

    assert scores[1] > scores[0] > scores[2] == 0.0


def test_title_match_sees_the_end_of_a_long_history() -> None:
    match = TitleMatch(ARTICLES, n_history=1)

    early, late = (
        match.score(impression("9", 0.0, "c", history=h)) for h in (("a", "b"), ("b", "a"))
    )

    assert early[0] < late[0]


def test_decayed_counts_equal_the_batch_formula_in_any_order() -> None:
    rng = np.random.default_rng(0)
    counts = DecayedCounts(half_life_s=HOUR)
    events = [("ab"[i % 2], float(t)) for i, t in enumerate(rng.uniform(0, 400 * HOUR, 300))]

    for article_id, t in events:
        counts.add(article_id, now=t)

    now = 401 * HOUR
    wanted = [sum(0.5 ** ((now - t) / HOUR) for i, t in events if i == a) for a in "ab"]
    assert counts.read("ab", now=now) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_decayed_counts_forget_articles_that_came_to_nothing() -> None:
    counts = DecayedCounts(half_life_s=1.0)
    for i in range(1_000):
        counts.add(f"a{i}", now=float(i))

    assert len(counts._stored) <= 401
    assert counts.read(["a0"], now=1e9) == [0.0]
