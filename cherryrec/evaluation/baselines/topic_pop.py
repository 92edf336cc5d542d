"""What is popular in the topics you read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.baselines.smoothed_ctr import SmoothedCtr
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression

__all__ = ["TopicPop"]


class TopicPop:
    """An article's smoothed CTR times how much more the user reads of its category than others do.

    With n(u, c) the user's latest articles of category c, n(u) all of them and p(c) everyone's
    share of c, the user's share is p(c|u) = (n(u, c) + G p(c)) / (n(u) + G) and the score
    CTR(a) · p(c|u) / p(c): of a user without a history, the CTR alone.

    Memory: that of `Readings` and of `SmoothedCtr`, and a count per category.

    Parameters
    ----------
    articles
        The log's articles; one that is not there has the empty category.
    strength
        G, the articles' worth of evidence that everyone's reading counts for; above 0.

    Examples
    --------
    >>> articles = {
    ...     key: MindArticle(key, category, None, "", "", "", ())
    ...     for key, category in {"a": "sport", "b": "sport", "c": "politics"}.items()
    ... }
    >>> pop = TopicPop(articles, strength=1.0)

    Everyone reads as much of one as of the other; Bob has read one article of sport, so his share
    of it is (1 + 1 · 0.5) / (1 + 1), half as much again as everyone's:

    >>> pop.score(MindImpression("2", "bob", 0.0, ("a",), ("b", "c"), None)).round(4).tolist()
    [0.075, 0.025]

    The CTR of both is 1 / 20, as nothing has been shown yet.

    References
    ----------
    Liu, Dolan and Pedersen (2010), Personalized news recommendation based on click behavior, IUI,
    https://doi.org/10.1145/1719970.1719976: the user's share of a category against the public's,
    with virtual clicks G of the public. Popularity weighed by interest in the categories:
    Jonnalagedda, Gauch, Labille and Alfarhood (2016), Incorporating popularity in a personalized
    news recommender system, PeerJ Computer Science 2:e63, https://doi.org/10.7717/peerj-cs.63.
    """

    name = "TopicPop"

    def __init__(self, articles: Mapping[str, MindArticle], *, strength: float = 30.0) -> None:
        self._category = {key: article.category for key, article in articles.items()}
        self._n_categories = max(len(set(self._category.values())), 1)
        self._strength = strength
        self._readings = Readings()
        self._ctr = SmoothedCtr()
        self._clicks: Counter[str] = Counter()
        self._n_clicks = 0

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return the CTR of each candidate times the user's lift of its category, (n,)."""
        read = Counter(self._category.get(a, "") for a in self._readings.read_by(impression))
        n_read = read.total()
        categories = [self._category.get(a, "") for a in impression.candidates]
        everyone = np.array([self._clicks[c] + 1.0 for c in categories])  # (n,)
        everyone /= self._n_clicks + self._n_categories
        mine = np.array([float(read[c]) for c in categories])  # (n,)
        share = (mine + self._strength * everyone) / (n_read + self._strength)  # (n,)
        scores: NDArray[np.float64] = self._ctr.score(impression) * share / everyone
        return scores

    def learn(self, impression: MindImpression) -> None:
        """Count views and clicks, of the article, of its category and of the user."""
        if impression.clicked is None:
            return
        self._ctr.learn(impression)
        self._readings.learn(impression)
        for article_id, clicked in zip(impression.candidates, impression.clicked, strict=True):
            if clicked:
                self._clicks[self._category.get(article_id, "")] += 1
                self._n_clicks += 1
