"""BM25 over titles, and how the queries' finds become one list; without torch."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bm25s")
pytest.importorskip("torch")  # the package imports the models beside it

from gpu_worker.generative.gpt4rec import merged
from gpu_worker.generative.title_search import TitleSearch

TITLES = (
    "Storm hits the coast of Norway",
    "Parliament passes tax plan",
    "Tax plan angers farmers",
    "Striker scores twice in the derby",
    "Recipe: soup with garlic",
)
TIES = np.arange(5, dtype=np.uint64)
NONE_OUT = np.zeros(5, np.bool_)


@pytest.mark.parametrize("place", range(5))
def test_a_written_title_finds_its_article(place: int) -> None:
    words = TITLES[place].upper().split()

    found = TitleSearch(TITLES).scores(" ".join(reversed(words[:-1])))

    assert found.argmax() == place
    assert (found >= 0.0).all()


def test_words_that_no_title_has_find_nothing() -> None:
    search = TitleSearch(TITLES)

    assert search.scores("").tolist() == search.scores("xyzzy ?").tolist() == [0.0] * 5
    assert merged(search, ["xyzzy", ""], NONE_OUT, TIES) == []


def test_each_query_brings_its_share_and_repeats_nothing() -> None:
    search = TitleSearch(TITLES)

    both = merged(search, ["tax plan", "tax plan storm"], NONE_OUT, TIES, n=4)

    assert both[:2] == [2, 1] or both[:2] == [1, 2], "the share of the first"
    assert both == list(dict.fromkeys(both))
    assert set(both) == {0, 1, 2}, "what the second adds, and no article without a word"


def test_what_was_read_is_not_found() -> None:
    is_out = NONE_OUT.copy()
    is_out[1] = True

    assert merged(TitleSearch(TITLES), ["tax plan"], is_out, TIES) == [2]


def test_equals_are_told_apart_by_their_keys_and_not_by_their_place() -> None:
    search = TitleSearch(["same words", "same words", "same words"])
    out = np.zeros(3, np.bool_)

    assert merged(search, ["same"], out, np.array([2, 0, 1], np.uint64)) == [1, 2, 0]
