"""No metric of any protocol depends on the order of candidates or on their ids."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from cherryrec.evaluation.generate import DisplayWorld
from cherryrec.evaluation.leave_last_out.metrics import values_of_ranks
from cherryrec.evaluation.metrics import (
    impression_metrics,
    mrr,
    mrr_first,
    ndcg,
    ranks_of,
)
from cherryrec.evaluation.random_logs import Question, judge
from cherryrec.evaluation.retrieval.ranks import ranks_among, tie_keys


@pytest.mark.parametrize("seed", range(30))
def test_protocol_a_tells_the_same_of_a_shuffled_and_renamed_slate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    scores = rng.integers(0, 5, n).astype(float)  # many ties
    labels = rng.random(n) < 0.3
    order = rng.permutation(n)

    told = impression_metrics(scores, [f"a{k}" for k in range(n)], labels)
    renamed = [f"z{n - k}" for k in range(n)]
    again = impression_metrics(scores[order], renamed, labels[order])

    assert again == pytest.approx(told, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(10))
def test_a_tie_counts_as_the_mean_over_its_orders(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, 6).astype(float)
    labels = [1, *rng.integers(0, 2, 5).tolist()]
    found = []
    for order in permutations(range(6)):
        ranks = np.empty(6, np.int64)
        ranks[sorted(range(6), key=lambda k: (-scores[k], order[k]))] = np.arange(1, 7)
        found.append((mrr(ranks, labels), mrr_first(ranks, labels), ndcg(ranks, labels, 5)))

    told = impression_metrics(scores, list("abcdef"), labels)

    assert told[1:4] == pytest.approx(np.mean(found, axis=0), abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_protocols_b_and_c_rank_the_same_however_the_catalogue_is_ordered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 5, 200).astype(float)
    hashes = rng.integers(0, 2**63, 200).astype(np.uint64)
    targets = rng.permutation(200)[:7]
    order = rng.permutation(200)
    place = np.argsort(order)

    ranks = ranks_among(scores, tie_keys(hashes, 5), targets)
    shuffled = ranks_among(scores[order], tie_keys(hashes[order], 5), place[targets])

    assert shuffled == ranks
    assert np.array_equal(values_of_ranks(shuffled), values_of_ranks(ranks))


def test_protocols_b_and_c_give_no_id_a_better_place_among_equals() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**63, 20).astype(np.uint64)
    ranks = [
        ranks_among(np.zeros(20), tie_keys(hashes, key), np.arange(20))
        for key in np.random.default_rng(1).integers(0, 2**63, 2_000).tolist()
    ]

    # the mean rank of each is 10.5, with a standard deviation of 5.77 / sqrt(2000) = 0.13
    assert np.abs(np.mean(ranks, axis=0) - 10.5).max() < 0.6


def test_predictions_rank_the_same_however_the_slate_is_ordered() -> None:
    rng = np.random.default_rng(3)
    ids, scores, order = [f"a{k}" for k in range(30)], rng.integers(0, 4, 30), rng.permutation(30)

    ranks = ranks_of(scores, ids, impression_id="i")
    shuffled = ranks_of(scores[order], [ids[k] for k in order], impression_id="i")

    assert shuffled.tolist() == ranks[order].tolist()


class ByAge:
    """Chooses what came into the pools first, by the names it was given: it has no ties."""

    name = "by age"

    def __init__(self, births: dict[str, float]) -> None:
        self._births = births

    def choose(self, question: Question) -> str:
        return min(question.pool, key=self._births.__getitem__)

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        """Ages are given."""


def test_protocol_d_tells_the_same_of_shuffled_and_renamed_pools() -> None:
    displays = DisplayWorld(seed=5, n_displays=600).displays()
    names = sorted({article for one in displays for article in one.pool})
    births = {name: number * 7 % len(names) + number / 1_000 for number, name in enumerate(names)}
    to = {name: f"x{len(names) - number}" for number, name in enumerate(names)}
    renamed = [
        replace(one, pool=tuple(to[a] for a in reversed(one.pool)), displayed=to[one.displayed])
        for one in displays
    ]

    told = judge(displays, [ByAge(births)]).evidence["by age"]
    again = judge(renamed, [ByAge({to[a]: births[a] for a in names})]).evidence["by age"]

    assert again.n_matched == told.n_matched > 50
    assert again.estimates() == told.estimates()
