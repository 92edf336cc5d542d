"""GPT4Rec: write what the reader may read next, and search the catalogue for it.

What differs from the paper: its GPT-2 is fine-tuned whole, for epochs, ours takes a bounded number
of LoRA steps, or none; its titles are of products; BM25 keeps the library's k1 and b where the
paper chooses them on validation; queries are cut where a title would be. As there, a beam search
writes several queries, each brings its share of the list, the queries in the order of their scores,
and what an earlier one brought is not repeated.

References
----------
Li et al. (2023), GPT4Rec: a generative framework for personalized recommendation and user interests
interpretation, SIGIR eCom, https://arxiv.org/abs/2304.03879, sections 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out import N_RETRIEVED, LeaveLastOut
from gpu_worker.generative.config import LanguageConfig
from gpu_worker.generative.examples import Completion, training_steps
from gpu_worker.generative.title_model import TitleModel
from gpu_worker.generative.title_search import TitleSearch

__all__ = ["Gpt4Rec", "merged"]


class Gpt4Rec:
    """Writes queries from a history's titles.

    Parameters
    ----------
    model
        Tuned on `examples`, or not.
    config
        Queries, and how much of a history is read.
    """

    name = "gpt4rec"
    title = "GPT4Rec"
    retrieves = True

    def __init__(self, model: TitleModel, config: LanguageConfig) -> None:
        self._model = model
        self._config = config

    @staticmethod
    def examples(
        data: LeaveLastOut, config: LanguageConfig, seed: int, cut: Callable[[str], str]
    ) -> Iterator[Completion]:
        """Yield the title that was read next, without end."""
        for step in training_steps(data, n_history=config.n_history, seed=seed, cut=cut):
            yield Completion(_beginning(step.history), f" {step.followed}\n")

    @property
    def batch_size(self) -> int:
        """Users whose queries are written at once."""
        return self._model.batch_size

    def queries(self, histories: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return what may be read next after each history, the most likely first."""
        newest = [history[-self._config.n_history :] for history in histories]
        return self._model.write(
            [_beginning([self._model.cut(title) for title in titles]) for titles in newest],
            n=self._config.n_queries,
            max_tokens=self._config.query_tokens,
        )


def merged(
    search: TitleSearch,
    queries: Sequence[str],
    is_out: NDArray[np.bool_],
    ties: NDArray[np.uint64],
    n: int = N_RETRIEVED,
) -> list[int]:
    """Return what the queries find, each its share in turn; again while some is left.

    Parameters
    ----------
    search
        Over the catalogue.
    queries
        The most likely first.
    is_out
        What must not be found, (A,).
    ties
        What decides between equals, lower first, (A,).
    n
        Articles wanted; fewer where the queries' words are in no more titles.

    Examples
    --------
    >>> search = TitleSearch(["storm hits coast", "storm over", "tax plan", "tax cut"])
    >>> ties, is_out = np.arange(4, dtype=np.uint64), np.array([False, True, False, False])
    >>> merged(search, ["storm", "tax plan"], is_out, ties, n=2)
    [0, 2]
    >>> merged(search, ["storm", "tax plan"], is_out, ties, n=4)
    [0, 2, 3]
    """
    share = max(1, n // max(1, len(queries)))
    lists = []
    for query in queries:
        scores = np.where(is_out, 0.0, search.scores(query))
        order = np.lexsort((ties, -scores))
        lists.append([code for code in order.tolist() if scores[code] > 0.0])
    found: dict[int, None] = {}
    while len(found) < n and any(lists):
        for mine in lists:
            taken = 0
            while mine and taken < share and len(found) < n:
                code = mine.pop(0)
                if code not in found:
                    found[code] = None
                    taken += 1
    return list(found)


def _beginning(history: Sequence[str]) -> str:
    lines = "\n".join(f"- {title}" for title in history)
    return f"A reader has read these news, the newest last:\n{lines}\nNext they want to read:\n-"
