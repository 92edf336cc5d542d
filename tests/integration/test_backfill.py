"""A past log sent to a running system: all of it is known to it, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cherryrec.codec import decode
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.events import Example
from cherryrec.profile.state import decode_profile
from tests.commands import run_command
from tests.integration.system import PARTITIONS, System, counts_of

pytestmark = pytest.mark.timeout(180)

N_IMPRESSIONS = 48


@pytest.fixture
def system(kafka: str, prefix: str, tmp_path: Path) -> Iterator[System]:
    system = System(kafka, prefix, tmp_path, {"CHERRYREC_LEARNER_SERVING_EVERY_S": "0.1"})
    yield system
    system.stop()


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--shade",)], ids=["asking", "in the shade"])
def test_a_backfill_reaches_profiles_counters_and_models_and_is_not_run_again_into_them(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    generate_log(tmp_path / "log", n_users=15, n_articles=64, n_impressions=N_IMPRESSIONS, days=3.0)
    rows = list(MindLog(tmp_path / "log").impressions())
    clicks = sum(sum(row.clicked or ()) for row in rows)
    clicked = sum(any(row.clicked or ()) for row in rows)
    system.start("learner", wait=False)
    worker = system.start("stream")
    for name, value in (
        ("BOOTSTRAP_SERVERS", system.servers),
        ("PREFIX", system.names.prefix),
        ("PARTITIONS", str(PARTITIONS)),
    ):
        monkeypatch.setenv(f"CHERRYREC_KAFKA_{name}", value)

    ended = run_command("backfill", str(tmp_path / "log"), "--window", "12", *options)

    assert ended.code == 0, ended.err
    assert f"{clicked} of {clicked} clicked slates labelled" in ended.out
    assert f"{clicked} of {clicked} examples learned" in ended.out
    origins = {
        decode(Example, one.value, max_bytes=4 << 20).origin for one in system.records("examples")
    }
    assert origins == {"slate" if options else "request"}
    counts = counts_of(worker)
    assert counts["impressions", "applied"] == len(rows)
    assert counts["clicks", "applied"] == clicks
    assert counts.get(("clicks", "late"), 0) == counts.get(("clicks", "dead_lettered"), 0) == 0
    profiles = [decode_profile(raw) for raw in system.table("profiles").values()]
    assert sum(len([v for v in one.history if v.clicked_s > 0]) for one in profiles) > 0

    again = run_command("backfill", str(tmp_path / "log"))

    assert again.code == 2
    assert "backfill before going live" in again.err
