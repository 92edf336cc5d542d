"""A model of other features than the ones at hand, by name: what ranks during an upgrade."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.features import Feature, check_slate
from cherryrec.vans.reduced import ReducedScorer
from cherryrec.vans.scored import Scored
from cherryrec.vans.serving import Scorer

__all__ = ["MappedScorer", "columns_by_name"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def columns_by_name(wanted: tuple[str, ...], there: tuple[str, ...]) -> Ints:
    """Return where each wanted name is among those that are there, -1 for one that is not.

    Examples
    --------
    >>> columns_by_name(("age", "ctr", "old"), ("ctr", "new", "age")).tolist()
    [2, 0, -1]
    """
    places = {name: place for place, name in enumerate(there)}
    return np.array([places.get(name, -1) for name in wanted], np.int64)


class MappedScorer:
    """Scores matrices of one list of features by a model of another one.

    Columns go by name. What the model knows and the matrix has not is put at its usual value, where
    it prefers no article; what it does not know is passed over.

    Parameters
    ----------
    scorer
        The model.
    features
        The columns of the matrices that come, in order.
    """

    def __init__(self, scorer: Scorer, features: tuple[Feature, ...]) -> None:
        theirs = tuple(one.name for one in scorer.features)
        self._scorer = scorer
        self._features = features
        columns = columns_by_name(theirs, tuple(one.name for one in features))
        self._known = np.flatnonzero(columns >= 0)  # of the model's features
        self._taken = columns[self._known]  # of ours, one for each

    @property
    def n_known(self) -> int:
        """How many of the model's features the matrices have."""
        return len(self._known)

    @property
    def trust(self) -> float:
        """The share of what was learned in the scores, in [0, 1]."""
        return self._scorer.trust

    def without(self, names: Collection[str]) -> ReducedScorer:
        """Return one to which some features add nothing; those the model lacks add nothing now."""
        known = {one.name for one in self._scorer.features}
        held = self._scorer.held([name for name in names if name in known])
        is_out = [one.name in names for one in self._features]
        return ReducedScorer(MappedScorer(held, self._features), np.flatnonzero(is_out))

    def score(self, X: Floats) -> Scored:
        """Score a slate of raw features, (n, F).

        What a feature that is not there adds together with others is in the scores, and in no
        column of the contributions.
        """
        scored = self._scorer.score(self._mapped(X))
        contributions = np.zeros(X.shape)
        contributions[:, self._taken] = scored.contributions[:, self._known]
        return Scored(scored.scores, contributions, scored.members)

    def scores(self, X: Floats) -> Floats:
        """Score a slate without reasons, (n, F) → (n,)."""
        return self._scorer.scores(self._mapped(X))

    def _mapped(self, X: Floats) -> Floats:
        """Put a slate's columns where the model has them, (n, F) → (n, its features)."""
        check_slate(X, self._features)
        theirs = np.tile(self._scorer.typical, (len(X), 1))
        theirs[:, self._known] = X[:, self._taken]
        return theirs
