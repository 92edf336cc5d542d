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
"""

from __future__ import annotations

__all__ = ["Z", "effective_n", "exact_interval"]

Z = 1.959963984540054
"""The normal deviate of a 95 % interval."""

_TAIL = 0.025


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
    from scipy.special import betaincinv

    x = rate * n
    low = float(betaincinv(x, n - x + 1.0, _TAIL)) if rate > 0.0 else 0.0
    high = float(betaincinv(x + 1.0, n - x, 1.0 - _TAIL)) if rate < 1.0 else 1.0
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
