"""README's first events, as printed: they lead to the slate that it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.system import PARTITIONS, ROOT, System

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)```\n<!-- /{name} -->", README, re.DOTALL)
    assert found is not None, f"README has a part {name}"
    return found[1]


@pytest.mark.slow
def test_first_events_lead_to_the_slate_shown(kafka: str, prefix: str, tmp_path: Path) -> None:
    system = System(kafka, prefix, tmp_path)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "CHERRYREC_KAFKA_PREFIX": prefix,
        "CHERRYREC_KAFKA_PARTITIONS": str(PARTITIONS),
    }
    try:
        system.start()
        ended = subprocess.run(
            ["bash", "-euc", block("first")],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        system.stop()

    assert ended.returncode == 0, ended.stderr
    line = next(line for line in ended.stdout.splitlines() if line.startswith("{"))
    got, wanted = json.loads(line), json.loads(block("slate"))
    for item in wanted["slate"]:
        item["news_value"] = pytest.approx(item["news_value"])
    del got["timings_ms"], wanted["timings_ms"]
    assert got == wanted
    assert "ranked by: the newest of every category" in ended.stdout
