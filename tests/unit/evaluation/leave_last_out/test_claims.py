"""The paper's claims: gains by hand, verdicts, and what was not run."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.evaluation.leave_last_out import Ranked
from cherryrec.evaluation.leave_last_out.ablation import CLAIMED
from cherryrec.evaluation.leave_last_out.claims import findings, relative_gain
from cherryrec.evaluation.leave_last_out.results import Served, Without

OURS, OF_KNRS = "ours", "order of KnRS"


def ranked(name: str, ranks: list[int], *notes: str) -> Ranked:
    return Ranked(name, np.array([ranks]), notes=notes)


def found(*rankings: Ranked, title: str = "MIND") -> dict[str, tuple[str, str]]:
    yielded = findings(rankings, ours=OURS, of_knrs=OF_KNRS, title=title)
    return {one.claim: (one.found, one.verdict) for one in yielded}


def test_the_gain_is_the_mean_of_those_of_the_metrics() -> None:
    ours = np.array([[1.0, 0.4], [0.0, 0.2]] * 30)
    theirs = np.array([[0.5, 0.3], [0.3, 0.1]] * 30)

    gain = relative_gain(ours, theirs)

    assert gain.mean == pytest.approx((0.5 / 0.4 + 0.3 / 0.2) / 2 - 1)
    assert gain.low < gain.mean < gain.high
    assert relative_gain(ours, theirs, among=np.arange(60) % 2 == 1).mean == pytest.approx(
        (0.0 / 0.3 + 0.2 / 0.1) / 2 - 1
    )


def test_against_what_finds_nothing_there_is_no_gain() -> None:
    assert np.isnan(relative_gain(np.ones((20, 3)), np.zeros((20, 3))).mean)


def test_of_few_users_there_is_a_gain_and_no_interval() -> None:
    gain = relative_gain(np.ones((9, 3)), np.full((9, 3), 0.5))

    assert gain.mean == 1.0 and np.isnan([gain.low, gain.high]).all()
    text, verdict = found(ranked(OURS, [1] * 9), ranked("NARM", [2] * 9))["better than NARM"]
    assert text == "+52.8 % [n too small]"
    assert verdict == "cannot be told on this data"


def test_who_is_equal_is_not_better() -> None:
    same = found(ranked(OURS, [1, 3] * 50), ranked("NARM", [1, 3] * 50))

    assert same["better than NARM"] == ("+0.0 % [+0.0, +0.0]", "does not hold")


def test_where_some_samples_find_nothing_the_gain_has_no_upper_end() -> None:
    ours, theirs = np.zeros((40, 1)), np.zeros((40, 1))
    theirs[0] = 1.0  # a third of the samples are without it
    ours[:2] = 1.0

    gain = relative_gain(ours, theirs)

    assert gain.mean == 1.0 and gain.high == np.inf
    assert -1.0 <= gain.low <= 0.0


def test_a_claim_holds_where_the_whole_interval_is_above_it() -> None:
    ours, theirs = ranked(OURS, [1] * 200), ranked("SASRec", [2] * 200)

    text, verdict = found(ours, theirs)["better than SASRec by 9.31 % (this data)"]

    # MRR doubles, nDCG is 1.585 times as large, recall the same
    assert text.startswith("+52.8 %")
    assert verdict == "holds"
    worse = found(ranked(OURS, [2] * 200), ranked("SASRec", [1] * 200))
    assert worse["better than SASRec by 9.31 % (this data)"][1] == "does not hold"


def test_adressa_has_its_own_claim_and_other_logs_are_asked_that_of_mind() -> None:
    assert any("15.81 %" in claim for claim in found(title="Adressa"))
    assert "better than SASRec by 9.31 % (MIND, asked of this log too)" in found(title="EB-NeRD")


def test_the_first_twenty_are_compared() -> None:
    knrs = ranked(OF_KNRS, [15] * 150 + [0] * 50)
    newest = ranked("newest", [15] * 50 + [30] * 150)

    text, verdict = found(knrs, newest)[
        "KnRS's first twenty hold the next article more often than those of newest"
    ]

    assert text.startswith("75.00 % against 25.00 %, +200.0 %")
    assert verdict == "holds"


def test_what_was_not_run_and_what_was_cut_is_said() -> None:
    cut = ranked("SASRec", [1, 2] * 50, "seed 0: 3 epochs, ended by time")

    told = found(ranked(OURS, [1, 3] * 50), cut)

    assert "SASRec was cut by the clock" in told["better than SASRec by 9.31 % (this data)"][0]
    assert told["better than NARM"] == ("NARM was not run", "not run")
    assert [verdict for _, verdict in found().values()].count("not run") == len(found())


def test_within_the_subset_gains_are_of_those_who_were_retrieved() -> None:
    # of 200 users ours retrieves 100; there it is first and SASRec fifth, elsewhere SASRec is first
    ours = ranked(OURS, [1] * 100 + [0] * 100)
    theirs = ranked("SASRec", [5] * 100 + [1] * 100)

    text, verdict = found(ours, theirs)[
        "the gain over SASRec is larger within the effective retrieval subset"
    ]

    assert "among the 100 users" in text
    assert verdict == "holds"


def test_lists_that_know_the_time_of_the_request_are_compared_too() -> None:
    ours, knrs = ranked(OURS, [1, 2] * 100), ranked(OF_KNRS, [2, 30] * 100)
    clicked = ranked("most clicked, 1 h", [2, 1] * 100)

    of_all = found(ours, knrs, clicked)

    claim = next(one for one in of_all if one.startswith("better than most clicked, 1 h"))
    assert claim.endswith(
        "knows the time of the request as CherryRec does and which the paper does not compare with"
    )
    assert of_all[claim][1] == "cannot be told on this data", "the same ranks, of other users"
    held = "KnRS's first twenty hold the next article more often than those of most clicked, 1 h"
    assert of_all[held][0].startswith("50.00 % against 100.00 %, -50.0 %")
    assert of_all[held][1] == "does not hold"


def served(without: dict[str, list[int]], ranks: list[int]) -> Ranked:
    """Return a system whose twenty hold all, with its ablations."""
    is_kept = np.ones(len(ranks), np.bool_)
    parts = tuple(Without(part, np.array(one), is_kept) for part, one in without.items())
    n_kept = np.full(len(ranks), 20)
    return Ranked(OURS, np.array([ranks]), served=Served(n_kept, is_kept, parts))


def test_a_part_helps_where_the_system_without_it_is_surely_worse() -> None:
    first, second, mixed = [1] * 60, [2] * 60, [1, 2] * 30
    without = dict.fromkeys(CLAIMED, second)
    without["knrs:novelty"], without["knrs:attention"] = mixed, first

    told = found(served(without, mixed))

    assert told["KnRS's relevance helps"][1] == "holds"
    assert told["KnRS's novelty helps"] == (
        "nDCG@5 +0.00 [+0.00, +0.00] with it",
        "does not hold",
    )
    assert told["KnRS's attention helps"][1] == "does not hold", "it is better without"
    assert told["KnRS's score helps"][1] == "holds"
    assert told["every metric of KnRS helps"] == ("3 of 5 do, 2 do not", "does not hold")
    assert told["CnLE's score helps"][1] == "not run"


def test_every_metric_helps_only_if_each_of_them_surely_does() -> None:
    second = [2] * 60
    without = dict.fromkeys(CLAIMED, second)

    told = found(served(without, [1] * 60))
    assert told["every metric of KnRS helps"] == ("5 of 5 do, 0 do not", "holds")

    without["knrs:novelty"] = [1] * 29 + [2] * 31
    told = found(served(without, [1] * 28 + [2] * 32))
    assert told["every metric of KnRS helps"][1] != "holds"

    del without["knrs:novelty"]
    told = found(served(without, [1] * 60))
    assert told["every metric of KnRS helps"][1] == "not run"
    assert told["KnRS's novelty helps"][1] == "not run"


def test_language_models_are_asked_by_the_twenty_that_they_ranked() -> None:
    ours, p5 = ranked(OURS, [1] * 200), ranked(f"P5, twenty of {OF_KNRS}", [2] * 200)

    answers = found(ours, p5)

    claim = "better than P5 by 14.31 % (MIND), which ranks the twenty of KnRS"
    assert answers[claim][0].startswith("+52.8 %")
    assert answers[claim][1] == "holds"
    other = "better than P5 by 14.31 % (MIND), which ranks the twenty of the Markov chain"
    assert answers[other] == ("P5 was not run", "not run")
    assert answers["better than GPT4Rec"][1] == "not run"
    assert "benchmarks.one_pass" in answers["one pass is faster than generation"][0]
