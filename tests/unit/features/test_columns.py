"""Every column against a value worked out by hand, no two of which are alike.

So whoever swaps two columns, anywhere on their way from a loop to the matrix, is told.
"""

from __future__ import annotations

from itertools import combinations
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.features import FEATURES
from tests.unit.features.worked import (
    article,
    attention,
    context,
    evaluation,
    exposure,
    knrs,
    reading,
    slate,
)
from tests.unit.features.worked.world import CANDIDATES, N_CLICKS, worlds

Floats = NDArray[np.float64]

BLOCKS: tuple[ModuleType, ...] = (
    knrs,
    reading,
    exposure,
    attention,
    slate,
    article,
    evaluation,
    context,
)
WORKED: dict[str, Floats] = {
    name: np.broadcast_to(values, (len(N_CLICKS), len(CANDIDATES)))
    for block in BLOCKS
    for name, values in block.WORKED.items()
}
"""By column: one value a request and candidate."""


@pytest.fixture(scope="module")
def found() -> dict[str, Floats]:
    matrices = np.stack([world.features() for world in worlds()]).astype(np.float64)
    return {name: matrices[:, :, at] for at, name in enumerate(FEATURES)}


def test_every_column_was_worked_out() -> None:
    assert sorted(WORKED) == sorted(FEATURES)


@pytest.mark.parametrize("name", FEATURES)
def test_a_column_holds_what_was_worked_out(name: str, found: dict[str, Floats]) -> None:
    np.testing.assert_allclose(found[name], WORKED[name], rtol=2e-5, atol=2e-5)


def test_no_two_columns_were_worked_out_alike() -> None:
    alike = [
        (one, other)
        for one, other in combinations(WORKED, 2)
        if np.abs(WORKED[one] - WORKED[other]).max() < 1e-3
    ]

    assert alike == []
