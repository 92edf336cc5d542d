"""The tables of protocol B: metrics by hand, seeds, subsets, differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cherryrec.evaluation.leave_last_out import (
    LeaveLastOut,
    Ranked,
    Results,
    is_retrieved,
    results_of,
    values_of_ranks,
)
from cherryrec.evaluation.leave_last_out.pictures import PICTURE, plot_ablations
from cherryrec.evaluation.leave_last_out.results import Served, Without
from cherryrec.evaluation.leave_last_out.tables import page, statistics_line, table, values

Make = Callable[..., LeaveLastOut]


@pytest.fixture
def results(sequences_of: Make) -> Results:
    data = sequences_of({f"user {n:02d}": "abcde" for n in range(20)})
    ours = np.array([[1] * 10 + [25] * 10, [2] * 10 + [0] * 10])
    theirs = np.array([[4] * 5 + [30] * 10 + [1] * 5])
    return results_of(
        data,
        [Ranked("ours", ours, 2.0), Ranked("theirs", theirs, notes=("as is",))],
        log_name="small",
        command="cherryrec leave-last-out small",
        reference="ours",
        left_out={"slow": "no time"},
    )


def test_the_metrics_by_hand() -> None:
    mrr, ndcg, recall, recall_20 = values_of_ranks([1, 2, 5, 6, 20, 21, 0]).T

    assert mrr.tolist() == pytest.approx([1, 1 / 2, 1 / 5, 0, 0, 0, 0])
    assert ndcg.tolist() == pytest.approx([1, 1 / np.log2(3), 1 / np.log2(6), 0, 0, 0, 0])
    assert recall.tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert recall_20.tolist() == [1, 1, 1, 1, 1, 0, 0]
    assert is_retrieved([20, 21, 0]).tolist() == [True, False, False]


def test_seeds_are_averaged_user_by_user(results: Results) -> None:
    ours = results.row("ours")

    assert ours is not None
    assert ours.n_seeds == 2
    assert ours.users["mrr@5"].mean == pytest.approx(0.5 * (1 + 1 / 2) / 2)
    assert ours.n_retrieved == 10


def test_each_subset_holds_whom_it_says(results: Results) -> None:
    ours, theirs = results.rows

    assert ours.retrieved["mrr@5"].mean == pytest.approx(0.75), "of ten users"
    assert theirs.retrieved["mrr@5"].mean == pytest.approx((5 / 4 + 5) / 10)
    assert theirs.reference_retrieved["mrr@5"].mean == pytest.approx(5 / 4 / 10)
    assert results.n_unseen == 20, "e is everyone's last"
    assert theirs.unseen == theirs.users


def test_the_difference_is_of_the_same_users(results: Results) -> None:
    gain = results.gains["theirs"]["mrr@5"]

    assert gain.mean == pytest.approx(0.375 - (5 / 4 + 5) / 20)
    assert gain.low < gain.mean < gain.high
    assert "ours" not in results.gains


def test_without_a_reference_there_is_no_difference(sequences_of: Make) -> None:
    data = sequences_of({"u": "abcde", "v": "abcde"})
    ranks = np.array([[1, 2]])

    found = results_of(data, [Ranked("one", ranks)], log_name="small", command="")

    assert (found.reference, found.gains, found.rows[0].reference_retrieved) == (None, {}, {})
    assert "retrieved by" not in page(found)
    assert found.row("other") is None


def test_the_tables_hold_the_numbers(results: Results) -> None:
    text, markdown, found = table(results), page(results), values(results)

    line = next(one for one in text.splitlines() if one.startswith("ours"))
    assert line.split()[1] == "37.50"
    assert "| ours | 37.50 [" in markdown
    assert "retrieved by ours" in text
    assert "- slow was not run: no time" in markdown
    assert "- theirs: 0.0 s; as is" in markdown
    assert statistics_line(results.statistics).startswith("20 users, 5 articles, 100 interactions")
    assert found["rows"][0]["users"]["mrr@5"]["mean"] == pytest.approx(0.375)
    assert found["reference_minus"]["theirs"]["mrr@5"]["mean"] == pytest.approx(0.0625)
    assert found["statistics"]["n_users"] == 20


def test_lists_are_as_long_as_what_is_kept_for_each_user(sequences_of: Make) -> None:
    data = sequences_of({f"user {n:02d}": "abcde" for n in range(20)})
    n_kept = np.array([30] * 10 + [100] * 10)
    system = Ranked(
        "ours", np.array([[3] * 20]), served=Served(n_kept, np.array([True] * 15 + [False] * 5))
    )
    whole = Ranked("whole", np.array([[50] * 20]), is_whole=True)
    few = Ranked("of twenty", np.array([[0] * 20]))

    found = results_of(data, [system, whole, few], log_name="small", command="c")

    knrs, other = found.kept
    assert (knrs.name, knrs.twenty.mean, knrs.kept.mean, knrs.behind) == ("KnRS", 1.0, 0.75, None)
    assert (other.name, other.twenty.mean, other.kept.mean) == ("whole", 0.0, 0.5)
    assert other.behind is not None
    assert other.behind.mean == 0.25
    assert "What is kept" in page(found)
    assert "recall of as many" in table(found)
    assert values(found)["kept"][1]["knrs_minus"]["mean"] == 0.25


def test_ablations_have_a_table_and_a_picture(sequences_of: Make, tmp_path: Path) -> None:
    data = sequences_of({f"user {n:02d}": "abcde" for n in range(20)})
    is_kept = np.ones(20, np.bool_)
    without = (Without("knrs:novelty", np.full(20, 2), np.arange(20) < 15),)
    system = Ranked(
        "ours", np.ones((1, 20), np.intp), served=Served(np.full(20, 20), is_kept, without)
    )

    found = results_of(data, [system], log_name="small", command="c")

    (row,) = found.ablations
    assert row.gains["mrr@5"].mean == 0.5
    assert row.gains["recall@20"].mean == 0.0
    assert row.gains["kept"].mean == 0.25
    assert "| knrs:novelty | +50.00 [+50.00, +50.00]" in page(found)
    assert "whole minus the system without" in table(found)
    assert values(found)["ablations"]["knrs:novelty"]["kept"]["mean"] == 0.25
    assert plot_ablations(found, tmp_path / PICTURE)
    assert (tmp_path / PICTURE).read_bytes().startswith(b"\x89PNG")


def test_without_ablations_there_is_no_picture(results: Results, tmp_path: Path) -> None:
    assert not plot_ablations(results, tmp_path / PICTURE)
    assert PICTURE not in page(results)
    assert not list(tmp_path.iterdir())
