"""What resembles what you read: words of the titles, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.text import caseless

__all__ = ["TitleMatch"]

_WORD = re.compile(r"\w\w+")


class TitleMatch:
    """Cosine of TF-IDF vectors: a candidate's title against the titles of the recent history.

    The document frequencies count the articles that slates have shown so far, never later ones.
    Memory: the words of `articles`.

    Parameters
    ----------
    articles
        The log's articles; one that is not there matches nothing.
    n_history
        How many of the latest clicks of the history to compare with; at least 1.

    Examples
    --------
    >>> titles = {"a": "Late goal", "b": "Vote today", "c": "Goal of the year"}
    >>> articles = {
    ...     key: MindArticle(key, "", None, title, "", "", ()) for key, title in titles.items()
    ... }
    >>> match = TitleMatch(articles)
    >>> match.score(MindImpression("1", "u", 0.0, ("a",), ("b", "c"), None)).tolist()
    [0.0, 0.5]

    One word of four in common; nothing has been shown yet, so all words weigh 1.
    """

    name = "title match"

    def __init__(self, articles: Mapping[str, MindArticle], *, n_history: int = 50) -> None:
        self._n_history = n_history
        vocabulary: dict[str, int] = {}
        self._words: dict[str, list[int]] = {}
        for article_id, article in articles.items():
            words = dict.fromkeys(_WORD.findall(caseless(article.title)))
            self._words[article_id] = [vocabulary.setdefault(w, len(vocabulary)) for w in words]
        self._n_with = np.zeros(len(vocabulary))  # (v,)
        self._read = np.zeros(len(vocabulary))  # (v,), all 0 between calls
        self._shown: set[str] = set()

    def score(self, impression: MindImpression) -> NDArray[np.float64]:
        """Return the similarity of each candidate's title to the history's, (n,)."""
        n = len(impression.candidates)
        history = [self._words.get(a, []) for a in impression.history[-self._n_history :]]
        read = np.array([w for words in history for w in words], dtype=np.int64)
        lists = [self._words.get(a, []) for a in impression.candidates]
        words = np.array([w for found in lists for w in found], dtype=np.int64)
        if not read.size or not words.size:
            return np.zeros(n)
        owner = np.repeat(np.arange(n), [len(found) for found in lists])
        idf = self._idf(words)
        np.add.at(self._read, read, self._idf(read))
        dot = np.bincount(owner, weights=idf * self._read[words], minlength=n)  # (n,)
        self._read[read] = 0.0
        norm = np.sqrt(np.bincount(owner, weights=idf**2, minlength=n))  # (n,)
        similarity: NDArray[np.float64] = dot / np.maximum(norm, 1e-9)
        return similarity

    def learn(self, impression: MindImpression) -> None:
        """Count the words of the articles shown for the first time."""
        for article_id in impression.candidates:
            if article_id not in self._shown:
                self._shown.add(article_id)
                self._n_with[self._words.get(article_id, [])] += 1.0

    def _idf(self, words: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return log((1 + articles shown) / (1 + those with the word)) + 1 for each word."""
        idf: NDArray[np.float64] = (
            np.log((1.0 + len(self._shown)) / (1.0 + self._n_with[words])) + 1.0
        )
        return idf
