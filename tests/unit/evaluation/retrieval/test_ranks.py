"""Ranks of a few articles among many are those of a full sort, and no id is ahead of another."""

from __future__ import annotations

import numpy as np

from cherryrec.evaluation.retrieval.ranks import ranks_among, tie_keys
from cherryrec.text import stable_hash


def test_ranks_are_those_of_a_full_sort() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 20, size=300).astype(np.float64)  # many ties
    ties = tie_keys(rng.integers(0, 2**63, size=300).astype(np.uint64), key=7)

    found = ranks_among(scores, ties, np.arange(300))

    order = np.lexsort((ties, -scores))
    assert [order[rank - 1] for rank in found] == list(range(300))


def test_ties_fall_by_request_not_by_id() -> None:
    hashes = np.array([stable_hash(f"N{n}") for n in range(2)], np.uint64)
    firsts = [
        int(np.argmin(tie_keys(hashes, stable_hash(f"request-{number}")))) for number in range(1000)
    ]

    assert 440 < sum(firsts) < 560  # three deviations of a fair coin are 47
