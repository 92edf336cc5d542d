"""Intervals of rates that stay within 0 and 1 and miss as seldom on the one side as on the other.

Clopper and Pearson's interval ends where 2.5 % of the binomial distribution lie beyond what was
found, on either side. For a weighted share Korn and Graubard put the number of draws that would
have the variance that was found in place of n.

References
----------
Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
binomial, Biometrika 26, https://doi.org/10.1093/biomet/26.4.404.
Korn and Graubard (1998), Confidence intervals for proportions with small expected number of
positive counts estimated from survey data, Survey Methodology 24, section 3.
DiDonato and Morris (1992), Algorithm 708: significant digit computation of the incomplete beta
function ratios, ACM Transactions on Mathematical Software 18: the continued fraction, equation 13;
it is 8.17.22 of the Digital Library of Mathematical Functions, https://dlmf.nist.gov/8.17#v.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p

__all__ = ["Z", "effective_n", "exact_interval"]

Z = 1.959963984540054
"""The normal deviate of a 95 % interval."""

_TAIL = 0.025
_TINY = 1e-300
_CLOSE = 1e-14
_N_TERMS = 100_000
_N_HALVINGS = 60


def exact_interval(rate: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of a rate over n draws.

    With x = n p of them clicked, its ends are the 2.5 % quantile of Beta(x, n - x + 1) and the
    97.5 % quantile of Beta(x + 1, n - x).

    Parameters
    ----------
    rate
        Found, 0 to 1.
    n
        Draws; above 0, and no whole number where weights differ.

    Examples
    --------
    None of ten: (1 - p)^10 is 2.5 % where p = 1 - 0.025^0.1 = 0.3085.

    >>> [round(end, 4) for end in exact_interval(0.0, 10)]
    [0.0, 0.3085]

    One of one is the other way round, p = 0.025:

    >>> [round(end, 4) for end in exact_interval(1.0, 1)]
    [0.025, 1.0]

    Half of a hundred; the normal interval would be from 0.402 to 0.598:

    >>> [round(end, 4) for end in exact_interval(0.5, 100)]
    [0.3983, 0.6017]
    """
    x = rate * n
    low = _quantile(_TAIL, x, n - x + 1.0) if rate > 0.0 else 0.0
    high = 1.0 - _quantile(_TAIL, n - x, x + 1.0) if rate < 1.0 else 1.0
    return low, high


def effective_n(rate: float, variance: float, *, n: float) -> float:
    """Return how many plain draws have a variance, p (1 - p) / variance; n where that is 0.

    Parameters
    ----------
    rate
        Found, 0 to 1.
    variance
        Of the rate; at least 0.
    n
        What stands for it where nothing or everything was clicked.

    Examples
    --------
    >>> effective_n(0.5, 0.0025, n=7.0), effective_n(0.0, 0.0, n=7.0)
    (100.0, 7.0)
    """
    return rate * (1.0 - rate) / variance if variance > 0.0 else n


def _quantile(share: float, a: float, b: float) -> float:
    """Return where the distribution Beta(a, b) has a share below it."""
    low, high = 0.0, 1.0
    for _ in range(_N_HALVINGS):
        middle = 0.5 * (low + high)
        if _below(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _below(x: float, a: float, b: float) -> float:
    """Return the share of Beta(a, b) below x, the regularised incomplete beta function."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):  # the fraction converges fast below the middle alone
        return 1.0 - _below_middle(1.0 - x, b, a)
    return _below_middle(x, a, b)


def _below_middle(x: float, a: float, b: float) -> float:
    """Return the same by its continued fraction, taken from its front (Lentz)."""
    c, d = 1.0, 1.0 / _apart(1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, _N_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _apart(1.0 + term * d)
            c = _apart(1.0 + term / c)
            fraction *= c * d
        if abs(c * d - 1.0) < _CLOSE:
            break
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    return exp(front) * fraction / a


def _apart(value: float) -> float:
    """Keep a divisor from 0."""
    return value if abs(value) > _TINY else _TINY
