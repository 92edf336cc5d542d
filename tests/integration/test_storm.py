"""The promises under a storm: one short seed of `benchmarks.chaos`, on the broker of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks._chaos.faults import Fault
from benchmarks.chaos import storm

pytestmark = pytest.mark.timeout(300)

FAULTS = (
    Fault(0.8, "kill", "stream-0", 0.2),
    Fault(1.5, "stop", "learner", 1.0),
    Fault(2.0, "disk", "stream-1", 1.0),
)


@pytest.mark.slow
def test_a_storm_leaves_what_a_run_without_one_leaves(kafka: str, tmp_path: Path) -> None:
    result = storm(kafka, 11, tmp_path, lasts_s=4.0, faults=FAULTS, kill_share=0.0)

    assert result["diverged"] == {}
    assert result["in"] > 50
