"""The order of the whole catalogue: VaNS's score, and what it cannot know of articles not shown.

VaNS learns from slates, where every article had been chosen by somebody; of the articles that KnRS
keeps most have not. Their order is `b·score + w·signals`, learned from clicks against rivals: other
articles that KnRS would have kept. VaNS's score decides among articles alike, the signals between
what is read and what is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.knrs.signals import N_SIGNALS, prior_weights

__all__ = ["CatalogueOrder", "prior_order"]

Floats = NDArray[np.float64]

_PRIOR_SCORE = 0.4


def prior_order() -> Floats:
    """Return the weights a fresh order starts with: of the signals, then of VaNS's score, (S + 1,).

    Examples
    --------
    >>> prior_order()[-1].item()
    0.4
    """
    return np.append(prior_weights(), _PRIOR_SCORE)


class CatalogueOrder:
    """Orders articles of the whole catalogue by VaNS's scores and KnRS's signals.

    Parameters
    ----------
    weights
        Of the signals and, last, of VaNS's score, (S + 1,); the prior where None.

    Examples
    --------
    Between articles of equal signals VaNS decides:

    >>> import numpy as np
    >>> from cherryrec.knrs.signals import N_SIGNALS
    >>> order = CatalogueOrder()
    >>> parts = order.contributions(np.array([1.0, -1.0]), np.zeros((2, N_SIGNALS)))
    >>> parts.sum(axis=1).round(3).tolist()
    [0.4, -0.4]
    """

    def __init__(self, weights: Floats | None = None) -> None:
        self.weights = prior_order() if weights is None else weights
        if self.weights.shape != (N_SIGNALS + 1,) or not np.isfinite(self.weights).all():
            msg = (
                f"weights of the catalogue's order must be {N_SIGNALS + 1} finite numbers, got "
                f"{self.weights.shape!r}: the snapshot is of another version"
            )
            raise ModelError(msg)

    @property
    def is_learned(self) -> bool:
        """Whether any example has moved the weights."""
        return not np.array_equal(self.weights, prior_order())

    @property
    def score_weight(self) -> float:
        """What one unit of VaNS's score is worth."""
        return float(self.weights[-1])

    def contributions(self, scores: Floats, signals: Floats) -> Floats:
        """Return what each signal, centred over the articles, and VaNS's score add, (n, S + 1)."""
        apart = signals - signals.mean(axis=0) if len(signals) else signals
        return np.column_stack((apart, scores)) * self.weights

    def arrays(self) -> dict[str, Floats]:
        """Return the weights by name, for a snapshot."""
        return {"weights": self.weights}
