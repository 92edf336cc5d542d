"""The report folder: all numbers, readable tables, pictures where there is something to draw."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cherryrec.evaluation.history import HistoryRow, HistoryTable
from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.metric_rows import Difference, MetricRow
from cherryrec.evaluation.metrics import PrequentialMetrics
from cherryrec.evaluation.reliability import ReliabilityRecord
from cherryrec.evaluation.report import metrics_table, write_report
from cherryrec.evaluation.summary import CnleAlone, Latency, ReplaySummary, ReportPart
from cherryrec.evaluation.tables import ablation_table

pytestmark = pytest.mark.slow

NAN = math.nan
GAIN = {"auc": Interval(0.2, 0.15, 0.25), "ndcg@10": Interval(-0.01, -0.03, 0.01)}


def measured(name: str, *, skill: float) -> MetricRow:
    rng = np.random.default_rng(len(name))
    metrics = PrequentialMetrics()
    for i in range(300):
        labels = np.zeros(10, dtype=int)
        labels[rng.integers(10)] = 1
        metrics.add(1.6e9 + 300.0 * i, rng.random(10) + skill * labels, list("abcdefghij"), labels)
    halves = metrics.intervals(), metrics.intervals(part="second_half")
    return MetricRow(name, *halves, over_time=metrics.over_time())


@pytest.fixture(scope="module")
def summary() -> ReplaySummary:
    rng = np.random.default_rng(0)
    return ReplaySummary(
        protocol="A: impression ranking, prequential, label delay 0 s",
        log_name="generated",
        engine="local",
        seed=7,
        command="cherryrec replay generated --seed 7",
        rows=(measured("CherryRec", skill=0.5), measured("odd | name", skill=0.1)),
        differences=(Difference("odd | name", GAIN, {"auc": Interval(NAN, NAN, NAN)}),),
        counts={"impressions": 300, "articles": 1_234},
        wall_s=2.5,
        impressions_per_s=120.0,
        latency=Latency(
            np.linspace(1.6e9, 1.60009e9, 300), rng.lognormal(0, 1, 300), np.arange(300) < 30
        ),
        degraded={"deadline": 30},
        sha256="ab" * 32,
        versions={"cherryrec": "0.1.0"},
        notes=("the log was cut",),
    )


def test_the_folder_holds_numbers_page_and_pictures(summary: ReplaySummary, tmp_path: Path) -> None:
    folder = write_report(summary, tmp_path / "new" / "report")

    assert sorted(path.name for path in folder.iterdir()) == [
        "degraded.png",
        "latency.png",
        "quality.png",
        "report.json",
        "report.md",
    ]
    for name in ("degraded.png", "latency.png", "quality.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_what_was_found_of_cnle_is_told_and_drawn(summary: ReplaySummary, tmp_path: Path) -> None:
    record, rng = ReliabilityRecord(), np.random.default_rng(0)
    for _ in range(60):
        clicked = np.arange(5) == rng.integers(5)
        record.add(rng.random(5), clicked, temperature=2.0)
    found = replace(summary, reliability=record.summary(seed=0), trust={"0": 0.5, "over 20": 0.1})

    folder = write_report(found, tmp_path)

    page = (folder / "report.md").read_text()
    assert "## CnLE" in page
    assert "weight of CnLE by history length (score per unit of log-odds): 0: +0.50" in page
    assert (folder / "reliability.png").read_bytes().startswith(b"\x89PNG")
    values = json.loads((folder / "report.json").read_text())
    assert values["trust"] == found.trust
    assert values["reliability"]["impressions"] == 60
    assert values["reliability"]["after"]["calibration_error"]["mean"] > 0
    write_report(summary, tmp_path)  # a run without CnLE leaves no picture of an earlier one
    assert not (folder / "reliability.png").exists()


def test_json_holds_every_number_exactly(summary: ReplaySummary, tmp_path: Path) -> None:
    values = json.loads((write_report(summary, tmp_path) / "report.json").read_text())

    for row in summary.rows:
        for part in ("whole", "second_half"):
            for metric, interval in getattr(row, part).items():
                assert Interval(**values["metrics"][row.name][part][metric]) == interval
    assert values["latency_ms"]["p50"] == float(np.median(summary.latency.milliseconds))  # type: ignore[union-attr]
    gain = values["cherryrec_minus"]["odd | name"]
    assert {metric: Interval(**ends) for metric, ends in gain["whole"].items()} == GAIN
    assert gain["second_half"] == {"auc": {"mean": None, "low": None, "high": None}}
    assert values["seed"] == 7
    assert values["sha256"] == summary.sha256


def test_the_page_names_protocol_command_and_share_degraded(
    summary: ReplaySummary, tmp_path: Path
) -> None:
    page = (write_report(summary, tmp_path) / "report.md").read_text()

    assert "label delay 0 s" in page
    assert "cherryrec replay generated --seed 7" in page
    assert "| deadline | 30 (10.00 %) |" in page
    assert "| odd \\| name |" in page
    assert "![Latency over time](latency.png)" in page


def test_the_page_tells_the_gain_over_every_ranking(summary: ReplaySummary, tmp_path: Path) -> None:
    page = (write_report(summary, tmp_path) / "report.md").read_text()

    assert "| CherryRec minus | AUC | nDCG@10 |" in page
    assert "| odd \\| name | +20.00 [+15.00, +25.00] | -1.00 [-3.00, +1.00] |" in page
    assert "| odd \\| name | - | - |" in page


def test_without_baselines_there_is_no_gain(summary: ReplaySummary, tmp_path: Path) -> None:
    folder = write_report(replace(summary, differences=()), tmp_path)

    assert "minus" not in (folder / "report.md").read_text()
    assert json.loads((folder / "report.json").read_text())["cherryrec_minus"] == {}


@pytest.fixture(scope="module")
def ablated(summary: ReplaySummary) -> ReplaySummary:
    worse = {"auc": Interval(-0.02, -0.03, -0.01), "ndcg@10": Interval(NAN, NAN, NAN)}
    return replace(
        summary,
        ablations=(measured("vans:linear", skill=0.4), measured("learning:pointwise", skill=0.3)),
        ablation_gains=(
            Difference("vans:linear", GAIN, GAIN),
            Difference("pointwise", worse, worse),
        ),
    )


def test_ablations_are_told_in_numbers_tables_and_a_picture(
    ablated: ReplaySummary, tmp_path: Path
) -> None:
    folder = write_report(ablated, tmp_path)

    values = json.loads((folder / "report.json").read_text())["ablations"]
    assert list(values) == ["vans:linear", "learning:pointwise"]
    gain = values["vans:linear"]
    assert Interval(**gain["cherryrec_minus"]["whole"]["auc"]) == GAIN["auc"]
    assert gain["excludes_0"]["whole"] == {"auc": True, "ndcg@10": False}
    row = ablated.ablations[0].second_half["auc"]
    assert Interval(**gain["metrics"]["second_half"]["auc"]) == row
    page = (folder / "report.md").read_text()
    assert "| **+20.00 [+15.00, +25.00]** | -1.00 [-3.00, +1.00] |" in page
    assert "- AUC, whole log: full system better than vans:linear; worse than pointwise; " in page
    assert "![The full system minus each ablation](ablation.png)" in page
    assert (folder / "ablation.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_of_an_earlier_ablation_goes(
    summary: ReplaySummary, ablated: ReplaySummary, tmp_path: Path
) -> None:
    write_report(ablated, tmp_path)

    assert not (write_report(summary, tmp_path) / "ablation.png").exists()


def test_the_printed_ablations_have_a_line_each_and_a_star_where_sure(
    ablated: ReplaySummary,
) -> None:
    lines = ablation_table(ablated).splitlines()

    assert len(lines) == 9
    assert [line.split()[0] for line in lines[1:4]] == ["none", "vans:linear", "learning:pointwise"]
    assert [line.count("*") for line in lines[1:4]] == [0, 1, 1]


def test_the_part_reported_on_is_told_in_numbers_and_tables(
    ablated: ReplaySummary, tmp_path: Path
) -> None:
    row = replace(measured("CherryRec", skill=0.5), report=GAIN)
    told = replace(
        ablated,
        rows=(row,),
        differences=(Difference("random", GAIN, GAIN, GAIN),),
        ablations=ablated.ablations[:1],
        ablation_gains=(Difference("vans:linear", GAIN, GAIN, GAIN),),
        report_part=ReportPart(0.3, 90),
    )

    folder = write_report(told, tmp_path)

    values = json.loads((folder / "report.json").read_text())
    assert values["report_part"] == {"share": 0.3, "impressions": 90}
    assert Interval(**values["metrics"]["CherryRec"]["report"]["auc"]) == GAIN["auc"]
    assert Interval(**values["cherryrec_minus"]["random"]["report"]["auc"]) == GAIN["auc"]
    assert values["ablations"]["vans:linear"]["excludes_0"]["report"]["auc"]
    page = (folder / "report.md").read_text()
    assert "## Report part, last 30 %, n = 90\n" in page
    assert "### Report part, last 30 %, n = 90, ablations\n" in page
    lines = metrics_table(told).splitlines()
    assert lines[-2].startswith("report part, last 30 %, n = 90    AUC")
    assert len({len(line) for line in lines if line}) == 1


def test_cnle_is_told_alone_and_by_history_length(summary: ReplaySummary, tmp_path: Path) -> None:
    row = measured("CnLE alone", skill=0.1)
    length = HistoryRow("1-5", 90, GAIN["auc"], GAIN["auc"], GAIN["auc"])
    told = replace(
        summary,
        cnle_alone=CnleAlone(41, (row,), (Difference("CherryRec", GAIN, {}),)),
        by_history=(HistoryTable("CnLE asked", (length,)),),
    )

    folder = write_report(told, tmp_path)

    values = json.loads((folder / "report.json").read_text())
    assert values["cnle_alone"]["impressions"] == 41
    gain = values["cnle_alone"]["cnle_minus"]["CherryRec"]["whole"]["auc"]
    assert Interval(**gain) == GAIN["auc"]
    assert values["cnle_by_history"]["CnLE asked"]["1-5"]["n"] == 90
    page = (folder / "report.md").read_text()
    assert "### CnLE alone, evaluated whole, n = 41\n" in page
    assert "| CnLE alone minus | AUC | nDCG@10 |" in page
    assert "## CnLE by history length, CnLE asked\n" in page
    assert "| 1-5 | 90 | 20.00 [15.00, 25.00] | 20.00 [15.00, 25.00] | **+20.00 [" in page
    assert (folder / "history.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_not_measured_is_left_out(summary: ReplaySummary, tmp_path: Path) -> None:
    absent = {"auc": Interval(NAN, NAN, NAN)}
    write_report(summary, tmp_path)
    bare = replace(
        summary, rows=(MetricRow("CherryRec", absent, absent),), latency=None, degraded={}, notes=()
    )
    folder = write_report(bare, tmp_path)

    assert not list(folder.glob("*.png"))
    values = json.loads((folder / "report.json").read_text())
    assert values["ablations"] == {}
    assert "Ablations" not in (folder / "report.md").read_text()
    assert values["metrics"]["CherryRec"]["whole"]["auc"]["mean"] is None
    assert values["latency_ms"] is None
    assert "Degraded" not in (folder / "report.md").read_text()


def test_the_printed_table_has_a_line_per_ranking_and_part(summary: ReplaySummary) -> None:
    lines = metrics_table(summary).splitlines()

    assert len(lines) == 7
    assert len({len(line) for line in lines if line}) == 1
    mean = summary.rows[0].whole["auc"].mean
    assert f"{100 * mean:.2f}" in lines[1]


def test_one_instant_of_latency_can_be_drawn(summary: ReplaySummary, tmp_path: Path) -> None:
    once = replace(summary, latency=Latency(np.array([1.6e9]), np.array([3.0])))

    assert (write_report(once, tmp_path) / "latency.png").exists()
