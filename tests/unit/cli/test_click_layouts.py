"""Protocol C over the clicks of every layout that has no slates."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.cli.click_replay import replay_clicks
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.logs import ClickLog, LogSource
from cherryrec.evaluation.retrieval.summary import RETRIEVAL_TITLES
from cherryrec.evaluation.retrieval.tables import retrieval_table
from tests.logs import WRITERS

OF_CLICKS = ("adressa", "clicks", "globo", "plista")
OF_A_SLATE = ("mrr@10", "ndcg@10", "hr@10")
RANKINGS = ["CherryRec", "random", "newest", "Markov", "item-kNN", "V-SkNN"]


def test_no_layout_of_clicks_is_left_out(tmp_path: Path) -> None:
    found = {
        name
        for name, write in WRITERS.items()
        if isinstance(LogSource(write(tmp_path / name).path).open(), ClickLog)
    }

    assert found == set(OF_CLICKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_CLICKS)
def test_every_ranking_has_the_metrics_of_the_slate(name: str, tmp_path: Path) -> None:
    written = WRITERS[name](tmp_path / "log")
    log = LogSource(written.path).open()
    assert isinstance(log, ClickLog)

    summary = replay_clicks(
        log, Settings(), limit=None, label_delay_s=0.0, seed=0, anyway=True
    ).retrieval

    assert summary is not None
    assert summary.n_moments == len(written.offsets_s)
    assert set(RANKINGS) <= {row.name for row in summary.rows}
    table = retrieval_table(summary).splitlines()
    heads = " ".join(next(line for line in table if line.startswith("whole log")).split())
    for metric in OF_A_SLATE:
        assert f"{RETRIEVAL_TITLES[metric]} ±95 %" in heads
        for row in summary.rows:
            assert 0.0 <= row.whole[metric].mean <= 1.0  # too few for an interval
