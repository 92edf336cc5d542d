"""A model that is asked to do without some of its features: what they do in one slate."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.scored import Scored

__all__ = ["ReducedScorer"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Scores(Protocol):
    @property
    def trust(self) -> float: ...

    def without(self, names: Collection[str]) -> ReducedScorer: ...

    def score(self, X: Floats) -> Scored: ...


class ReducedScorer:
    """Scores without what some features add.

    They are held at 0 already, the slate's mean; a tree that divides by one still says something of
    that value, which is taken off, too.

    Parameters
    ----------
    scorer
        One that holds them at 0.
    columns
        Where they stand among its features, (k,).
    """

    def __init__(self, scorer: _Scores, columns: Ints) -> None:
        self._scorer = scorer
        self._columns = columns

    @property
    def trust(self) -> float:
        """The share of what was learned in the scores, in [0, 1]."""
        return self._scorer.trust

    def without(self, names: Collection[str]) -> ReducedScorer:
        """Return one that does without some more."""
        more = self._scorer.without(names)
        return ReducedScorer(more._scorer, np.union1d(self._columns, more._columns))

    def score(self, X: Floats) -> Scored:
        """Score a slate of raw features, (n, F); a member more takes off what the features add."""
        scored = self._scorer.score(X)
        contributions = scored.contributions.copy()
        contributions[:, self._columns] = 0.0
        taken = scored.contributions[:, self._columns].sum(axis=1)
        members = np.column_stack((scored.members, -taken))
        return Scored(scored.scores - taken, contributions, members)

    def scores(self, X: Floats) -> Floats:
        """Score a slate without reasons, (n, F) → (n,)."""
        return self.score(X).scores
