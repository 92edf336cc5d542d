"""Damaged bytes: a short run of `benchmarks.fuzz`, the same at every run."""

from __future__ import annotations

import pytest

from benchmarks._fuzz.targets import TARGETS
from benchmarks.fuzz import fuzz

N = {"codec": 3_000, "pipeline": 1_500, "recorded": 1_000, "log": 150}
FEW = 60


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_damaged_bytes_raise_nothing_but_the_error_that_names_the_fault(name: str) -> None:
    found = fuzz(name, seed=1, n=N.get(name, FEW))

    assert not found.finds
    assert found.n_accepted, "damage so heavy that nothing of it is used shows little"
