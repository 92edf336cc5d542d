"""The baselines of every table of protocol C."""

from __future__ import annotations

from collections.abc import Sequence

from cherryrec.evaluation.retrieval.rankings import (
    CatalogueRanking,
    CategoryClicks,
    ClickedLately,
    MostClicked,
    Newest,
    RandomRows,
)
from cherryrec.evaluation.retrieval.sequence_rankings import (
    CatalogueItemNeighbours,
    CatalogueMarkov,
    CatalogueVsknn,
)

__all__ = ["standard_rankings"]

_HOUR_S = 3_600.0


def standard_rankings() -> Sequence[CatalogueRanking]:
    """Return the baselines of every table, in its order, having learned nothing."""
    return (
        RandomRows(),
        Newest(),
        ClickedLately(120.0),
        MostClicked(600.0),
        MostClicked(_HOUR_S),
        MostClicked(6 * _HOUR_S),
        CategoryClicks(),
        CatalogueMarkov(),
        CatalogueItemNeighbours(),
        CatalogueVsknn(),
    )
