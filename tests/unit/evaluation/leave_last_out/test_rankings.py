"""The simple rankings of protocol B: scores by hand, one contract, and no say of ids and order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out import (
    SIMPLE,
    LeaveLastOut,
    SequenceRanker,
    ranks_of_targets,
    values_of_ranks,
)
from cherryrec.evaluation.leave_last_out.dataset import Codes, Split
from cherryrec.evaluation.leave_last_out.markov import Markov
from cherryrec.evaluation.leave_last_out.newest import NewestFirst
from cherryrec.evaluation.leave_last_out.vsknn import NearestSessions

Make = Callable[..., LeaveLastOut]


def fixed(name: str) -> SequenceRanker:
    """Return a ranking none of whose settings is chosen on validation, where ties may decide."""
    return Markov(window=3) if name == "markov" else SIMPLE[name]()


def by_id(ranker: SequenceRanker, data: LeaveLastOut, *articles: str) -> dict[str, float]:
    codes = np.array([data.articles.index(a) for a in articles], np.int32)
    (scores,) = ranker.score([codes])
    return dict(zip(data.articles, scores.tolist(), strict=True))


def renamed(data: LeaveLastOut, order: list[int]) -> LeaveLastOut:
    """Return the same reading, article i standing at place order[i] under another name."""
    place = np.array(order, np.int32)
    names, seen = [""] * len(order), np.empty(len(order))
    for old, new in enumerate(order):
        names[new], seen[new] = f"other {old}", data.first_seen_s[old]
    return replace(
        data,
        users=tuple(f"someone {user}" for user in data.users),
        articles=tuple(names),
        sequences=tuple(place[sequence] for sequence in data.sequences),
        first_seen_s=seen,
    )


class Distinct:
    """Adds to a ranking's scores what tells equal ones apart, by who has read the article first."""

    def __init__(self, ranker: SequenceRanker) -> None:
        self.ranker, self.name = ranker, ranker.name
        self._extra = np.zeros(0)

    def fit(self, data: LeaveLastOut) -> None:
        self.ranker.fit(data)
        order = list(dict.fromkeys(np.concatenate(data.sequences).tolist()))
        self._extra = np.empty(len(order))
        self._extra[order] = 1e-7 * np.arange(len(order))

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float64]:
        return self.ranker.score(sequences) + self._extra


@pytest.mark.parametrize("name", SIMPLE)
def test_new_names_in_another_order_change_no_rank(name: str, drawn: LeaveLastOut) -> None:
    other = renamed(drawn, np.random.default_rng(1).permutation(len(drawn.articles)).tolist())
    ranks = []
    for data in (drawn, other):
        ranker = Distinct(fixed(name))
        ranker.fit(data)
        ranks.append(ranks_of_targets(ranker, data, "test").tolist())

    assert ranks[0] == ranks[1]
    assert len(set(ranks[0])) >= 5, "the ranking has an opinion"


class NoOpinion:
    name = "none"

    def __init__(self) -> None:
        self.n_articles = 0

    def fit(self, data: LeaveLastOut) -> None:
        self.n_articles = len(data.articles)

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float64]:
        return np.zeros((len(sequences), self.n_articles))


def test_of_equals_no_article_is_ahead_for_its_id_or_its_place(sequences_of: Make) -> None:
    letters = "abcdefghij"
    data = sequences_of({f"user {n}": (letters * 2)[n % 10 :][:5] for n in range(500)})
    ranker = NoOpinion()
    ranker.fit(data)

    ranks = ranks_of_targets(ranker, data, "test")

    assert (ranks.min(), ranks.max()) == (1, 6), "four of the ten are read"
    of_last = ranks[[data.target(user, "test") == 9 for user in range(500)]]
    assert ranks.mean() == pytest.approx(3.5, abs=0.3)
    assert of_last.mean() == pytest.approx(3.5, abs=0.8), "the last by id is like the others"


@pytest.mark.parametrize("split", ["test", "validation"])
@pytest.mark.parametrize("name", SIMPLE)
def test_ranks_are_those_of_sorting_everything(
    name: str, split: Split, drawn: LeaveLastOut
) -> None:
    ranker = Distinct(fixed(name))
    ranker.fit(drawn)

    found = ranks_of_targets(ranker, drawn, split)

    for user in range(len(drawn.users)):
        before = drawn.read_before(user, split)
        (scores,) = ranker.score([before])
        unread = [a for a in range(len(drawn.articles)) if a not in before]
        order = sorted(unread, key=lambda a: -scores[a])
        assert order[found[user] - 1] == drawn.target(user, split)


@pytest.mark.parametrize("name", SIMPLE)
def test_what_is_held_out_teaches_nothing(name: str, drawn: LeaveLastOut) -> None:
    """The last two of every sequence exchanged with those of others: the scores stay."""
    shuffled = list(np.random.default_rng(5).permutation(len(drawn.users)))
    swapped = replace(
        drawn,
        sequences=tuple(
            np.concatenate([drawn.training(user), drawn.sequences[other][-2:]])
            for user, other in enumerate(shuffled)
        ),
    )
    ranker, other = fixed(name), fixed(name)
    ranker.fit(drawn)
    other.fit(swapped)
    asked = [drawn.training(user) for user in range(len(drawn.users))]

    assert np.array_equal(ranker.score(asked), other.score(asked))


@pytest.mark.parametrize("name", SIMPLE)
def test_each_sequence_is_answered_by_itself(name: str, drawn: LeaveLastOut) -> None:
    ranker = SIMPLE[name]()
    ranker.fit(drawn)
    asked = [drawn.training(user) for user in (3, 1, 2)]

    together = ranker.score(asked)

    assert together.shape == (3, len(drawn.articles))
    assert np.isfinite(together).all()
    for one, scores in zip(asked, together, strict=True):
        assert np.array_equal(ranker.score([one])[0], scores)


def test_the_chain_counts_by_distance(sequences_of: Make) -> None:
    data = sequences_of({"u": "abcdyz", "v": "acyz", "w": "bayz"})
    chain = Markov(window=3)
    chain.fit(data)

    found = by_id(chain, data, "a")

    # u: b at 1, c at 2, d at 3; v: c at 1; readers a 3, b 2, c 2, d 1 break ties by below 1/12
    assert found["c"] == pytest.approx(1 + 1 / 2 + 2 / 48)
    assert found["b"] == pytest.approx(1 + 2 / 48)
    assert found["d"] == pytest.approx(1 / 3 + 1 / 48)
    assert by_id(chain, data, "d")["b"] == pytest.approx(2 / 48), "nothing follows on d"


def test_the_window_is_that_of_the_best_validation(sequences_of: Make) -> None:
    # c is asked for after b; of b's followers it comes two places later, each time after another
    read = {f"u{n}": ["b", f"x{n}", "c", "y", "z"] for n in range(4)}
    read |= {f"v{n}": ["a", "b", "c", "y"] for n in range(2)}
    data = sequences_of(read)
    chain = Markov()
    chain.fit(data)
    of_window = {}
    for window in Markov.WINDOWS:
        of_one = Markov(window)
        of_one.fit(data)
        ranks = ranks_of_targets(of_one, data, "validation")
        of_window[window] = values_of_ranks(ranks)[:, 1].mean()

    assert of_window[1] < of_window[3] == of_window[10]
    assert chain.window == 3, "the smallest of equals"


def test_what_only_histories_have_is_oldest(sequences_of: Make) -> None:
    data = sequences_of({"u": "abcde", "v": "bacde"})
    data = replace(data, first_seen_s=np.array([np.nan, 3.0, 2.0, 5.0, np.nan]))
    newest = NewestFirst()
    newest.fit(data)

    assert by_id(newest, data, "a") == {"a": 0.0, "b": 3.0, "c": 2.0, "d": 5.0, "e": 0.0}


def test_the_nearest_are_as_many_as_asked_for(sequences_of: Make) -> None:
    data = sequences_of({"u": "abyz", "v": "acdyz", "w": "bdeyz"})
    nearest = NearestSessions(n_neighbours=1)
    nearest.fit(data)

    found = by_id(nearest, data, "a", "b")

    # weights 1/2 and 1: u is 1.5/√2 similar and alone counts; a and b have two readers of three
    assert found["a"] == pytest.approx(1.5 / 2**0.5 * np.log(3 / 2))
    assert found["d"] == 0.0
