"""Streams of impressions whose truth is known, and the measure of a ranking."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans import Feature

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEATURES = (
    Feature("ctr"),
    Feature("minutes"),
    Feature("likeness"),
    Feature("noise"),
    Feature("history", is_context=True),
)


def slates(
    n_impressions: int, *, seed: int = 0, n_articles: int = 8, interaction: float = 1.5
) -> Iterator[tuple[Floats, Bools]]:
    """Yield raw slates whose reader clicks by ctr, -minutes and likeness x history, with noise."""
    rng = np.random.default_rng(seed)
    for _ in range(n_impressions):
        z = rng.normal(size=(n_articles, len(FEATURES)))
        z[:, 4] = z[0, 4]
        utility = 1.2 * z[:, 0] - 0.8 * z[:, 1] + interaction * z[:, 2] * z[:, 4]
        clicked = np.arange(n_articles) == np.argmax(utility + rng.gumbel(size=n_articles))
        yield z * [0.1, 3600.0, 1.0, 5.0, 20.0] + [0.05, 7200.0, 0.0, 100.0, 30.0], clicked


def auc(scores: Floats, clicked: Bools) -> float:
    """Share of (clicked, unclicked) pairs that are in order; ties are half."""
    differences = scores[clicked][:, np.newaxis] - scores[~clicked]
    return float((np.sign(differences) + 1.0).mean() / 2.0)
