"""The contributions named of an article are the largest, and with all others they are its score."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.events import OTHERS
from cherryrec.features import FEATURES
from cherryrec.pipeline.explanation import EXPLAINED, explain
from cherryrec.vans import Scored


def scored(contributions: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Scored:
    return Scored(contributions.sum(axis=1), contributions, np.zeros((len(contributions), 0)))


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_by_magnitude_are_named_in_their_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    contributions = rng.integers(-6, 7, (9, len(FEATURES))) / 4  # many are equal
    places = rng.permutation(9)[:5].tolist()

    found = explain(scored(contributions), places)

    for place, named in zip(places, found, strict=True):
        order = np.argsort(-np.abs(contributions[place]), kind="stable")[:EXPLAINED]
        assert list(named) == [*(FEATURES[j] for j in order), OTHERS]
        assert list(named.values())[:-1] == contributions[place, order].tolist()
        assert sum(named.values()) == pytest.approx(contributions[place].sum(), abs=1e-9)


def test_what_contributes_nothing_is_not_named() -> None:
    contributions = np.zeros((2, len(FEATURES)))
    contributions[0, 3] = -0.5

    assert explain(scored(contributions), [0, 1]) == [{FEATURES[3]: -0.5, OTHERS: 0.0}, {}]


def test_an_empty_slate_has_no_explanations() -> None:
    assert explain(Scored(np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0))), []) == []
