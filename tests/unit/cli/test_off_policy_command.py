"""`cherryrec off-policy`: protocol D from a folder of R6B to a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cherryrec.evaluation.generate import DisplayWorld, write_displays
from tests.commands import run_command
from tests.logs import write_mind


@pytest.mark.slow
def test_a_random_log_gives_a_table_of_policies(tmp_path: Path) -> None:
    write_displays(DisplayWorld(seed=1, n_displays=300), tmp_path / "log")

    done = run_command("off-policy", str(tmp_path / "log"), "--report", str(tmp_path / "report"))

    assert done.code == 0, done.err
    numbers = json.loads((tmp_path / "report" / "report.json").read_text())
    assert list(numbers["policies"]) == ["CherryRec", "newest", "popular", "random"]
    assert numbers["displays"] == 300
    for row in numbers["policies"].values():
        assert row["SNIPS"]["low"] <= row["SNIPS"]["mean"] <= row["SNIPS"]["high"]
    assert "300 displays" in done.out


def test_a_log_of_slates_is_refused(tmp_path: Path) -> None:
    written = write_mind(tmp_path / "log")

    done = run_command("off-policy", str(written.path))

    assert done.code == 1
    assert "need the chance with which each article was displayed" in done.err


def test_a_policy_that_is_none_is_refused(tmp_path: Path) -> None:
    write_displays(DisplayWorld(seed=1, n_displays=50), tmp_path / "log")

    done = run_command("off-policy", str(tmp_path / "log"), "--policies", "best")

    assert done.code == 2
    assert "wanted some of CherryRec, newest, popular, random, got best" in done.err
