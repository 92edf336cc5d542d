"""Intervals of rates that stay within 0 and 1 and hold where clicks are few.

References
----------
Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal of the
American Statistical Association 22, https://doi.org/10.1080/01621459.1927.10502953.
Kott and Carr (1997), Developing an estimation strategy for a pesticide data program, Journal of
Official Statistics 13: the number of draws that would have the variance that was found.
"""

from __future__ import annotations

from math import sqrt

__all__ = ["Z", "effective_n", "wilson"]

Z = 1.959963984540054
"""The normal deviate of a 95 % interval."""


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of a rate over n draws.

    (p + z² / 2n ± z √(p (1 - p) / n + z² / 4n²)) / (1 + z² / n), Wilson's equation with z = 1.96.

    Parameters
    ----------
    rate
        Found, 0 to 1.
    n
        Draws; above 0, and no whole number where weights differ.

    Examples
    --------
    None of ten: from 0 to z² / (10 + z²) = 3.84 / 13.84.

    >>> [round(end, 4) for end in wilson(0.0, 10)]
    [0.0, 0.2775]

    Half of a hundred: z² / 2n = 0.0192 moves the middle nowhere, and the half width is
    √(0.0025 + 0.000096) z / 1.0384 = 0.0962.

    >>> [round(end, 4) for end in wilson(0.5, 100)]
    [0.4038, 0.5962]
    """
    middle = rate + Z * Z / (2.0 * n)
    half = Z * sqrt(rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n))
    whole = 1.0 + Z * Z / n
    low = (middle - half) / whole if rate > 0.0 else 0.0  # exactly, whatever the rounding
    high = (middle + half) / whole if rate < 1.0 else 1.0
    return max(0.0, low), min(1.0, high)


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
