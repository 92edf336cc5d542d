"""What asking CnLE about a request is expected to bring: cold users and close calls most.

VaNS has ranked the candidates without CnLE. Its answer moves the difference of two scores by a
normal error of standard deviation s, which is large for users of whom little is known: that is
where VaNS trusts it. A follower whose score is d below the best gains, by overtaking it, the
expected improvement

    EI(d, s) = s·φ(d/s) - d·Φ(-d/s),        s = warm + (cold - warm)·2^(-reads / half)

φ and Φ being the standard normal density and distribution; and the gain of the request is the
root of the sum of their squares, over all followers. That lies between the largest of them, as if
all moved together, and their sum, as if no two ever overtook at once. A decided slate gains
nothing, nor does one of a single candidate.

References
----------
Jones, Schonlau, Welch (1998), Efficient Global Optimization of Expensive Black-Box Functions,
Journal of Global Optimization 13, equation 15; https://doi.org/10.1023/A:1008306431147.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["expected_gain", "expected_improvement", "score_deviation"]

_PHI_0 = 1.0 / math.sqrt(2.0 * math.pi)


def score_deviation(n_reads: int, *, cold: float, warm: float, half_history: float) -> float:
    """Return s: how far CnLE moves the difference of two scores, for a user's history.

    Parameters
    ----------
    n_reads
        Articles in the user's history.
    cold, warm
        s of a user without history and of one with a very long one, in units of the score.
    half_history
        Reads after which it has fallen half of the way; above 0.

    Examples
    --------
    >>> [score_deviation(n, cold=0.5, warm=0.25, half_history=5.0) for n in (0, 5, 10)]
    [0.5, 0.375, 0.3125]
    """
    return warm + (cold - warm) * math.exp2(-n_reads / half_history)


def expected_improvement(behind: float, deviation: float) -> float:
    """Return EI(d, s).

    Parameters
    ----------
    behind
        d: how far the follower's score is below the best; 0 or more.
    deviation
        s; 0 or more.

    Examples
    --------
    Level with the best it gains s·φ(0), and next to nothing from four s below.

    >>> round(expected_improvement(0.0, 2.0), 4), round(expected_improvement(8.0, 2.0), 4)
    (0.7979, 0.0)
    """
    if deviation <= 0.0:
        return 0.0
    z = behind / deviation
    density = _PHI_0 * math.exp(-0.5 * z * z)
    return max(0.0, deviation * density - behind * 0.5 * math.erfc(z / math.sqrt(2.0)))


def expected_gain(scores: Sequence[float], deviation: float) -> float:
    """Return the expected gain of a request.

    Parameters
    ----------
    scores
        VaNS's, of the candidates that CnLE would judge, in any order.
    deviation
        s, as `score_deviation` gives it.

    Examples
    --------
    Of two close calls the colder user's gains more; a decided slate gains nothing.

    >>> [round(expected_gain([1.0, 1.0, 0.2], deviation), 3) for deviation in (0.5, 0.1)]
    [0.2, 0.04]
    >>> round(expected_gain([9.0, 1.0, 0.2], 0.5), 3), expected_gain([1.0], 0.5)
    (0.0, 0.0)
    """
    best, *followers = sorted(scores, reverse=True)
    return math.hypot(*(expected_improvement(best - score, deviation) for score in followers))
