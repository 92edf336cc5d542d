"""`cherryrec baselines tune`: every trial in a table, a stopped one gone on, the test not seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Ended, Run
from tests.unit.cli.test_leave_last_out import CLICKS

pytest.importorskip("torch")

from gpu_worker.sequential import NetworkRanker, load_configs

TINY = "[sasrec]\nn_hidden = 8\nmax_epochs = 2\n\n[narm]\nn_hidden = 8\nmax_epochs = 1\n"
GRID = ("--dropouts", "0.1,0.5", "--weight-decays", "0", "--max-lengths", "4")


@pytest.fixture
def tune(run: Run, tmp_path: Path) -> Any:
    (tmp_path / "clicks.csv").write_text(CLICKS)
    (tmp_path / "base.toml").write_text(TINY)

    def tuned(*options: str, log: str = "clicks.csv", report: str = "one") -> Ended:
        given = ("--networks", "base.toml", "--report", report, *GRID)
        return run("baselines", "tune", log, "--rankings", "narm,sasrec", *given, *options)

    return tuned


def trials(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]


def test_every_trial_is_in_the_table_and_the_best_are_read_back(
    tune: Any, run: Run, tmp_path: Path
) -> None:
    done = tune()

    assert done.code == 0
    found = trials(tmp_path / "one")
    assert [one["network"] for one in found] == ["narm", "sasrec", "narm", "sasrec"]
    page = (tmp_path / "one" / "report.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith(("| narm", "| sas"))]
    assert len(rows) == 4
    values = [float(row[1]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert "4 settings were tried, 0 of them cut by the budget; 0 were left out" in page
    best = load_configs(tmp_path / "one" / "networks.toml")
    for network, config in best.items():
        tried = {
            one["config"]["dropout"]: one["ndcg"] for one in found if one["network"] == network
        }
        assert tried[config.dropout] == max(tried.values())
        assert (config.patience, config.learning_rate, config.max_length) == (20, 1e-3, 4)
    judged = run(
        "leave-last-out", "clicks.csv", "--rankings", "sasrec", "--seeds", "0",
        "--networks", "one/networks.toml",
    )  # fmt: skip
    assert judged.code == 0


def test_what_was_tried_before_a_kill_is_not_tried_again(
    tune: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, fitted = NetworkRanker.fit, []

    def stops_at_the_third(self: NetworkRanker, data: Any) -> None:
        if len(fitted) == 2:
            raise KeyboardInterrupt
        fitted.append(self.name)
        fit(self, data)

    monkeypatch.setattr(NetworkRanker, "fit", stops_at_the_third)
    assert tune().code == 130
    assert not (tmp_path / "one" / "report.md").exists()
    monkeypatch.setattr(NetworkRanker, "fit", fit)
    assert tune().code == 0
    assert tune(report="two").code == 0

    one, two = trials(tmp_path / "one"), trials(tmp_path / "two")
    for trial in (*one, *two):
        del trial["wall_s"]
    assert one == two


def test_a_budget_leaves_out_what_it_says_and_the_next_call_tries_it(
    tune: Any, tmp_path: Path
) -> None:
    assert tune("--budget-minutes", "0.000001").code == 0
    page = (tmp_path / "one" / "report.md").read_text()

    assert "0 settings were tried, 0 of them cut by the budget; 4 were left out" in page
    assert page.count("\n- sasrec, dropout 0.") == 2
    assert tune().code == 0
    assert "0 were left out" in (tmp_path / "one" / "report.md").read_text()


def test_the_test_split_changes_nothing(tune: Any, tmp_path: Path) -> None:
    lines = CLICKS.splitlines()
    last = {line.split(",")[0]: number for number, line in enumerate(lines[1:], start=1)}
    first, second = last["u0"], last["u13"]  # both are asked for other articles in the test
    cells = [line.split(",") for line in lines]
    cells[first][2], cells[second][2] = "a11", "a7"
    assert [cells[first], cells[second]] != [lines[n].split(",") for n in (first, second)]
    (tmp_path / "other.csv").write_text("\n".join(",".join(row) for row in cells) + "\n")

    assert tune().code == 0
    assert tune(log="other.csv", report="two").code == 0

    one, two = (trials(tmp_path / name) for name in ("one", "two"))
    assert [trial["ndcg"] for trial in one] == [trial["ndcg"] for trial in two]
    assert one[0]["data"] != two[0]["data"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rankings", "markov"), "got 'markov'"),
        (("--dropouts", "0.1,0.1"), "each once"),
        (("--weight-decays", "-1"), "wanted numbers"),
        (("--dropouts", "1.5"), "dropout must be in"),
    ],
)
def test_what_cannot_be_is_refused(tune: Any, options: tuple[str, str], said: str) -> None:
    done = tune(*options)

    assert done.code == 2
    assert said in done.err
