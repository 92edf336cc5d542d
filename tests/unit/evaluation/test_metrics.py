"""The metrics against hand-worked examples and the published formulas written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.evaluation.metrics import (
    METRICS,
    PrequentialMetrics,
    auc,
    impression_metrics,
    mrr,
    mrr_first,
    ndcg,
    ranks_of,
)


def pairs_auc(scores: list[float], labels: list[int]) -> float:
    wins = total = 0.0
    for s, y in zip(scores, labels, strict=True):
        for t, z in zip(scores, labels, strict=True):
            if y and not z:
                total += 1
                wins += 1.0 if s > t else 0.5 if s == t else 0.0
    return wins / total


def mind_mrr(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """MIND's evaluate.py, line by line."""
    order = np.argsort(scores)[::-1]
    y = np.take(labels, order)
    return float(np.sum(y / (np.arange(len(y)) + 1)) / np.sum(y))


def mind_dcg(scores: NDArray[np.float64], labels: NDArray[np.int64], k: int) -> float:
    """MIND's evaluate.py, line by line."""
    order = np.argsort(scores)[::-1]
    y = np.take(labels, order[:k])
    return float(np.sum((2**y - 1) / np.log2(np.arange(len(y)) + 2)))


@pytest.mark.parametrize("seed", range(20))
def test_metrics_equal_the_published_formulas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    scores = rng.permutation(n).astype(float)
    labels = (rng.random(n) < 0.2).astype(np.int64)
    labels[rng.permutation(n)[:2]] = (1, 0)
    ids = [f"a{i}" for i in range(n)]

    found = impression_metrics(scores, ids, labels)

    wanted = (
        pairs_auc(scores.tolist(), labels.tolist()),
        mind_mrr(scores, labels),
        1.0 / (1 + min(np.sum(scores > s) for s in scores[labels == 1])),
        mind_dcg(scores, labels, 5) / mind_dcg(labels.astype(float), labels, 5),
        mind_dcg(scores, labels, 10) / mind_dcg(labels.astype(float), labels, 10),
    )
    assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_auc_with_ties_equals_counting_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, size=15).astype(float)
    labels = [1, 0, *rng.integers(0, 2, size=13).tolist()]

    assert auc(scores, labels) == pytest.approx(pairs_auc(scores.tolist(), labels), abs=1e-12)


def test_hand_worked_impression() -> None:
    ranks, labels = [3, 1, 4, 2], [1, 0, 1, 0]

    assert mrr(ranks, labels) == pytest.approx((1 / 3 + 1 / 4) / 2)
    assert mrr_first(ranks, labels) == pytest.approx(1 / 3)
    dcg = 1 / math.log2(4) + 1 / math.log2(5)
    assert ndcg(ranks, labels, 5) == pytest.approx(dcg / (1 / math.log2(2) + 1 / math.log2(3)))
    assert ndcg(ranks, labels, 3) == pytest.approx(0.5 / (1 + 1 / math.log2(3)))


@pytest.mark.parametrize("labels", [[0, 0], [1, 1]])
def test_auc_is_undefined_without_both_labels(labels: list[int]) -> None:
    assert math.isnan(auc([1.0, 2.0], labels))


def test_rank_metrics_are_undefined_without_a_click() -> None:
    assert all(math.isnan(v) for v in (mrr([1], [0]), mrr_first([1], [0]), ndcg([1], [0], 5)))


def test_no_id_is_ahead_of_another_in_all_ties() -> None:
    first = {
        tuple(ranks_of([1.0, 1.0, 2.0], ["a", "b", "c"], impression_id=str(n)).tolist())
        for n in range(20)
    }

    assert first == {(2, 3, 1), (3, 2, 1)}


@pytest.mark.parametrize("scores", [[1.0, math.nan], [1.0, math.inf], [1.0], [1.0, 2.0, 3.0]])
def test_scores_that_do_not_fit_the_slate_are_refused(scores: list[float]) -> None:
    with pytest.raises(ModelError, match="scores must be 2 finite numbers"):
        ranks_of(scores, ["a", "b"], impression_id="1")
    with pytest.raises(ModelError, match="scores must be 2 finite numbers"):
        impression_metrics(scores, ["a", "b"], [1, 0])


def filled(n: int, *, seed: int = 0) -> PrequentialMetrics:
    rng = np.random.default_rng(seed)
    metrics = PrequentialMetrics()
    for i in range(n):
        labels = np.zeros(6, dtype=int)
        if i % 10:
            labels[rng.integers(6)] = 1
        metrics.add(60.0 * i, rng.random(6), list("abcdef"), labels)
    return metrics


def test_skipped_impressions_are_counted_and_leave_the_means_alone() -> None:
    metrics = filled(50)
    values = metrics.values()

    assert (len(metrics), int(np.isnan(metrics.values()[:, 0]).sum())) == (50, 5)
    assert metrics.mean("auc") == pytest.approx(float(np.nanmean(values[:, 0])), abs=1e-6)


def test_the_second_half_is_the_later_half_of_all_impressions() -> None:
    metrics = filled(51)

    assert np.array_equal(metrics.values("second_half"), metrics.values()[25:], equal_nan=True)


def test_intervals_hold_their_means_and_repeat_with_the_seed() -> None:
    metrics = filled(200)
    intervals = metrics.intervals(seed=3)

    assert tuple(intervals) == METRICS
    for metric, (mean, low, high) in intervals.items():
        assert low < mean < high
        assert mean == pytest.approx(metrics.mean(metric), abs=1e-9)
    assert intervals == metrics.intervals(seed=3)
    assert intervals != metrics.intervals(seed=4)


def test_the_running_mean_ends_at_the_mean() -> None:
    metrics = filled(100)
    over_time = metrics.over_time("auc", n_buckets=7)

    assert len(over_time.ends_s) == 7
    assert over_time.so_far[-1] == pytest.approx(metrics.mean("auc"), abs=1e-9)
    assert over_time.ends_s[-1] == 99 * 60.0


def test_a_log_of_one_moment_is_one_bucket() -> None:
    metrics = PrequentialMetrics()
    metrics.add(5.0, [2.0, 1.0], ["a", "b"], [1, 0])

    assert metrics.over_time().so_far.tolist() == [1.0]


def test_nothing_measured_is_nan() -> None:
    metrics = PrequentialMetrics()

    assert math.isnan(metrics.mean("auc"))
    assert math.isnan(metrics.intervals()["auc"].mean)
    assert metrics.over_time().ends_s.size == 0
