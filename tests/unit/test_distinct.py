from __future__ import annotations

import numpy as np
import pytest

from cherryrec.distinct import distinct


@pytest.mark.parametrize("n", [0, 1, 2, 500])
def test_numbers_are_those_that_numpy_finds(n: int) -> None:
    numbers = np.random.default_rng(n).integers(-50, 50, n).astype(np.int32)

    found = distinct(numbers)

    assert found.tolist() == np.unique(numbers).tolist()
    assert found.dtype == numbers.dtype
