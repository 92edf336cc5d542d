"""`cherryrec replay`: which baselines it judges, and what it prints of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


ROW = "{0}\tU{0}\t11/15/2019 1:01:{0:02} AM\tN1\tN1-1 N2-0\n"
NEWS = "N1\tnews\t\tStorm\t\t\t[]\t[]\nN2\tnews\t\tTax\t\t\t[]\t[]\n"


@pytest.fixture
def written(run: Run, tmp_path: Path) -> Callable[[str, str], Ended]:
    def replay_of(behaviors: str, news: str) -> Ended:
        (tmp_path / "log").mkdir()
        (tmp_path / "log" / "behaviors.tsv").write_text(behaviors)
        (tmp_path / "log" / "news.tsv").write_text(news)
        return run("replay", "log", "--baselines", "none", "--report", "report")

    return replay_of


@pytest.mark.parametrize(
    ("behaviors", "news", "said"),
    [
        ("", NEWS, "behaviors.tsv' must have rows, got an empty file"),
        ("U1\t11/15/2019 1:01:58 AM\tN1\tN5-1 N6-0\n", NEWS, "must have a row that can be read"),
        ("1\tU1\t1/1/1970 1:01:58 AM\tN1\tN5-1 N6-0\n", NEWS, "time must be from 1990 to 2099"),
        (NEWS, ROW.format(1), "swapped"),
    ],
)
def test_a_log_that_cannot_be_read_ends_with_1_and_what_to_check(
    written: Callable[[str, str], Ended], behaviors: str, news: str, said: str
) -> None:
    ended = written(behaviors, news)

    assert ended.code == 1
    assert said in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.slow
def test_bad_rows_are_told_by_reason_with_their_total_for_each_file(
    written: Callable[[str, str], Ended], tmp_path: Path
) -> None:
    behaviors = "".join(ROW.format(n) for n in range(1, 13)) + "nonsense\n" * 30

    ended = written(behaviors, "")

    assert ended.code == 0
    assert "bad rows in behaviors.tsv: 30 of 42" in ended.err
    assert "bad rows in behaviors.tsv, 30: row must have 5 tab-separated columns" in ended.err
    assert ended.err.count("bad row behaviors.tsv:") == 10
    assert "check the log: ranking without text: of 2 articles shown none" in ended.err
    values = report_of(tmp_path)
    assert values["counts"]["bad rows"] == 30
    assert any("ranking without text" in note for note in values["notes"])


@pytest.mark.slow
def test_one_impression_has_no_interval(
    written: Callable[[str, str], Ended], tmp_path: Path
) -> None:
    ended = written(ROW.format(1), NEWS)

    assert ended.code == 0
    assert "(n too small)" in (tmp_path / "report" / "report.md").read_text()
    assert report_of(tmp_path)["metrics"]["CherryRec"]["whole"]["auc"]["low"] is None


@pytest.mark.slow
def test_epoch_milliseconds_are_the_times_they_mean(written: Callable[[str, str], Ended]) -> None:
    ended = written("1\tU1\t1573779718000\tN1\tN1-1 N2-0\n", NEWS)

    assert ended.code == 0
    assert "times of the impressions: 2019-11-15 01:01:58 to 2019-11-15 01:01:58 UTC" in ended.out
