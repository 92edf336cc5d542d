"""`cherryrec replay`: which baselines it judges, and what it prints of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Ended, Run

SMALL = ("--users", "20", "--impressions", "40", "--articles", "64")
NAMES = "random, recent-popularity, smoothed-ctr, topic-pop, title-match, item-knn, v-sknn"


@pytest.fixture
def replayed(run: Run, tmp_path: Path) -> Run:
    assert run("generate", "log", *SMALL).code == 0

    def run_replay(*arguments: str) -> Ended:
        return run("replay", "log", "--report", "report", *arguments)

    return run_replay


def report_of(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "report" / "report.json").read_text())
    assert isinstance(found, dict)
    return found


def test_the_cheap_baselines_are_judged_by_default(replayed: Run, tmp_path: Path) -> None:
    ended = replayed()

    assert ended.code == 0
    standard = ["random", "recent popularity", "smoothed CTR", "TopicPop"]
    values = report_of(tmp_path)
    assert list(values["metrics"]) == ["CherryRec", *standard]
    assert list(values["cherryrec_minus"]) == standard
    assert "CherryRec minus, whole log" in ended.out
    assert "CherryRec minus, second half" in ended.out
    for part in ("whole", "second_half"):
        for name in standard:
            for metric in ("auc", "ndcg@10"):
                gain = values["cherryrec_minus"][name][part][metric]
                both = [values["metrics"][n][part][metric]["mean"] for n in ("CherryRec", name)]
                assert gain["mean"] == pytest.approx(both[0] - both[1], abs=1e-6)
                assert gain["low"] <= gain["mean"] <= gain["high"]


def test_all_baselines_change_no_recommendation(replayed: Run, tmp_path: Path) -> None:
    digests = []
    for names, n_rows in (("none", 1), ("all", 10), ("listwise-linear,random", 3)):
        assert replayed("--baselines", names).code == 0
        values = report_of(tmp_path)
        digests.append(values["sha256"])
        assert len(values["metrics"]) == n_rows

    assert len(set(digests)) == 1
    assert list(values["metrics"]) == ["CherryRec", "random", "listwise linear"]


def test_without_baselines_there_is_nothing_to_compare(replayed: Run) -> None:
    ended = replayed("--baselines", "none")

    assert ended.code == 0
    assert "minus" not in ended.out


def test_labels_that_come_late_reach_the_feature_baselines(replayed: Run, tmp_path: Path) -> None:
    numbers = []
    for delay in ("0", "365d"):
        assert replayed("--baselines", "listwise-linear", "--label-delay", delay).code == 0
        numbers.append(report_of(tmp_path)["metrics"]["listwise linear"]["whole"]["auc"]["mean"])

    learned, untaught = numbers
    assert learned != untaught  # nothing was known before the log was over
    assert untaught == 0.5


def test_unknown_baseline_is_a_usage_error_that_lists_the_known(replayed: Run) -> None:
    ended = replayed("--baselines", "random,als")

    assert ended.code == 2
    told = " ".join(ended.err.split())
    assert f"out of {NAMES}, listwise-linear, lambdamart, got 'als'" in told


def test_missing_lightgbm_is_told_before_anything_runs(
    replayed: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    ended = replayed("--baselines", "lambdamart")

    assert ended.code == 2
    assert "needs the extra `boosting`: pip install 'cherryrec[boosting]'" in ended.err
    assert not (tmp_path / "report").exists()
