"""What those read whose reading ends like yours: V-SkNN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.mind_rows import MindImpression

__all__ = ["Vsknn"]


class Vsknn:
    """Nearest sessions, where the latest articles of the session count most.

    The p-th of the L articles of session s weighs p / L. The similarity of another session is the
    sum of the weights of the articles both hold; a candidate scores the sum of the similarities of
    those of the k nearest sessions that hold it. Logs without session ids have one session a user:
    the latest articles read. The user's own is not among the neighbours.

    Memory: that of `readings`.

    Parameters
    ----------
    readings
        Where histories and clicks are kept, this baseline's own; one with its defaults when absent.
    n_neighbours
        k, above 0.
    n_sampled
        Neighbours are looked for among that many sessions that share an article, those that ended
        last; above 0.

    Examples
    --------
    Ann has read a, then c; Bob has read b, then d:

    >>> knn = Vsknn()
    >>> knn.learn(MindImpression("1", "ann", 0.0, ("a",), ("c", "d"), (True, False)))
    >>> knn.learn(MindImpression("2", "bob", 0.0, ("b",), ("c", "d"), (False, True)))

    Cid has read a, which weighs 1/2, and then b, which weighs 1:

    >>> knn.score(MindImpression("3", "cid", 0.0, ("a", "b"), ("c", "d"), None)).tolist()
    [0.5, 1.0]

    References
    ----------
    Ludewig and Jannach (2018), Evaluation of session-based recommendation algorithms, User Modeling
    and User-Adapted Interaction 28, https://arxiv.org/abs/1803.09587: linear weights, dot product.
    """

    name = "V-SkNN"

    def __init__(
        self,
        readings: Readings | None = None,
        *,
        n_neighbours: int = 500,
        n_sampled: int = 5_000,
    ) -> None:
        self._readings = Readings() if readings is None else readings
        self._n_neighbours = n_neighbours
        self._n_sampled = n_sampled

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return the summed similarities of the neighbours that hold each candidate, (n,)."""
        similarity = self.nearest(impression)  # (max_users,)
        sums = [
            similarity[self._readings.readers(article_id)].sum()
            for article_id in impression.candidates
        ]
        return np.array(sums, dtype=np.float64)

    def learn(self, impression: MindImpression) -> None:
        """Keep what was read."""
        self._readings.learn(impression)

    def nearest(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return the similarity of the k nearest by slot, and 0 for all others, (max_users,)."""
        similarity = np.zeros(self._readings.max_users)
        session = self._readings.read_by(impression)
        for position, article_id in enumerate(session, start=1):
            similarity[self._readings.readers(article_id)] += position / len(session)
        own = self._readings.slot(impression.user_id)
        if own is not None:
            similarity[own] = 0.0
        near = np.flatnonzero(similarity)
        if len(near) <= self._n_neighbours:
            return similarity
        near = near[np.argsort(-self._readings.last_learned[near])][: self._n_sampled]
        near = near[np.argsort(-similarity[near], kind="stable")][: self._n_neighbours]
        nearest = np.zeros_like(similarity)
        nearest[near] = similarity[near]
        return nearest
