"""`cherryrec replay LOG --with-networks`: networks stand in the tables of protocol C."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Run
from tests.unit.cli.test_leave_last_out import CLICKS

pytest.importorskip("torch")


def test_networks_are_judged_beside_the_baselines(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(CLICKS)

    ended = run("replay", "clicks.csv", "--with-networks", "gru4rec,sasrec", "--report", "one")

    assert ended.code == 0, ended.err
    found = json.loads((tmp_path / "one" / "report.json").read_text())["from_catalogue"]["metrics"]
    assert list(found)[-2:] == ["GRU4Rec", "SASRec"]
    assert 0.0 < found["SASRec"]["whole"]["mrr@10"]["mean"] <= 1.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("sasrec,bert", "wanted none, all, or some of gru4rec, narm, sasrec, bert4rec, got bert"),
        ("sasrec,sasrec", "each once"),
    ],
)
def test_what_is_no_network_is_refused(run: Run, tmp_path: Path, given: str, said: str) -> None:
    (tmp_path / "clicks.csv").write_text(CLICKS)

    ended = run("replay", "clicks.csv", "--with-networks", given)

    assert ended.code == 2
    assert said in " ".join(ended.err.split())


def test_without_the_catalogue_they_are_refused(run: Run) -> None:
    run("generate", "log", "--users", "3", "--impressions", "5")

    ended = run("replay", "log", "--with-networks", "sasrec")

    assert ended.code == 2
    assert "they need --from-catalogue" in " ".join(ended.err.split())
