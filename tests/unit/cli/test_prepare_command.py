"""`cherryrec prepare`: what it says."""

from __future__ import annotations

import pytest

from tests.commands import Run


@pytest.mark.slow
def test_loops_are_compiled_and_the_time_told(run: Run) -> None:
    ended = run("prepare")

    assert ended.code == 0
    assert ended.out == ""
    assert "compiled loops are ready after" in ended.err
