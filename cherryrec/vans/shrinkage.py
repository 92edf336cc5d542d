"""Shrinking a young model: the fewer impressions it has learned, the more one feature ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.vans.features import Feature
from cherryrec.vans.kernels import centred
from cherryrec.vans.scored import Scored

__all__ = ["Shrinkage"]

Floats = NDArray[np.float64]  # n articles, F features, M members


class Shrinkage:
    """Mix learned scores with one standardised feature, z, by how much was learned.

        s = (1 - t)·z + t·(learned score),   t = n / (n + n0)

    Both are log-odds within the slate, so t moves a slate from the one order to the other without
    a jump. It is the posterior mean of a normal prior that is worth n0 impressions.

    Parameters
    ----------
    features
        The columns, in order.
    feature
        Name of the feature that ranks before anything is learned; where it is None, or none of
        the columns, nothing is mixed.
    impressions
        n0: learned impressions from which on the learned scores count for more; at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, Scored
    >>> from cherryrec.vans.shrinkage import Shrinkage
    >>> shrinkage = Shrinkage((Feature("value"), Feature("ctr")), "value", impressions=30)
    >>> [shrinkage.trust(n) for n in (0, 10, 30, 270)]
    [0.0, 0.25, 0.5, 0.9]

    A model that has learned 10 impressions likes the second article, the feature the first:

    >>> liked = np.array([[0.0, -2.0], [0.0, 2.0]])
    >>> learned = Scored(liked.sum(axis=1), liked, liked.sum(axis=1, keepdims=True))
    >>> mixed = shrinkage.mix(learned, np.array([[1.0, -1.0], [-1.0, 1.0]]), n_learned=10)
    >>> mixed.scores.tolist(), mixed.contributions.tolist()
    ([0.25, -0.25], [[0.75, -0.5], [-0.75, 0.5]])
    """

    def __init__(
        self, features: tuple[Feature, ...], feature: str | None, *, impressions: float
    ) -> None:
        columns = [column for column, one in enumerate(features) if one.name == feature]
        self.column = columns[0] if columns else 0
        self.impressions = impressions
        self.is_on = bool(columns)

    def trust(self, n_learned: int) -> float:
        """Return t, the share of the learned scores, in [0, 1]; 1 where nothing is mixed."""
        if not self.is_on or not self.impressions:
            return 1.0
        return n_learned / (n_learned + self.impressions)

    def mix(self, scored: Scored, Z: Floats, *, n_learned: int) -> Scored:
        """Return a slate's mixed scores.

        Parameters
        ----------
        scored
            What was learned makes of it.
        Z
            The slate standardised within itself, (n, F).
        n_learned
            Impressions learned, those that taught.

        Returns
        -------
        Scores and contributions, which sum to them, and one member more: the feature.
        """
        if not self.is_on:
            return scored
        trust = self.trust(n_learned)
        prior = self._prior(Z, trust)
        contributions = trust * scored.contributions
        contributions[:, self.column] += prior
        members = np.column_stack([trust * scored.members, prior])
        return Scored(contributions.sum(axis=1), contributions, members)

    def mix_scores(self, scores: Floats, Z: Floats, *, n_learned: int) -> Floats:
        """Return the scores alone, (n,), as `mix` would."""
        if not self.is_on:
            return scores
        trust = self.trust(n_learned)
        return np.asarray(trust * scores + self._prior(Z, trust))

    def _prior(self, Z: Floats, trust: float) -> Floats:
        """Return what the feature adds, (n,), of mean 0."""
        column = Z[:, self.column : self.column + 1] * (1.0 - trust)
        return centred(column, 1)[:, 0]
