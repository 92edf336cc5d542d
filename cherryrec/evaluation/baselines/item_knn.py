"""What is read by the readers of what you read: item-based nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["ItemKnn"]


class ItemKnn:
    """Sum of a candidate's cosines with the articles the user has read, by co-reading.

    With R(i) the readers of article i, cos(i, j) = |R(i) ∩ R(j)| / sqrt((|R(i)| + λ)(|R(j)| + λ));
    λ keeps two articles that share their only reader from being taken for twins. The user's own
    reading is left out of the intersection.

    Memory: that of `readings`; no matrix of articles is kept, the sum is taken over readers.

    Parameters
    ----------
    readings
        Where histories and clicks are kept, this baseline's own; one with its defaults when absent.
    shrinkage
        λ, at least 0.

    Examples
    --------
    Ann and Bob have read a and then b; Cid, who has read a, is shown b and c:

    >>> knn = ItemKnn(shrinkage=0.0)
    >>> for user in ("ann", "bob"):
    ...     knn.learn(MindImpression(user, user, 0.0, ("a",), ("b", "c"), (True, False)))
    >>> knn.score(MindImpression("3", "cid", 0.0, ("a",), ("b", "c"), None)).round(6).tolist()
    [1.0, 0.0]

    Dan read b only, so that cos(a, b) is 2 / sqrt(2 · 3):

    >>> knn.learn(MindImpression("4", "dan", 0.0, (), ("b", "c"), (True, False)))
    >>> knn.score(MindImpression("5", "cid", 0.0, ("a",), ("b", "c"), None)).round(3).tolist()
    [0.816, 0.0]

    References
    ----------
    Sarwar, Karypis, Konstan and Riedl (2001), Item-based collaborative filtering recommendation
    algorithms, WWW, https://doi.org/10.1145/371920.372071. The shrinkage is that of the item-kNN
    in Hidasi et al. (2016), Session-based recommendations with recurrent neural networks, ICLR,
    https://arxiv.org/abs/1511.06939.
    """

    name = "item-kNN"

    def __init__(self, readings: Readings | None = None, *, shrinkage: float = 20.0) -> None:
        self._readings = Readings() if readings is None else readings
        self._shrinkage = shrinkage

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return the summed cosines of each candidate, (n,)."""
        shared = np.zeros(self._readings.max_users)  # per reader, what the two have in common
        for article_id in self._readings.read_by(impression):
            readers = self._readings.readers(article_id)
            if readers.size:
                shared[readers] += 1.0 / np.sqrt(readers.size + self._shrinkage)
        own = self._readings.slot(impression.user_id)
        if own is not None:
            shared[own] = 0.0
        scores = np.zeros(len(impression.candidates))
        for i, article_id in enumerate(impression.candidates):
            readers = self._readings.readers(article_id)
            if readers.size:
                scores[i] = shared[readers].sum() / np.sqrt(readers.size + self._shrinkage)
        return scores

    def learn(self, impression: MindImpression) -> None:
        """Keep what was read."""
        self._readings.learn(impression)
