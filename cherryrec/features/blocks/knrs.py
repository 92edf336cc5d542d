"""What KnRS selected by: its five metrics and the news value made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.features.column import SHARE, UP, Block, Column, Inputs, places
from cherryrec.features.sources import ATTENTION, CATALOGUE, EDITORS, EVERYONE, PROFILE, UPDATES
from cherryrec.knrs.config import METRICS

__all__ = ["BLOCK"]

COLUMNS = (
    Column(
        "news_value",
        "w1·f1 + … + w5·f5 with the weights of the moment",
        UP,
        (PROFILE, UPDATES, EDITORS, CATALOGUE, EVERYONE, ATTENTION),
        cold=0.625,
        cold_because="the sum of the cold metrics, weighted",
    ),
    Column(
        "relevance",
        "f1: mean of logistic(5·cos(interest, e)), logistic(category lift), logistic(subcategory "
        "lift); 1 where the user named the category",
        SHARE,
        (PROFILE, UPDATES, CATALOGUE, EVERYONE),
        cold=0.5,
    ),
    Column(
        "credibility",
        "f2: p(s/2 + C) / (p(s/2 + C) + (1 − p)(s/2 + E)) of the source: p the editors' prior, s "
        "its strength, E the clicks its views bring on average",
        SHARE,
        (EDITORS, ATTENTION),
        cold=0.5,
        cold_because="the prior where editors gave none",
    ),
    Column(
        "timeliness",
        "f3: 2^(−age / half-life of the category), which clicks tell where the editors fixed none",
        SHARE,
        (CATALOGUE, ATTENTION, EDITORS),
        cold=1.0,
    ),
    Column(
        "attention",
        "f4: ρ / (1 + ρ) averaged over the half-lives, ρ = (C_h + 20 r) / ((V_h + 20) r)",
        SHARE,
        (ATTENTION,),
        cold=0.5,
    ),
    Column(
        "novelty",
        "f5: 1 − the larger of the likeness to the nearest earlier story and to the user's last 3 "
        "reads",
        SHARE,
        (CATALOGUE, PROFILE),
        cold=1.0,
    ),
)
(_NEWS_VALUE,) = places(COLUMNS, "news_value")
_METRICS = list(places(COLUMNS, *METRICS))


def fill(inputs: Inputs, out: NDArray[np.float64]) -> None:
    """Copy what the selection computed."""
    out[:, _NEWS_VALUE] = inputs.selection.values
    out[:, _METRICS] = inputs.selection.metrics


BLOCK = Block("knrs", COLUMNS, fill)
