"""The baselines: what each knows, and that reading changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.evaluation.baselines import (
    Baseline,
    RandomOrder,
    RecentPopularity,
    SmoothedCtr,
    TitleMatch,
    all_baselines,
)
from cherryrec.evaluation.baselines.decayed_counts import DecayedCounts
from cherryrec.evaluation.mind import MindArticle, MindImpression

HOUR = 3600.0
TITLES = {"a": "Late goal wins the cup", "b": "Vote on the budget", "c": "Cup final goal", "d": ""}
ARTICLES = {i: MindArticle(i, "", None, title, "", "", ()) for i, title in TITLES.items()}


def impression(
    key: str,
    shown_at: float,
    slate: str,
    clicked: str | None = "",
    history: tuple[str, ...] = (),
) -> MindImpression:
    labels = None if clicked is None else tuple(a in clicked for a in slate)
    return MindImpression(key, "u", shown_at, history, tuple(slate), labels)


@pytest.mark.parametrize("number", range(4))
def test_every_baseline_keeps_the_contract(number: int) -> None:
    baseline: Baseline = all_baselines(ARTICLES, seed=1)[number]
    later = impression("9", 10 * HOUR, "abcdx", history=("a", "unknown"))

    assert baseline.score(later).shape == (5,)
    for i in range(5):
        baseline.learn(impression(str(i), i * HOUR, "abcd", "b" if i % 2 else "c"))
    first = baseline.score(later)
    baseline.learn(impression("8", 10 * HOUR, "ab", clicked=None))

    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    assert np.array_equal(first, baseline.score(later))


def test_baselines_have_different_names() -> None:
    assert len({baseline.name for baseline in all_baselines(ARTICLES)}) == 4


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
