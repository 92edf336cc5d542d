"""`cherryrec replay --from-catalogue`, and of clicks alone: what is told, written and refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Run

pytestmark = pytest.mark.slow

SMALL = ("--users", "20", "--impressions", "60", "--articles", "64")
NAMES = [
    "CherryRec",
    "random",
    "newest",
    "most clicked, 2 min",
    "most clicked, 10 min",
    "most clicked, 1 h",
    "most clicked, 6 h",
    "category clicks",
    "Markov",
    "item-kNN",
    "V-SkNN",
]
CLICKS = "user_id,session_id,article_id,time_ms\n" + "".join(
    f"u{n % 7},s{n},a{n * n % 11},{1_600_000_000_000 + 60_000 * n}\n" for n in range(80)
)


def report_of(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "report.json").read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture
def log(run: Run) -> str:
    assert run("generate", "log", *SMALL).code == 0
    return "log"


def test_protocol_a_is_the_same_and_protocol_c_stands_beside_it(
    run: Run, log: str, tmp_path: Path
) -> None:
    alone = run("replay", log, "--report", "alone")
    beside = run("replay", log, "--from-catalogue", "--report", "beside")
    again = run("replay", log, "--from-catalogue", "--report", "again")

    assert (alone.code, beside.code, again.code) == (0, 0, 0)
    one, both, twice = (report_of(tmp_path / name) for name in ("alone", "beside", "again"))
    assert one["from_catalogue"] is None
    for part in ("sha256", "metrics", "cherryrec_minus"):
        assert one[part] == both[part]
    found = both["from_catalogue"]
    assert found == twice["from_catalogue"]
    assert list(found["metrics"]) == NAMES
    assert list(found["cherryrec_minus"]) == NAMES[1:]
    assert found["moments"] == 60
    assert sum(group["n"] for group in found["groups"]["hour"]) == 60
    assert sum(group["n"] for group in found["groups"]["history"]) == 60
    recall = found["metrics"]["CherryRec"]["whole"]["recall"]
    assert 0 < recall["low"] < recall["mean"] < recall["high"] < 1
    assert f"{100 * recall['mean']:.2f}" in beside.out
    assert "protocol C: 60 moments with " in beside.out


def test_the_page_and_the_pictures_show_it(run: Run, log: str, tmp_path: Path) -> None:
    assert run("replay", log, "--from-catalogue", "--report", "report").code == 0

    page = (tmp_path / "report" / "report.md").read_text()
    assert "## From the whole catalogue (protocol C)\n" in page
    assert "### By hour of the day (UTC): recall from the whole catalogue\n" in page
    for name in ("recall.png", "recall-by-hour.png", "first-slates.png"):
        assert f"({name})" in page
        assert (tmp_path / "report" / name).read_bytes().startswith(b"\x89PNG")

    assert run("replay", log, "--report", "report").code == 0

    assert not (tmp_path / "report" / "recall.png").exists()
    assert "whole catalogue" not in (tmp_path / "report" / "report.md").read_text()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_ablation_is_judged_on_the_same_moments(
    run: Run, log: str, tmp_path: Path, jobs: str
) -> None:
    parts = ("--ablate", "knrs:views", "--ablate", "knrs:novelty")
    ended = run("replay", log, "--from-catalogue", "--report", "report", "--jobs", jobs, *parts)

    assert ended.code == 0
    found = report_of(tmp_path / "report")["from_catalogue"]
    assert list(found["ablations"]) == ["knrs:novelty", "knrs:views"]
    full = found["metrics"]["CherryRec"]["whole"]["recall"]["mean"]
    for one in found["ablations"].values():
        gain = one["cherryrec_minus"]["whole"]["recall"]["mean"]
        assert gain == pytest.approx(full - one["metrics"]["whole"]["recall"]["mean"])
    assert full > found["ablations"]["knrs:views"]["metrics"]["whole"]["recall"]["mean"]
    assert "full system minus, second half" in ended.out
    assert (
        "### From the whole catalogue, whole log, ablations"
        in (tmp_path / "report" / "report.md").read_text()
    )


def test_it_needs_the_local_engine(run: Run, log: str) -> None:
    ended = run("replay", log, "--from-catalogue", "--engine", "kafka")

    assert ended.code == 2
    assert "it needs --engine local, got kafka" in " ".join(ended.err.split())


def test_a_log_of_clicks_is_judged_by_protocol_c_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(CLICKS + "u1,s,a1,late\n")

    ended = run("replay", "clicks.csv")

    assert ended.code == 0
    assert "bad row clicks.csv:82: time_ms must be whole milliseconds" in ended.err
    assert "times of the clicks: 2020-09-13 12:26:40 to 2020-09-13 13:45:40 UTC" in ended.out
    assert "rows read: 81 of 1 file, refused: 1" in ended.out
    assert "AUC" not in ended.out
    found = report_of(tmp_path / "reports" / "clicks-local")
    assert found["protocol"] == "C: from the whole catalogue, prequential, label delay 0 s"
    assert found["metrics"] == {}
    assert found["from_catalogue"]["moments"] == 80
    assert list(found["from_catalogue"]["metrics"]) == NAMES
    for row in found["from_catalogue"]["metrics"].values():
        for metric in ("mrr@10", "ndcg@10", "hr@10"):
            interval = row["whole"][metric]
            assert 0 <= interval["low"] <= interval["mean"] <= interval["high"] <= 1
    assert found["from_catalogue"]["not_live"] == pytest.approx(
        len({n * n % 11 for n in range(80)}) / 80
    )
    assert found["counts"]["bad rows"] == 1


def test_a_folder_of_clicks_and_a_limit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hours").mkdir()
    (tmp_path / "hours" / "hour_000.csv").write_text(CLICKS)

    assert run("replay", "hours", "--limit", "30", "--from-catalogue").code == 0

    assert report_of(tmp_path / "reports" / "hours-local")["from_catalogue"]["moments"] == 30


@pytest.mark.parametrize(
    "option", [("--ablate", "all"), ("--predictions", "p.txt"), ("--split", "60/10/30")]
)
def test_what_is_of_slates_is_refused_for_clicks(
    run: Run, tmp_path: Path, option: tuple[str, str]
) -> None:
    (tmp_path / "clicks.csv").write_text(CLICKS)

    ended = run("replay", "clicks.csv", *option)

    assert ended.code == 2
    assert f"{option[0]} is of slates" in " ".join(ended.err.split())


def test_clicks_need_the_local_engine(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(CLICKS)

    ended = run("replay", "clicks.csv", "--engine", "kafka")

    assert ended.code == 2
    assert "a log of clicks alone asks the system before each event" in " ".join(ended.err.split())


def test_another_file_is_told_what_is_missing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "news.tsv").write_text("N1\tsport\n")

    ended = run("replay", "news.tsv")

    assert ended.code == 1
    assert "the nearest is mind, for news.tsv or news.tsv.gz and without behaviors" in ended.err
