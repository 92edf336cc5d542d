"""MIND's ranking metrics, one impression at a time, and their prequential accumulation.

With labels y (1 = clicked) and ranks r (1 = best) of an impression's candidates:

- AUC: the share of (clicked, not clicked) pairs the scores order rightly, a tie counting half;
- MRR: sum(y / r) / sum(y), the mean of 1 / rank over all its clicks, as MIND defines it;
- first-hit MRR: 1 / rank of its best-placed click;
- nDCG@k: sum over r <= k of (2^y - 1) / log2(r + 1), divided by that of the ideal order.

Candidates of equal scores have no order: each metric is its mean over all orders of them, so that
neither ids nor the order of a slate reach a number.

References
----------
Wu et al. (2020), MIND: A Large-scale Dataset for News Recommendation, ACL, section 5.1, and
https://github.com/msnews/MIND/blob/master/evaluate.py.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, log2
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cherryrec.errors import ModelError
from cherryrec.evaluation.intervals import Interval, bootstrap_means
from cherryrec.text import stable_hash

__all__ = [
    "METRICS",
    "LogPart",
    "OverTime",
    "PrequentialMetrics",
    "auc",
    "impression_metrics",
    "mrr",
    "mrr_first",
    "ndcg",
    "over_time",
    "ranks_of",
]

METRICS = ("auc", "mrr", "mrr_first", "ndcg@5", "ndcg@10")
"""The metrics of protocol A, in the order of the columns of `PrequentialMetrics.values`."""

LogPart = Literal["whole", "second_half"] | int
"""A part of a log by name, or all from an impression on: from number 3 on is 3."""


def ranks_of(
    scores: ArrayLike, article_ids: Sequence[str], *, impression_id: str
) -> NDArray[np.int64]:
    """Return each candidate's rank, 1 = best: score descending, ties by a hash.

    It is of impression and article, so that no id is ahead of another in every impression.

    Raises
    ------
    ModelError
        Scores are not one finite number per candidate.

    Examples
    --------
    >>> ranks_of([0.2, 0.9, 0.5], ["c", "b", "a"], impression_id="1").tolist()
    [3, 1, 2]
    """
    found = _checked(scores, len(article_ids))  # (n,)
    ties = [stable_hash(f"{impression_id} {article}") for article in article_ids]
    order = sorted(zip((-found).tolist(), ties, range(len(found)), strict=True))
    ranks = np.empty(len(found), dtype=np.int64)
    ranks[[place for _, _, place in order]] = np.arange(1, len(found) + 1)
    return ranks


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the area under the ROC curve; NaN where all or none were clicked.

    Examples
    --------
    Of the four pairs three are in order:

    >>> auc([0.9, 0.3, 0.5, 0.1], [1, 1, 0, 0])
    0.75

    A tie counts half:

    >>> auc([0.5, 0.5], [1, 0])
    0.5
    """
    s, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)  # (n,), (n,)
    clicked, rest = s[y].tolist(), sorted(s[~y].tolist())
    if not clicked or not rest:
        return float("nan")
    twice_won = sum(bisect_left(rest, score) + bisect_right(rest, score) for score in clicked)
    return twice_won / (2 * len(clicked) * len(rest))


def mrr(ranks: ArrayLike, labels: ArrayLike) -> float:
    """Return MIND's MRR, the mean of 1 / rank over all clicks; NaN where nothing was clicked.

    Examples
    --------
    >>> mrr([1, 2, 3, 4], [1, 0, 0, 1])  # (1 + 1/4) / 2
    0.625
    """
    return _mrr(_untied(ranks, labels))


def mrr_first(ranks: ArrayLike, labels: ArrayLike) -> float:
    """Return 1 / rank of the best-placed click; NaN where nothing was clicked.

    Examples
    --------
    >>> mrr_first([1, 2, 3, 4], [0, 1, 0, 1])
    0.5
    """
    return _mrr_first(_untied(ranks, labels))


def ndcg(ranks: ArrayLike, labels: ArrayLike, k: int) -> float:
    """Return the normalised discounted cumulative gain of the first k; NaN without a click.

    Examples
    --------
    One click, at rank 3: 1 / log2(4), the ideal being 1 / log2(2).

    >>> ndcg([1, 2, 3], [0, 0, 1], k=5)
    0.5
    >>> ndcg([1, 2, 3], [0, 0, 1], k=2)
    0.0
    """
    return _ndcg(_untied(ranks, labels), k)


def impression_metrics(
    scores: ArrayLike, article_ids: Sequence[str], labels: ArrayLike
) -> tuple[float, ...]:
    """Return the values of `METRICS` for one impression, NaN where one is not defined.

    Examples
    --------
    >>> impression_metrics([3.0, 2.0, 1.0], ["a", "b", "c"], [0, 1, 0])[:3]
    (0.5, 0.5, 0.5)

    Of two with one score the one clicked is first or second, as often: (1 + 1/2) / 2.

    >>> impression_metrics([3.0, 3.0], ["a", "b"], [0, 1])[:3]
    (0.5, 0.75, 0.75)

    Raises
    ------
    ModelError
        Scores are not one finite number per candidate.
    """
    ties = _ties(_checked(scores, len(article_ids)), labels)
    return auc(scores, labels), _mrr(ties), _mrr_first(ties), _ndcg(ties, 5), _ndcg(ties, 10)


class _Tie(NamedTuple):
    """Candidates of one score: the rank of the first, how many they are, and how many clicked."""

    first: int
    n: int
    n_clicked: int


def _checked(scores: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return scores as an array, (n,), or refuse them."""
    found = np.asarray(scores, dtype=np.float64)
    if found.shape != (n,) or not np.isfinite(found).all():
        message = (
            f"scores must be {n} finite numbers, one per candidate, "
            f"got shape {found.shape} with {int((~np.isfinite(found)).sum())} not finite"
        )
        raise ModelError(message)
    return found


def _untied(ranks: ArrayLike, labels: ArrayLike) -> list[_Tie]:
    """Return what was clicked, each alone at its rank; so few that a list is the faster."""
    r, y = np.asarray(ranks).tolist(), np.asarray(labels, dtype=bool).tolist()  # (n,), (n,)
    return [_Tie(rank, 1, 1) for rank, label in sorted(zip(r, y, strict=True)) if label]


def _ties(scores: NDArray[np.float64], labels: ArrayLike) -> list[_Tie]:
    """Return the ties that hold a click, the best first."""
    ordered = sorted(scores.tolist())
    clicked = scores[np.asarray(labels, dtype=bool)].tolist()
    found = []
    for score in sorted(set(clicked), reverse=True):
        below, up_to = bisect_left(ordered, score), bisect_right(ordered, score)
        found.append(_Tie(len(ordered) - up_to + 1, up_to - below, clicked.count(score)))
    return found


def _mrr(ties: list[_Tie]) -> float:
    if not ties:
        return float("nan")
    summed = sum(
        n_clicked / n * sum(1.0 / rank for rank in range(first, first + n))
        for first, n, n_clicked in ties
    )
    return summed / sum(tie.n_clicked for tie in ties)


def _mrr_first(ties: list[_Tie]) -> float:
    """Of n in a tie the first of c clicked is the one of place j in C(n - 1 - j, c - 1) orders."""
    if not ties:
        return float("nan")
    first, n, c = ties[0]
    return sum(comb(n - 1 - j, c - 1) / (first + j) for j in range(n - c + 1)) / comb(n, c)


def _ndcg(ties: list[_Tie], k: int) -> float:
    if not ties:
        return float("nan")
    gained = sum(
        n_clicked / n * sum(1.0 / log2(r + 1.0) for r in range(first, min(first + n, k + 1)))
        for first, n, n_clicked in ties
    )
    n_hits = sum(tie.n_clicked for tie in ties)
    ideal = sum(1.0 / log2(rank + 1.0) for rank in range(1, min(n_hits, k) + 1))
    return gained / ideal


@dataclass(frozen=True, slots=True)
class OverTime:
    """A metric over the time of the log: bucket ends, means within, means of all so far."""

    ends_s: NDArray[np.float64]
    in_bucket: NDArray[np.float64]
    so_far: NDArray[np.float64]


class PrequentialMetrics:
    """The metrics of every impression of one ranking, in the order they were ranked.

    Holds 28 bytes an impression. An impression on which a metric is not defined keeps its row with
    NaN, so that two rankings of one log can be compared row by row.

    Examples
    --------
    >>> metrics = PrequentialMetrics()
    >>> metrics.add(0.0, [2.0, 1.0], ["a", "b"], [1, 0])
    >>> metrics.add(9.0, [2.0, 1.0], ["a", "b"], [0, 1])
    >>> metrics.mean("auc"), metrics.mean("auc", part="second_half"), metrics.mean("mrr")
    (0.5, 0.0, 0.75)
    """

    def __init__(self) -> None:
        self._values = array("f")
        self._times_s = array("d")

    def __len__(self) -> int:
        return len(self._times_s)

    def add(
        self, shown_at: float, scores: ArrayLike, article_ids: Sequence[str], labels: ArrayLike
    ) -> None:
        """Add one impression: its scores, and the clicks that followed."""
        self._values.extend(impression_metrics(scores, article_ids, labels))
        self._times_s.append(shown_at)

    def values(self, part: LogPart = "whole") -> NDArray[np.float32]:
        """Return the metrics of each impression, (n, 5); a copy."""
        rows = np.array(self._values, dtype=np.float32).reshape(-1, len(METRICS))  # (n, 5)
        if part == "whole":
            return rows
        return rows[len(rows) // 2 if part == "second_half" else part :]

    def at(self, places: Sequence[int]) -> PrequentialMetrics:
        """Return the metrics of some impressions, by their places in increasing order.

        Examples
        --------
        >>> metrics = PrequentialMetrics()
        >>> for label in (1, 0, 1):
        ...     metrics.add(0.0, [2.0, 1.0], ["a", "b"], [label, 1 - label])
        >>> metrics.at([0, 2]).mean("auc")
        1.0
        """
        found = PrequentialMetrics()
        found._values.extend(self.values()[list(places)].ravel().tolist())
        found._times_s.extend(self._times_s[place] for place in places)
        return found

    def mean(self, metric: str, *, part: LogPart = "whole") -> float:
        """Return the mean of one metric over the impressions that define it; NaN if none does."""
        column = self.values(part)[:, METRICS.index(metric)].astype(np.float64)
        column = column[~np.isnan(column)]
        return float(column.mean()) if column.size else float("nan")

    def intervals(
        self, *, part: LogPart = "whole", seed: int = 0, n_resamples: int = 1000
    ) -> dict[str, Interval]:
        """Return mean and 95 % bootstrap interval of every metric."""
        values = self.values(part).astype(np.float64)  # (n, 5)
        found = bootstrap_means(values, seed=seed, n_resamples=n_resamples)
        return dict(zip(METRICS, found, strict=True))

    def over_time(self, metric: str = "auc", *, n_buckets: int = 48) -> OverTime:
        """Return one metric in buckets of equal length between the first and the last impression.

        Parameters
        ----------
        metric
            One of `METRICS`.
        n_buckets
            At least 1. A bucket without an impression is left out.
        """
        column = self.values()[:, METRICS.index(metric)].astype(np.float64)  # (n,)
        return over_time(np.array(self._times_s), column, n_buckets=n_buckets)


def over_time(
    times_s: NDArray[np.float64], values: NDArray[np.float64], *, n_buckets: int = 48
) -> OverTime:
    """Return values in buckets of equal length between the first and the last of them.

    Parameters
    ----------
    times_s, values
        One each per impression, (n,); an impression of NaN is left out.
    n_buckets
        At least 1. A bucket without an impression is left out.

    Examples
    --------
    >>> found = over_time(np.array([0.0, 1.0, 10.0]), np.array([0.0, 1.0, 1.0]), n_buckets=2)
    >>> found.in_bucket.tolist(), found.so_far.round(2).tolist()
    ([0.5, 1.0], [0.5, 0.67])
    """
    known = ~np.isnan(values)
    times_s, values = times_s[known], values[known]
    if not values.size:
        return OverTime(np.empty(0), np.empty(0), np.empty(0))
    edges = np.linspace(times_s.min(), times_s.max(), n_buckets + 1)  # (b + 1,)
    bucket = np.clip(np.searchsorted(edges, times_s, side="right") - 1, 0, n_buckets - 1)
    n_in = np.bincount(bucket, minlength=n_buckets)  # (b,)
    total = np.bincount(bucket, weights=values, minlength=n_buckets)  # (b,)
    filled = n_in > 0
    return OverTime(
        ends_s=edges[1:][filled],
        in_bucket=total[filled] / n_in[filled],
        so_far=np.cumsum(total)[filled] / np.cumsum(n_in)[filled],
    )
