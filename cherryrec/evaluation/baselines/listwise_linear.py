"""A linear model of CherryRec's own features: what the rest of the ensemble has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import AdaGrad, has_contrast
from cherryrec.vans import Feature, ListwiseRegression, SlateScaler

__all__ = ["ListwiseSoftmax"]


class ListwiseSoftmax:
    """Softmax over the slate of a weighted sum of standardised features, learned with AdaGrad.

    Each feature is centred within its slate and divided by its running deviation. One step for
    each impression with a clicked and an unclicked article: the loss is the mean over its clicks
    of -log softmax(Z w).

    Parameters
    ----------
    features
        The columns of the matrices, in order.
    rate
        AdaGrad's learning rate, above 0. It and the penalty are a yardstick's: they stay as they
        are whatever CherryRec's settings.
    l2
        The L2 penalty, at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> model = ListwiseSoftmax((Feature("ctr"),))
    >>> slate = np.array([[0.1], [0.3]])
    >>> model.score(slate).tolist()
    [0.0, 0.0]

    The standardised values are -1 and 1; AdaGrad's first step is the rate:

    >>> model.learn(slate, np.array([False, True]))
    >>> model.score(slate).round(3).tolist()
    [-0.04, 0.04]

    References
    ----------
    Cao et al. (2007), Learning to rank: from pairwise approach to listwise approach, ICML,
    https://doi.org/10.1145/1273496.1273513: the top-one probability and its cross entropy.
    """

    name = "listwise linear"

    def __init__(
        self, features: tuple[Feature, ...], *, rate: float = 0.04, l2: float = 1e-5
    ) -> None:
        self._scaler = SlateScaler(features)
        self._model = ListwiseRegression(features, degrees=(1,), optimizer=AdaGrad(rate), l2=l2)

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted sum of each candidate, (n, F) → (n,)."""
        return self._model.score_slate(self._scaler.transform_slate(features))

    def learn(self, features: NDArray[np.float64], clicked: NDArray[np.bool_]) -> None:
        """Count the slate into the deviations, and take one step where it teaches."""
        self._scaler.learn_slate(features)
        if has_contrast(clicked):
            standardised = self._scaler.moments.standardise(features, self._scaler.clip)  # (n, F)
            self._model.learn_slate(standardised, clicked)
