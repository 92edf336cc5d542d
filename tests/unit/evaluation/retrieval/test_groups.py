"""Moments and clicks told apart, and summed up, by hand."""

from __future__ import annotations

import math
import re

import pytest

from cherryrec.evaluation.retrieval import Clicked, Places, RetrievalRecord, summarise
from cherryrec.evaluation.retrieval.groups import GROUPINGS, groups
from cherryrec.evaluation.retrieval.tables import (
    retrieval_lines,
    retrieval_table,
    retrieval_values,
)

NAN = math.nan
HOUR_S = 3_600.0
MIDNIGHT_S = 1_600_041_600.0  # 14 September 2020, 00:00 UTC


def moment(
    record: RetrievalRecord,
    time_s: float,
    *,
    n_read: int = 0,
    ages_s: tuple[float, ...] = (60.0,),
    ours: tuple[int, ...] = (1,),
    theirs: tuple[int, ...] = (2,),
) -> None:
    clicked = Clicked(MIDNIGHT_S + time_s, n_read, 100, 30, ages_s, [False] * len(ages_s))
    record.add(
        clicked, {"ours": Places(ours, ours, ours), "theirs": Places(theirs, theirs, theirs)}
    )


@pytest.fixture
def record() -> RetrievalRecord:
    found = RetrievalRecord(["ours", "theirs"])
    moment(found, 0.0)
    moment(found, 10 * 60.0, n_read=5)
    moment(found, 2 * HOUR_S, n_read=6, ages_s=(7 * HOUR_S, 60.0), ours=(0, 4), theirs=(1, 0))
    moment(found, 26 * HOUR_S, n_read=51, ages_s=(NAN,), ours=(0,), theirs=(0,))
    return found


@pytest.mark.parametrize(
    ("grouping", "wanted"),
    [
        (
            "since_start",
            {"first 10 min": [0], "10-30 min": [1], "1-3 h": [2], "after 1 d": [3]},
        ),
        ("hour", {"00": [0, 1], "02": [2, 3]}),
        ("history", {"0": [0], "1-5": [1], "6-20": [2], "over 50": [3]}),
    ],
)
def test_each_moment_is_in_one_group(
    record: RetrievalRecord, grouping: str, wanted: dict[str, list[int]]
) -> None:
    found = {one.label: one.moments.nonzero()[0].tolist() for one in groups(record, grouping)}

    assert found == wanted


def test_ages_are_those_of_the_clicked_articles(record: RetrievalRecord) -> None:
    found = {
        one.label: one.clicks.nonzero()[0].tolist()
        for one in groups(record, "article_age")
        if one.clicks is not None
    }

    assert found == {"below 10 min": [0, 1, 3], "6-24 h": [2], "not live yet": [4]}


def test_a_summary_has_the_means_of_parts_and_groups(record: RetrievalRecord) -> None:
    summary = summarise(record, seed=0)

    assert summary is not None
    ours, theirs = summary.rows
    assert ours.whole["recall"].mean == (1 + 1 + 0.5 + 0) / 4
    assert ours.second_half["recall"].mean == 0.25
    assert theirs.whole["mrr@10"].mean == (0.5 + 0.5 + 0.5 + 0) / 4
    assert ours.whole["mrr@10"].mean == (1 + 1 + 1 / 4 / 2 + 0) / 4
    assert summary.live_rows[0].whole["recall"].mean == (1 + 1 + 0.5) / 3
    (minus,) = summary.differences
    assert minus.whole["mrr@10"].mean == (0.5 + 0.5 + 1 / 8 - 0.5) / 4
    ages = {row.label: row for row in summary.groups["article_age"]}
    assert (ages["below 10 min"].n, ages["6-24 h"].n, ages["not live yet"].n) == (3, 1, 1)
    assert ages["6-24 h"].metrics["ours"]["recall"].mean == 0.0
    assert ages["below 10 min"].metrics["ours"]["recall"].mean == 1.0
    assert ages["below 10 min"].metrics["theirs"]["recall"].mean == pytest.approx(2 / 3)
    assert (summary.not_live, summary.n_clicks, summary.n_moments) == (0.2, 5, 4)


def test_nothing_judged_is_no_summary() -> None:
    assert summarise(RetrievalRecord(["ours"]), seed=0) is None


def test_the_tables_hold_every_ranking_and_group(record: RetrievalRecord) -> None:
    summary = summarise(record, seed=0)
    assert summary is not None

    printed, page = retrieval_table(summary), "\n".join(retrieval_lines(summary))

    assert (
        "protocol C: 4 moments with 5 clicked articles; 30.0 of 100 live articles kept" in printed
    )
    assert "not live yet at the request: 20.00 % of the clicked articles" in printed
    assert re.search(r"^ours +62.50 ", printed, re.MULTILINE)
    assert "| theirs | 62.50 (n too small) |" in page
    for title in GROUPINGS.values():
        assert title in printed
        assert f"### By {title}: MRR@10 from the whole catalogue" in page
    values = retrieval_values(summary)
    assert values["metrics"]["ours"]["whole"]["recall"]["mean"] == 0.625
    assert [one["n"] for one in values["groups"]["hour"]] == [2, 2]


def test_a_log_that_shows_nothing_has_no_figures_of_what_was_shown(
    record: RetrievalRecord,
) -> None:
    summary = summarise(record, seed=0, has_shown=False)
    assert summary is not None

    assert "shown MRR" not in retrieval_table(summary)
    assert "shown MRR" in retrieval_table(summarise(record, seed=0) or summary)
