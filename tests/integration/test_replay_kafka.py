"""`cherryrec replay` of one small log: the same bytes twice, and nearly the same through Kafka."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cherryrec.evaluation.generate import generate_log

pytestmark = pytest.mark.timeout(180)

CHERRYREC = (sys.executable, "-m", "cherryrec.cli")
TOLERANCE = 0.05
"""Of the AUC between the engines: what is learned reaches the worker a little later."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replayed") / "small"
    generate_log(folder, n_users=60, n_articles=200, n_impressions=200, days=1.0, seed=3)
    return folder


def replay(log: Path, report: Path, *options: str, hash_seed: int = 0) -> str:
    done = subprocess.run(
        [*CHERRYREC, "replay", str(log), "--report", str(report), *options],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def digest(printed: str) -> str:
    found = re.search(r"SHA-256 of the recommendations: ([0-9a-f]{64})", printed)
    assert found is not None, printed
    return found[1]


def auc(report: Path) -> float:
    written = json.loads((report / "report.json").read_text())
    return float(written["metrics"]["CherryRec"]["whole"]["auc"]["mean"])


def test_local_replay_is_the_same_bytes_whatever_the_hash_seed(log: Path, tmp_path: Path) -> None:
    first = replay(log, tmp_path / "first", "--limit", "150", hash_seed=0)
    second = replay(log, tmp_path / "second", "--limit", "150", hash_seed=1)

    assert digest(first) == digest(second)


@pytest.mark.slow
def test_replay_through_kafka_ranks_as_well_as_the_local_one(log: Path, tmp_path: Path) -> None:
    replay(log, tmp_path / "local")
    replay(log, tmp_path / "kafka", "--engine", "kafka", "--window", "2")

    assert auc(tmp_path / "kafka") == pytest.approx(auc(tmp_path / "local"), abs=TOLERANCE)


@pytest.mark.slow
def test_evaluations_of_one_engine_are_played_back_by_the_other(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "file.jsonl.gz")
    asked = ("--limit", "60", "--baselines", "none", "--evaluate-from", "0.5")
    monkeypatch.setenv("CHERRYREC_GPU_BACKEND", "scripted")
    monkeypatch.setenv("CHERRYREC_KNRS_N_EVALUATED", "300")  # all, whatever KnRS has learned
    recording = ("--evaluator", "small", "--record-evaluations", file)
    replay(log, tmp_path / "local", *asked, *recording)

    printed = replay(log, tmp_path / "kafka", *asked, "--engine", "kafka", "--evaluations", file)

    assert "30 questions answered" in printed
    written = json.loads((tmp_path / "kafka" / "report.json").read_text())
    assert written["counts"]["evaluations by CnLE"] > 30
    assert written["degraded"] == {}
