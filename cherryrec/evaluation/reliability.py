"""How far CnLE's confidence is borne out by clicks: reliability curves and calibration error.

Of an impression that CnLE has evaluated, the softmax over its log-odds gives every candidate a
chance p to be the one that is clicked; the click, shared evenly where there are several, is y.
Binned by p, a calibrated model's mean y is its mean p in every bin. *Before* is the model as it is
(T = 1), *after* with the temperature known before the impression was labelled: no label tells of
itself.

References
----------
Naeini et al. (2015), Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI: the
expected calibration error, here over bins of equal counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle.calibration import log_odds
from cherryrec.evaluation.intervals import Interval, mean_interval
from cherryrec.events import Recommendation
from cherryrec.listwise import has_contrast, softmax

__all__ = [
    "N_BINS",
    "Curve",
    "Reliability",
    "ReliabilityRecord",
]

Floats = NDArray[np.float64]

N_BINS = 10
"""Bins of equal counts."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Chances against clicks.

    Parameters
    ----------
    chances, clicks
        Mean p and mean y of each bin, (bins,).
    error
        The expected calibration error, the mean of |mean y - mean p| weighed by counts, in [0, 1],
        with the 95 % bootstrap interval over impressions. Chance alone makes it larger than 0, the
        more the fewer impressions there are.
    loss
        Mean over impressions of -log p of what was clicked, with its interval.
    """

    chances: Floats
    clicks: Floats
    error: Interval
    loss: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What a replay found out of CnLE's confidence.

    Parameters
    ----------
    before, after
        At T = 1, and at the temperature of the time.
    gain
        The error before minus that after, with the 95 % paired bootstrap interval.
    temperature
        That of the last impression.
    n_impressions, n_candidates
        Impressions with a clicked and an unclicked evaluated candidate, and candidates in them.
    """

    before: Curve
    after: Curve
    gain: Interval
    temperature: float
    n_impressions: int
    n_candidates: int


class ReliabilityRecord:
    """Collects the evaluated impressions of a replay.

    Examples
    --------
    >>> record = ReliabilityRecord()
    >>> for clicked in ([True, False], [False, True]) * 10:
    ...     record.add(np.array([0.9, 0.1]), np.array(clicked), temperature=2.0)

    Odds of nine to one on the way to n·p are 81 to 1 against each other; at T = 2, nine to one.
    Half of the clicks go to each:

    >>> found = record.summary(seed=0)
    >>> round(found.before.error.mean, 3), round(found.after.error.mean, 3)
    (0.488, 0.4)
    """

    def __init__(self) -> None:
        self._log_odds: list[Floats] = []
        self._clicks: list[Floats] = []
        self._temperatures: list[float] = []

    def add_slate(self, recommendation: Recommendation, clicked: Sequence[str]) -> None:
        """Add a slate with its evaluations, if it has any, by the articles that were clicked."""
        found = [item for item in recommendation.slate if item.evaluation is not None]
        if recommendation.temperature is None or not found:
            return
        labels = np.array([item.article_id in clicked for item in found])
        evaluations = np.array([item.evaluation for item in found], np.float64)
        self.add(evaluations, labels, temperature=recommendation.temperature)

    def add(self, evaluations: Floats, clicked: NDArray[np.bool_], *, temperature: float) -> None:
        """Add one impression; one without a clicked and an unclicked candidate says nothing.

        Parameters
        ----------
        evaluations
            Of the candidates that have one, in [0, 1], (n,).
        clicked
            Which of them were clicked, (n,).
        temperature
            Known before the labels; above 0.
        """
        if not has_contrast(clicked):
            return
        self._log_odds.append(log_odds(evaluations))
        self._clicks.append(clicked / np.count_nonzero(clicked))
        self._temperatures.append(temperature)

    def summary(self, seed: int) -> Reliability | None:
        """Return what was found; None where nothing was added.

        Parameters
        ----------
        seed
            Of the resampling.
        """
        if not self._clicks:
            return None
        clicks = np.concatenate(self._clicks)  # (N,)
        sizes = np.array([len(one) for one in self._clicks])  # (I,)
        temperatures = np.array(self._temperatures)  # (I,)
        chances = [
            np.concatenate([softmax(s / t) for s, t in zip(self._log_odds, ts, strict=True)])
            for ts in (np.ones(len(sizes)), temperatures)
        ]
        bins = [_bins(one) for one in chances]
        surplus = [_by_impression(p - clicks, b, sizes) for p, b in zip(chances, bins, strict=True)]
        errors = _resampled_errors(surplus, sizes, seed)
        before, after = (
            _curve(p, clicks, b, sizes, error=error, seed=seed)
            for p, b, error in zip(chances, bins, errors, strict=False)
        )
        return Reliability(
            before=before,
            after=after,
            gain=errors[2],
            temperature=float(temperatures[-1]),
            n_impressions=len(sizes),
            n_candidates=len(clicks),
        )


def _bins(chances: Floats) -> NDArray[np.intp]:
    """Return the bin of each chance, the lowest in the first, (N,) → (N,)."""
    n = len(chances)
    ranks = np.empty(n, np.intp)
    ranks[np.argsort(chances, kind="stable")] = np.arange(n)
    return ranks * min(N_BINS, n) // n


def _by_impression(values: Floats, bins: NDArray[np.intp], sizes: NDArray[np.int_]) -> Floats:
    """Sum values, (N,), by impression and bin, (I, bins)."""
    n_bins = int(bins.max()) + 1
    cells = np.repeat(np.arange(len(sizes)), sizes) * n_bins + bins
    summed = np.bincount(cells, weights=values, minlength=len(sizes) * n_bins)
    return np.asarray(summed.reshape(len(sizes), n_bins), np.float64)


def _resampled_errors(
    surplus: Sequence[Floats], sizes: NDArray[np.int_], seed: int, n_resamples: int = 1_000
) -> list[Interval]:
    """Return the errors before and after and their difference, over the same resamples.

    Bins stay as they are while impressions are drawn.
    """
    rng = np.random.default_rng(seed)
    n = len(sizes)

    def errors(times_drawn: Floats) -> list[float]:
        n_drawn = times_drawn @ sizes
        found = [float(np.abs(times_drawn @ one).sum() / n_drawn) for one in surplus]
        return [*found, found[0] - found[1]]

    means = errors(np.ones(n))
    drawn = np.array(
        [
            errors(np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64))
            for _ in range(n_resamples)
        ]
    )  # (resamples, 3)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return [Interval(*map(float, ends)) for ends in zip(means, low, high, strict=True)]


def _curve(
    chances: Floats,
    clicks: Floats,
    bins: NDArray[np.intp],
    sizes: NDArray[np.int_],
    *,
    error: Interval,
    seed: int,
) -> Curve:
    """Average by bin, and the loss by impression."""
    counts = np.bincount(bins)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    losses = np.add.reduceat(-clicks * np.log(np.maximum(chances, 1e-300)), starts)
    return Curve(
        chances=np.bincount(bins, weights=chances) / counts,
        clicks=np.bincount(bins, weights=clicks) / counts,
        error=error,
        loss=mean_interval(losses, seed=seed),
    )
