"""How fast the news of each category ages: what the editors fixed, or what clicks say."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import MISSING, Catalogue
from cherryrec.knrs.config import KnrsConfig

__all__ = ["half_lives", "learned"]

Floats = NDArray[np.float64]

_SHORTEST_S = 1_800.0
_LONGEST_S = 7 * 86_400.0


def half_lives(catalogue: Catalogue, config: KnrsConfig) -> Floats:
    """Return the half-life of each category's timeliness by code, in seconds, (C,).

    A category of `category_half_lives_s` has that one, articles without a category have
    `half_life_s`, and every other category learns its own.
    """
    clicks, ages = catalogue.click_ages().T
    lives = learned(clicks, ages, start_s=config.half_life_s, strength=config.half_life_strength)
    lives[MISSING] = config.half_life_s
    for category, half_life in config.category_half_lives_s.items():
        code = catalogue.categories.find(category)
        if code != MISSING:
            lives[code] = half_life
    return lives


def learned(clicks: Floats, ages: Floats, *, start_s: float, strength: float) -> Floats:
    """Estimate half-lives from the ages of articles at their clicks.

    With c clicks at ages that sum to A, and k clicks imagined at the half-life one starts from,
    whose mean age is a0 = start_s / ln 2,

        half-life = ln 2 · (A + k·a0) / (c + k)

    which without k is the most likely one if ages at click are exponentially distributed. It is
    kept between half an hour and seven days, or the start where that lies outside.

    Parameters
    ----------
    clicks, ages
        Clicks, and the sum of the ages at them in seconds, by category, (C,).
    start_s
        Half-life before any click, in seconds; above 0.
    strength
        The k clicks it counts for; above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.knrs.half_lives import learned
    >>> hour_s = 3_600.0
    >>> clicks = np.array([0.0, 50.0, 1e9])
    >>> ages = clicks * 2 * hour_s / np.log(2)  # as a half-life of two hours would have it
    >>> (learned(clicks, ages, start_s=12 * hour_s, strength=50.0) / hour_s).round(3).tolist()
    [12.0, 7.0, 2.0]

    References
    ----------
    Epstein and Sobel (1953), Life Testing, Journal of the American Statistical Association 48,
    https://doi.org/10.1080/01621459.1953.10501488: the mean of an exponential distribution is most
    likely the total time over the number of failures.
    """
    lives = start_s + (log(2.0) * ages - start_s * clicks) / (clicks + strength)
    shortest_s, longest_s = min(_SHORTEST_S, start_s), max(_LONGEST_S, start_s)
    return np.asarray(np.minimum(np.maximum(lives, shortest_s), longest_s))
