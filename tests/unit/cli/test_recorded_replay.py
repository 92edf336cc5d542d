"""`cherryrec replay` with recorded evaluations: the same bytes, without a model."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Ended, Run

pytestmark = pytest.mark.slow

SMALL = ("--users", "10", "--impressions", "40", "--articles", "64")
RECORD = ("--evaluator", "small", "--record-evaluations")


@pytest.fixture
def replayed(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    assert run("generate", "log", *SMALL).code == 0
    monkeypatch.setenv("CHERRYREC_GPU_BACKEND", "scripted")
    monkeypatch.setenv("CHERRYREC_VANS_MEMBERS", '["linear"]')

    def run_replay(*arguments: str) -> Ended:
        return run("replay", "log", "--report", "report", "--baselines", "none", *arguments)

    return run_replay


def report_of(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "report" / "report.json").read_text())
    assert isinstance(found, dict)
    return found


def test_a_recorded_replay_is_the_same_bytes_again_and_again(
    replayed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert replayed(*RECORD, "file.jsonl.gz").code == 0
    digests = [report_of(tmp_path)["sha256"]]
    monkeypatch.setitem(sys.modules, "gpu_worker.in_process", None)

    for _ in range(2):
        ended = replayed("--evaluations", "file.jsonl.gz")
        assert ended.code == 0
        digests.append(report_of(tmp_path)["sha256"])

    assert len(set(digests)) == 1
    assert "evaluations by 'scripted/1' from file.jsonl.gz: 40 questions answered" in ended.out
    assert replayed().code == 0
    assert report_of(tmp_path)["sha256"] not in digests


def test_timings_in_the_file_do_not_reach_the_recommendations(
    replayed: Run, tmp_path: Path
) -> None:
    assert replayed(*RECORD, "file.jsonl").code == 0
    digest = report_of(tmp_path)["sha256"]
    text = (tmp_path / "file.jsonl").read_text()
    assert '"compute_ms":0.0' in text
    slow = text
    for name in ("compute_ms", "share_ms", "wait_ms"):
        slow = slow.replace(f'"{name}":0.0', f'"{name}":99.5')
    assert slow.count("99.5") == 3 * 40
    (tmp_path / "file.jsonl").write_text(slow)

    assert replayed("--evaluations", "file.jsonl").code == 0

    assert report_of(tmp_path)["sha256"] == digest


def test_a_recording_that_was_cut_off_goes_on_to_the_same_bytes(
    replayed: Run, tmp_path: Path
) -> None:
    assert replayed(*RECORD, "file.jsonl.gz").code == 0
    digest = report_of(tmp_path)["sha256"]
    path = tmp_path / "file.jsonl.gz"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    ended = replayed(*RECORD, "file.jsonl.gz")

    assert ended.code == 0
    assert "goes on after " in ended.err
    assert report_of(tmp_path)["sha256"] == digest
    assert len(gzip.decompress(path.read_bytes()).splitlines()) == 41


def test_cnle_is_asked_from_a_share_of_the_log_on(replayed: Run, tmp_path: Path) -> None:
    assert replayed(*RECORD, "file.jsonl", "--evaluate-from", "0.6").code == 0

    lines = [json.loads(line) for line in (tmp_path / "file.jsonl").read_text().splitlines()]
    asked = [line["evaluation"]["request_id"] for line in lines[1:]]
    assert len(asked) == 16  # of 40
    assert report_of(tmp_path)["degraded"] == {}
    early = replayed("--evaluations", "file.jsonl", "--evaluate-from", "0.5")
    assert early.code == 2
    assert "got none of that request" in early.err
    marked = replayed(
        "--evaluations", "file.jsonl", "--evaluate-from", "0.5", "--missing", "degrade"
    )
    assert marked.code == 0
    assert report_of(tmp_path)["degraded"] == {"evaluation_failed": 4}
    assert "4 not recorded and ranked without CnLE" in marked.out


def test_the_ablation_of_cnle_is_the_replay_without_it(replayed: Run, tmp_path: Path) -> None:
    asked = ("--evaluate-from", "0.5", "--split", "60/10/30")
    assert replayed(*RECORD, "file.jsonl.gz", *asked).code == 0
    assert replayed("--split", "60/10/30").code == 0
    without = report_of(tmp_path)["metrics"]["CherryRec"]

    ended = replayed("--evaluations", "file.jsonl.gz", *asked, "--ablate", "cnle")

    assert ended.code == 0
    values = report_of(tmp_path)
    assert values["ablations"]["cnle"]["metrics"] == without
    assert values["report_part"] == {"share": 0.3, "impressions": 12}
    by_history = values["cnle_by_history"]
    assert list(by_history) == ["CnLE asked", "report part, last 30 %, n = 12"]
    assert list(by_history["CnLE asked"]) == ["0", "1-5", "6-20", "21-50", "over 50", "all"]
    rows = by_history["report part, last 30 %, n = 12"]
    gain = values["ablations"]["cnle"]["cherryrec_minus"]["report"]["auc"]["mean"]
    assert rows["all"]["gain"]["mean"] == pytest.approx(gain, abs=1e-7)
    assert "articles read, CnLE asked" in ended.out
    assert "CherryRec minus" not in ended.out
    assert (tmp_path / "report" / "history.png").exists()


def test_processes_answer_from_the_file_too(replayed: Run, tmp_path: Path) -> None:
    assert replayed(*RECORD, "file.jsonl.gz").code == 0
    parts = ("--ablate", "cnle", "--ablate", "features:attention")
    found = []

    for jobs in ("1", "2"):
        assert replayed("--evaluations", "file.jsonl.gz", *parts, "--jobs", jobs).code == 0
        found.append(report_of(tmp_path)["ablations"])

    assert found[0] == found[1]


def test_cnle_alone_is_set_beside_title_match_on_the_same_impressions(
    run: Run, replayed: Run, tmp_path: Path
) -> None:
    assert replayed(*RECORD, "file.jsonl").code == 0

    ended = run("replay", "log", "--report", "report", "--evaluations", "file.jsonl")

    assert ended.code == 0
    alone = report_of(tmp_path)["cnle_alone"]
    assert 0 < alone["impressions"] < 40  # some slates are longer than CnLE is asked about
    assert {"CnLE alone", "CherryRec", "TopicPop", "title match"} <= set(alone["metrics"])
    assert f"evaluated whole, n = {alone['impressions']}" in ended.out
    assert "CnLE alone minus, evaluated whole" in ended.out


def test_another_log_than_the_recorded_one_is_refused(replayed: Run, run: Run) -> None:
    assert replayed(*RECORD, "file.jsonl").code == 0
    assert run("generate", "other", *SMALL, "--seed", "5").code == 0

    ended = run("replay", "other", "--evaluations", "file.jsonl")

    assert ended.code == 2
    assert "are of the log 'log' with digest" in ended.err


def test_another_model_does_not_go_on_with_the_file(
    replayed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert replayed(*RECORD, "file.jsonl").code == 0
    monkeypatch.setenv("CHERRYREC_GPU_TITLE_TOKENS", "16")

    ended = replayed(*RECORD, "file.jsonl")

    assert ended.code == 2
    assert "prompts must be {" in ended.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--record-evaluations", "new.jsonl"), "needs an --evaluator to ask, got none"),
        (("--evaluations", "log/news.tsv.gz", "--evaluator", "small"), "goes without --evaluator"),
        (("--evaluate-from", "1.5"), "1.5 is not in the range"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    replayed: Run, options: tuple[str, ...], told: str
) -> None:
    ended = replayed(*options)

    assert ended.code == 2
    assert told in " ".join(ended.err.split())
