"""The session for a GPU runs, here with a tiny model on a CPU and the first line of a ranking."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.gpu import serving, tuning
from benchmarks.gpu.__main__ import main
from benchmarks.one_pass import ranking
from gpu_worker.config import GpuConfig
from gpu_worker.small_model import small_model_path

FETCHED = small_model_path(Path(GpuConfig().model_cache_dir))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FETCHED is None, reason="the small model has not been fetched"),
]


def test_every_line_is_printed_for_a_tiny_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "BATCHES", (1, 3))
    monkeypatch.setattr(serving, "GENERATED", (2,))
    monkeypatch.setattr(serving, "ranking", lambda *one: ranking(*one)[:1])
    monkeypatch.setattr(serving, "MEASURED_S", 0.2)
    monkeypatch.setattr(tuning, "N_STEPS", 3)

    assert main(["--size", "tiny", "--minutes", "10"]) == 0

    printed = capsys.readouterr().out
    for name in ("bfloat16", "NF4"):
        for way in (
            "one pass, batches of 1",
            "one pass, batches of 3",
            "one pass, prefix reused",
            r"generate\(\) of \d+ tokens, batches of 2",
        ):
            rate = re.search(rf"{name}, {way}: ([\d.]+) slates/s", printed)
            assert rate is not None, printed
            assert float(rate[1]) > 0
    steps = re.search(r"NF4, QLoRA, 3 steps: ([\d.]+) steps/s of 16 examples", printed)
    assert steps is not None, printed
    assert float(steps[1]) > 0
    assert printed.endswith("left out for lack of time: nothing\n")


def test_what_there_is_no_time_for_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--size", "tiny", "--minutes", "0"]) == 0

    printed = capsys.readouterr().out
    assert "left out for lack of time: everything in bfloat16, everything in NF4" in printed
