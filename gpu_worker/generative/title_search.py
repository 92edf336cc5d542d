"""Titles found by their words: BM25 over a catalogue, by bm25s.

References
----------
Lù (2024), BM25S: orders of magnitude faster lexical search via eager sparse scoring,
https://arxiv.org/abs/2407.03618.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError

__all__ = ["TitleSearch"]


class TitleSearch:
    """Scores all titles of a catalogue by a query, in the library's own form of BM25.

    Words are of two letters or more, in lower case, none left out: catalogues are of any language.

    Parameters
    ----------
    titles
        Of the catalogue, (A,); one of them has a word.

    Raises
    ------
    ConfigError
        bm25s is not installed.

    Examples
    --------
    >>> search = TitleSearch(["Storm hits the coast", "Tax plan passes", "Storm over"])
    >>> search.scores("the storm at the coast").argmax()
    np.int64(0)
    >>> search.scores("nothing like it").tolist()
    [0.0, 0.0, 0.0]
    """

    def __init__(self, titles: Sequence[str]) -> None:
        try:
            import bm25s
        except ImportError as error:
            msg = "GPT4Rec searches titles with bm25s: pip install 'cherryrec[generative]'"
            raise ConfigError(msg) from error
        self._tokenize = bm25s.tokenize
        self._index = bm25s.BM25()
        self._index.index(self._words(titles), show_progress=False)
        self._n_titles = len(titles)

    def scores(self, query: str) -> NDArray[np.float64]:
        """Return how well each title answers a query, 0 where no word is in both, (A,)."""
        (words,) = self._words([query])
        known = [word for word in words if word in self._index.vocab_dict]
        if not known:
            return np.zeros(self._n_titles)
        return np.asarray(self._index.get_scores(known), np.float64)

    def _words(self, texts: Sequence[str]) -> list[list[str]]:
        found: list[list[str]] = self._tokenize(
            list(texts), stopwords=None, return_ids=False, show_progress=False
        )
        return found
