"""Trial places: where a slate shows an article that hardly anyone was shown yet.

A ranking by what was clicked never learns of what it does not show. So one place in so many goes to
an article without views, one of the best-scored, drawn by a hash of the request; it leaves the draw
when it was seen often enough for its click rate to be known, so its cost is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.features import column
from cherryrec.text import stable_hash

__all__ = ["NO_TRIALS", "TrialsConfig", "with_trials"]

DRAWN_FROM = 3
"""A trial is one of so many: the best-scored that hardly anyone was shown, which costs least."""

_VIEWS = column("views_24h")

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsConfig:
    """How many places of a slate over the whole catalogue try articles that are hardly known.

    Parameters
    ----------
    every
        One place in this many is for a trial, the last of them; a shorter slate has none. 0 tries
        nothing; at least 0.
    views
        Views, decayed with a half-life of 24 h, from which on an article is known; above 0.
    """

    every: int = 10
    views: float = 20.0

    def __post_init__(self) -> None:
        if self.every < 0:
            msg = f"every must be at least 0, got {self.every!r}"
            raise ConfigError(msg)
        if not 0.0 < self.views < math.inf:
            msg = f"views must be above 0, got {self.views!r}"
            raise ConfigError(msg)


NO_TRIALS = TrialsConfig(every=0)
"""For requests that name their candidates: what a site asks about, it shows."""


def with_trials(
    ordered: Sequence[int],
    features: F32,
    articles: Sequence[str],
    *,
    request_id: str,
    slate_size: int,
    config: TrialsConfig,
) -> tuple[list[int], frozenset[int]]:
    """Return what is shown, trials in their places, and which of it are trials.

    Parameters
    ----------
    ordered
        Candidates, as places in `articles`, the best first.
    features, articles
        Of all candidates, (n, F) and (n,).
    request_id
        Decides which articles are tried.
    slate_size
        Articles to show.
    config
        How many, and of how many views.

    Examples
    --------
    Three articles, the last of which nobody was shown:

    >>> from cherryrec.features import FEATURES
    >>> features = np.zeros((3, len(FEATURES)), np.float32)
    >>> features[:2, column("views_24h")] = np.log1p(100.0)
    >>> config = TrialsConfig(every=2)
    >>> with_trials(
    ...     [0, 1, 2], features, ["a", "b", "c"], request_id="r", slate_size=2, config=config
    ... )
    ([0, 2], frozenset({2}))
    """
    shown, rest = list(ordered[:slate_size]), ordered[slate_size:]
    n = len(shown) // config.every if config.every else 0
    most = math.log1p(config.views)
    untried = [i for i in rest if features[i, _VIEWS] < most][: DRAWN_FROM * n]
    untried.sort(key=lambda i: stable_hash(f"trial\n{request_id}\n{articles[i]}"))
    tried = untried[:n]
    for number, i in enumerate(tried, start=1):
        shown[number * config.every - 1] = i
    return shown, frozenset(tried)
