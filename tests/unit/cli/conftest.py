"""Commands run in an empty folder, without settings of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands import Run, run_command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CHERRYREC_")]:
        monkeypatch.delenv(name)
    return run_command
