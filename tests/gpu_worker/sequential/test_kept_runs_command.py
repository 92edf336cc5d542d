"""Networks of `leave-last-out`: a table that was stopped between two seeds goes on there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cherryrec.cli import networks
from tests.commands import Ended, Run
from tests.unit.cli.test_leave_last_out import CLICKS

pytest.importorskip("torch")

from gpu_worker.sequential import NETWORKS, NetworkRanker

TINY = "[sasrec]\nn_hidden = 8\nmax_length = 4\nmax_epochs = 2\n"


class Machine:
    """Counts what is trained; goes down before a seed if it is told to."""

    def __init__(self) -> None:
        self.trained: list[int] = []
        self.ends_before: int | None = None
        self._fit = NetworkRanker.fit

    def fit(self, ranker: NetworkRanker, data: Any) -> None:
        if ranker.seed == self.ends_before:
            raise KeyboardInterrupt
        self.trained.append(ranker.seed)
        self._fit(ranker, data)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()

    def fit(self: NetworkRanker, data: Any) -> None:
        machine.fit(self, data)

    monkeypatch.setattr(NetworkRanker, "fit", fit)
    return machine


@pytest.fixture
def judge(run: Run, tmp_path: Path) -> Any:
    (tmp_path / "clicks.csv").write_text(CLICKS)
    (tmp_path / "networks.toml").write_text(TINY)

    def judged(*options: str, report: str = "one") -> Ended:
        given = ("--rankings", "sasrec", "--networks", "networks.toml", "--report", report)
        return run("leave-last-out", "clicks.csv", *given, *options)

    return judged


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "report.json").read_text())["rows"]
    for row in found:
        del row["wall_s"], row["notes"]
    return found


def test_what_was_trained_before_a_kill_is_not_trained_again(
    judge: Any, machine: Machine, tmp_path: Path
) -> None:
    machine.ends_before = 1
    stopped = judge("--seeds", "0,1")
    machine.ends_before = None
    gone_on = judge("--seeds", "0,1")
    whole = judge("--seeds", "0,1", report="two")

    assert (stopped.code, gone_on.code, whole.code) == (130, 0, 0)
    assert machine.trained == [0, 1, 0, 1]
    assert rows(tmp_path / "one") == rows(tmp_path / "two")


def test_a_run_of_other_settings_or_of_a_damaged_file_is_trained(
    judge: Any, machine: Machine, tmp_path: Path
) -> None:
    judge("--seeds", "0")
    judge("--seeds", "0")
    assert machine.trained == [0]

    (tmp_path / "networks.toml").write_text(TINY + "dropout = 0.5\n")
    judge("--seeds", "0")
    assert machine.trained == [0, 0]

    for file in (tmp_path / "one" / "runs").iterdir():
        file.write_text("{")
    done = judge("--seeds", "0")
    assert machine.trained == [0, 0, 0]
    assert "must hold a run" in done.err


def test_settings_of_an_unknown_network_are_refused(
    judge: Any, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "networks.toml").write_text("[caser]\n")

    done = judge()

    assert done.code == 2
    assert "got 'caser'" in done.err
    assert not machine.trained


def test_the_page_of_claims_takes_the_same_settings_and_runs(
    run: Run, judge: Any, machine: Machine
) -> None:
    judge("--seeds", "0", report="paper/clicks")

    given = ("--rankings", "sasrec", "--networks", "networks.toml", "--seeds", "0")
    ended = run("paper", "clicks.csv", *given, "--report", "paper")

    assert ended.code == 0, ended.err
    assert machine.trained == [0]


def test_the_command_knows_the_networks_that_there_are() -> None:
    assert tuple(NETWORKS) == networks.NETWORKS
