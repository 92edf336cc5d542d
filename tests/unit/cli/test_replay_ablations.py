"""`cherryrec replay --ablate`: the table and files it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Ended, Run

pytestmark = pytest.mark.slow

SMALL = ("--users", "10", "--impressions", "20", "--articles", "64")


@pytest.fixture
def replayed(run: Run) -> Run:
    assert run("generate", "log", *SMALL).code == 0

    def run_replay(*arguments: str) -> Ended:
        return run("replay", "log", "--report", "report", "--baselines", "none", *arguments)

    return run_replay


def test_each_part_is_replayed_beside_the_full_system(replayed: Run, tmp_path: Path) -> None:
    ended = replayed("--ablate", "learning:pointwise", "--ablate", "knrs:novelty")

    assert ended.code == 0
    assert "ablation 1 of 2, knrs:novelty: AUC " in ended.err
    assert "ablation 2 of 2, learning:pointwise: AUC " in ended.err
    assert "ablation, second half" in ended.out
    assert "AUC, whole log: full system better than " in ended.out
    values = json.loads((tmp_path / "report" / "report.json").read_text())
    assert list(values["ablations"]) == ["knrs:novelty", "learning:pointwise"]
    full = values["metrics"]["CherryRec"]["whole"]["auc"]["mean"]
    for one in values["ablations"].values():
        gain = one["cherryrec_minus"]["whole"]["auc"]
        assert gain["mean"] == pytest.approx(full - one["metrics"]["whole"]["auc"]["mean"])
        assert gain["low"] <= gain["mean"] <= gain["high"]
    assert (tmp_path / "report" / "ablation.png").exists()
    assert "## Ablations" in (tmp_path / "report" / "report.md").read_text()


def test_several_processes_find_the_same(replayed: Run, tmp_path: Path) -> None:
    found = []
    for jobs in ("1", "2"):
        assert replayed("--ablate", "vans:svm", "--seed", "3", "--jobs", jobs).code == 0
        found.append(json.loads((tmp_path / "report" / "report.json").read_text())["ablations"])

    assert found[0] == found[1]


def test_an_unknown_part_is_a_usage_error_that_lists_the_known(
    replayed: Run, tmp_path: Path
) -> None:
    ended = replayed("--ablate", "vans:nope")

    assert ended.code == 2
    told = " ".join(ended.err.split())
    assert "a part must be all or one out of knrs:relevance, " in told
    assert told.endswith("got 'vans:nope'")
    assert not (tmp_path / "report").exists()


def test_members_that_are_not_in_the_settings_are_no_parts(
    replayed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHERRYREC_VANS_MEMBERS", '["linear", "svm"]')

    ended = replayed("--ablate", "vans:forest")

    assert ended.code == 2
    assert "vans:linear, vans:svm, learning:pointwise" in " ".join(ended.err.split())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--engine", "kafka"), "it needs --engine local, got kafka"),
        (("--evaluator", "small", "--jobs", "2"), "needs --jobs 1, as CnLE is loaded once, got 2"),
    ],
)
def test_what_ablations_cannot_run_with_is_a_usage_error(
    replayed: Run, options: tuple[str, ...], told: str
) -> None:
    ended = replayed("--ablate", "all", *options)

    assert ended.code == 2
    assert told in " ".join(ended.err.split())
