"""A policy's click-through rate from displays that another policy drew: four estimators.

At display t of n the log drew article a_t with propensity p_t from a pool, and r_t says whether it
was clicked. The policy judged would have chosen π_t; w_t = 1 / p_t where π_t = a_t (a match), else
0. Then its rate is estimated by

- replay: Σ 1[w_t > 0] r_t / Σ 1[w_t > 0], the share of clicks among the matches (Li et al. 2011,
  algorithm 3). Small pools match more often, so that where pools differ it is the rate of a site
  with small ones;
- IPS: (1 / n) Σ w_t r_t (Horvitz and Thompson 1952, equation 6; Bottou et al. 2013, equation 17);
- SNIPS: Σ w_t r_t / Σ w_t (Swaminathan and Joachims 2015, equation 7), which cannot exceed 1 and
  does not suffer from a lucky number of matches;
- DR: (1 / n) Σ (q_t(π_t) + w_t (r_t - q_t(a_t))) (Dudík et al. 2011, equation 2), where q_t is a
  model of the reward fitted to displays before t.

A policy that learns from its matches is another one at each display. All of it that w_t and q_t go
by is known before a_t is drawn, so the sums stay unbiased: the differences from the value of π_t
are a martingale's, and their squares estimate its variance. What is estimated then is the mean over
the log of what the policy of the moment is worth.

Intervals are exact binomial ones with as many draws as have the variance that was found (Korn and
Graubard 1998): few clicks leave the normal interval below 0 at times, and Wilson's begins too high
(Cai 2005), so that the rate of a policy that learns was below it nearly twice as often as above.

References
----------
Li, Chu, Langford and Wang (2011), Unbiased Offline Evaluation of Contextual-bandit-based News
Article Recommendation Algorithms, WSDM, https://doi.org/10.1145/1935826.1935878.
Horvitz and Thompson (1952), A generalization of sampling without replacement from a finite
universe, Journal of the American Statistical Association 47.
Bottou et al. (2013), Counterfactual reasoning and learning systems, JMLR 14.
Swaminathan and Joachims (2015), The self-normalized estimator for counterfactual learning, NIPS.
Dudík, Langford and Li (2011), Doubly robust policy evaluation and learning, ICML.
Kish (1965), Survey Sampling, Wiley, section 11.7: the effective sample size.
Cai (2005), One-sided confidence intervals in discrete distributions, Journal of Statistical
Planning and Inference 131, https://doi.org/10.1016/j.jspi.2004.01.005: section 2.
"""

from __future__ import annotations

from math import exp, log, nan, sqrt
from typing import NamedTuple

from cherryrec.evaluation.intervals import LEAST, Interval
from cherryrec.evaluation.random_logs.exact import Z, effective_n, exact_interval

__all__ = ["ESTIMATORS", "Estimate", "Evidence"]

ESTIMATORS = ("replay", "IPS", "SNIPS", "DR")
"""In the order of the tables."""


class Estimate(NamedTuple):
    """A click-through rate by one estimator; ends of NaN where matches are too few."""

    estimator: str
    rate: Interval


class Evidence:
    """Sums over the displays of a log for one policy; a dozen numbers, however long the log.

    Examples
    --------
    Pools of two, the first three displays matched, the first and the last clicked:

    >>> evidence = Evidence()
    >>> for is_match, is_clicked in ((1, 1), (1, 0), (1, 0), (0, 1)):
    ...     evidence.add(0.5, is_match=bool(is_match), is_clicked=bool(is_clicked))

    Replay 1 / 3; IPS 2 / 4; SNIPS 2 / 6; weights alike count as much as there are, 6² / 12:

    >>> evidence.replay().mean == 1 / 3, evidence.ips().mean, evidence.snips().mean == 2 / 6
    (True, 0.5, True)
    >>> evidence.effective_n
    3.0

    With a model that always expects 0.5, each match adds 2 (r - 0.5) to it:
    (0.5 + 1, 0.5 - 1, 0.5 - 1, 0.5) have the mean 1 / 4.

    >>> evidence = Evidence()
    >>> for is_match, is_clicked in ((1, 1), (1, 0), (1, 0), (0, 1)):
    ...     evidence.add(
    ...         0.5, is_match=bool(is_match), is_clicked=bool(is_clicked),
    ...         expected_chosen=0.5, expected_displayed=0.5,
    ...     )
    >>> evidence.dr().mean
    0.25
    """

    def __init__(self) -> None:
        self.n = 0
        self.n_matched = 0
        self.n_matched_clicks = 0
        self.n_clicks = 0
        self._heaviest = 1.0
        self._w = self._ww = self._wr = self._wwr = 0.0  # Σw, Σw², Σwr, Σw²r; r² = r
        self._d = self._dd = 0.0  # Σd, Σd² of the doubly robust terms d

    def add(
        self,
        propensity: float,
        *,
        is_match: bool,
        is_clicked: bool,
        expected_chosen: float = 0.0,
        expected_displayed: float = 0.0,
    ) -> None:
        """Count one display.

        Parameters
        ----------
        propensity
            With which the displayed article was drawn; above 0, at most 1.
        is_match
            Whether the policy chose the displayed article.
        is_clicked
            Whether the displayed article was clicked.
        expected_chosen, expected_displayed
            What the model of the reward expects of the article chosen and of the one displayed,
            0 to 1.
        """
        weight = is_match / propensity
        reward = float(is_clicked)
        self.n += 1
        self.n_matched += is_match
        self.n_matched_clicks += is_match and is_clicked
        self.n_clicks += is_clicked
        self._heaviest = max(self._heaviest, 1.0 / propensity)
        self._w += weight
        self._ww += weight * weight
        self._wr += weight * reward
        self._wwr += weight * weight * reward
        term = expected_chosen + weight * (reward - expected_displayed)
        self._d += term
        self._dd += term * term

    @property
    def effective_n(self) -> float:
        """Plain displays that weigh as much as the matches, (Σ w)² / Σ w² (Kish)."""
        return self._w * self._w / self._ww if self._ww else 0.0

    @property
    def mean_weight(self) -> float:
        """Σ w / n: 1 but for chance, where propensities are right."""
        return self._w / self.n if self.n else nan

    def estimates(self) -> tuple[Estimate, ...]:
        """Return the rate by each of `ESTIMATORS`."""
        found = (self.replay(), self.ips(), self.snips(), self.dr())
        return tuple(Estimate(*pair) for pair in zip(ESTIMATORS, found, strict=True))

    def logged(self) -> Interval:
        """Return the rate of what was displayed: the value of drawing at random."""
        if not self.n:
            return Interval(nan, nan, nan)
        rate = self.n_clicks / self.n
        return Interval(rate, *exact_interval(rate, self.n))

    def replay(self) -> Interval:
        """Return the share of clicks among the matches."""
        if not self.n_matched:
            return Interval(nan, nan, nan)
        rate = self.n_matched_clicks / self.n_matched
        return self._interval(rate, rate, self.n_matched)

    def ips(self) -> Interval:
        """Return the rate by inverse propensities; its interval is of a share of the heaviest."""
        if not self.n:
            return Interval(nan, nan, nan)
        rate = self._wr / self.n
        variance = max(self._wwr / self.n - rate * rate, 0.0) / self.n
        share, whole = rate / self._heaviest, self._heaviest
        n = effective_n(share, variance / whole**2, n=self.n)
        return self._interval(rate, share, n, whole=whole)

    def snips(self) -> Interval:
        """Return the rate by inverse propensities over the weights that there are."""
        if not self._w:
            return Interval(nan, nan, nan)
        rate = self._wr / self._w
        # by the delta method: Σ w² (r - v)² / (Σ w)²
        squares = self._wwr * (1.0 - 2.0 * rate) + self._ww * rate * rate
        n = effective_n(rate, max(squares, 0.0) / self._w**2, n=self.effective_n)
        return self._interval(rate, rate, min(n, self.effective_n))

    def dr(self) -> Interval:
        """Return the doubly robust rate."""
        if not self.n:
            return Interval(nan, nan, nan)
        rate = self._d / self.n
        variance = max(self._dd / self.n - rate * rate, 0.0) / self.n
        share = min(max(rate, 0.0), 1.0)
        return self._interval(rate, share, effective_n(share, variance, n=self.effective_n))

    def lift(self) -> Interval:
        """Return SNIPS over the rate of what was displayed, with the interval of its logarithm.

        By the delta method, the two being of the same displays:
        Σ (w (r - v) / (v Σ w) - (r - u) / (u n))², v the policy's rate and u the log's.
        """
        if not self.n_matched_clicks:
            return Interval(nan, nan, nan)
        v, u = self._wr / self._w, self.n_clicks / self.n
        ours = (self._wwr * (1.0 - 2.0 * v) + self._ww * v * v) / (v * self._w) ** 2
        theirs = self.n * u * (1.0 - u) / (u * self.n) ** 2
        both = self._wr * (1.0 - v) - u * (self._wr - v * self._w)  # Σ w (r - v) (r - u)
        variance = ours + theirs - 2.0 * both / (v * self._w * u * self.n)
        if self.n_matched < LEAST:
            return Interval(v / u, nan, nan)
        half = Z * sqrt(max(variance, 0.0))
        return Interval(v / u, exp(log(v / u) - half), exp(log(v / u) + half))

    def _interval(self, rate: float, share: float, n: float, *, whole: float = 1.0) -> Interval:
        """Return the interval of a share of a whole; no ends where matches are too few."""
        if self.n_matched < LEAST or not n > 0.0:
            return Interval(rate, nan, nan)
        low, high = exact_interval(min(share, 1.0), n)
        return Interval(rate, whole * low, whole * high)
