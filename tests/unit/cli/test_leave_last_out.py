"""`cherryrec leave-last-out`: the table, the report, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cherryrec.evaluation.leave_last_out.ablation import CLAIMED
from tests.commands import Run

CLICKS = "user_id,session_id,article_id,time_ms\n" + "".join(
    f"u{user},s{user},a{(user + step * step) % 13},{1_600_000_000_000 + 60_000 * step + user}\n"
    for step in range(7)
    for user in range(26)
)
SIMPLE = "most-popular,recent-popular,newest,item-knn,vsknn,markov"


@pytest.fixture
def log(tmp_path: Path) -> str:
    (tmp_path / "clicks.csv").write_text(CLICKS)
    return "clicks.csv"


def test_every_ranking_is_told_and_twice_the_same(run: Run, log: str, tmp_path: Path) -> None:
    done = run("leave-last-out", log, "--rankings", SIMPLE, "--report", "one")
    again = run("leave-last-out", log, "--rankings", SIMPLE, "--report", "two")

    assert (done.code, again.code) == (0, 0)
    assert "26 users, 13 articles" in done.out
    one, two = (
        json.loads((tmp_path / name / "report.json").read_text()) for name in ("one", "two")
    )
    for found in (one, two):
        for row in found["rows"]:
            del row["wall_s"]
        del found["command"]
    assert one == two
    names = [row["name"] for row in one["rows"]]
    assert names == ["most popular", "recent popular", "newest", "item-kNN", "V-SkNN", "Markov"]
    assert one["split"] == "test"
    chain = one["rows"][-1]["users"]
    assert 0.0 < chain["mrr@5"]["mean"] <= 1.0
    assert "## Own retrieval subset" in (tmp_path / "one" / "report.md").read_text()


def test_validation_asks_for_another_article(run: Run, log: str, tmp_path: Path) -> None:
    for split in ("test", "validation"):
        done = run(
            "leave-last-out", log, "--rankings", "markov", "--split", split, "--report", split
        )
        assert done.code == 0

    one, two = (
        json.loads((tmp_path / name / "report.json").read_text()) for name in ("test", "validation")
    )
    assert one["rows"][0]["users"] != two["rows"][0]["users"]
    assert (
        "Each user's second to last article" in (tmp_path / "validation" / "report.md").read_text()
    )


@pytest.mark.slow
def test_a_seed_is_not_run_again_where_nothing_was_learned(
    run: Run, log: str, tmp_path: Path
) -> None:
    for seeds in ("0,1", "1"):
        options = ("--rankings", "cherryrec,at-request", "--seeds", seeds, "--report", seeds)
        assert run("leave-last-out", log, *options).code == 0

    both, second = (
        json.loads((tmp_path / seeds / "report.json").read_text())["rows"] for seeds in ("0,1", "1")
    )
    assert [row["users"] for row in both] == [row["users"] for row in second]
    assert "VaNS learns nothing of clicks alone" in (tmp_path / "0,1" / "report.md").read_text()
    assert "VaNS learns nothing" not in (tmp_path / "1" / "report.md").read_text()
    assert [row["name"] for row in both][3:] == [
        "newest at the request",
        "most clicked, 1 h",
        "most clicked, 6 h",
        "most clicked, 24 h",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rankings", "most-read"], "got 'most-read'"),
        (["--rankings", "markov,markov"], "each once"),
        (["--seeds", "0,-1"], "whole numbers"),
        (["--limit", "40"], "5 interactions each"),
        (["--ablate", "knrs:colour"], "got 'knrs:colour'"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, log: str, options: list[str], said: str) -> None:
    done = run("leave-last-out", log, *options)

    assert done.code in {1, 2}
    assert said in done.err


def test_what_ends_the_paper_s_command_keeps_what_was_found(
    run: Run, log: str, tmp_path: Path
) -> None:
    few = CLICKS.splitlines(keepends=True)[:40]
    (tmp_path / "few.csv").write_text("".join(few))

    done = run("paper", log, "few.csv", "--rankings", "newest,markov", "--report", "paper")

    assert done.code == 1
    assert "5 interactions each" in done.err
    assert "## clicks" in (tmp_path / "paper" / "paper.md").read_text()


def test_the_paper_s_command_refuses_logs_before_it_asks_the_first(
    run: Run, log: str, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "clicks.csv").write_text(CLICKS)
    (tmp_path / "notes.txt").write_text("nothing\n")

    for other, said in (("other/clicks.csv", "both 'clicks'"), ("notes.txt", "notes.txt")):
        done = run("paper", log, other, "--rankings", "newest", "--report", "paper")

        assert done.code in {1, 2}
        assert said in done.err
    assert not (tmp_path / "paper").exists()


def test_the_paper_s_command_takes_any_log_anyway(run: Run, tmp_path: Path) -> None:
    rows = CLICKS.splitlines(keepends=True)
    broken = [f"{row.split(',')[0]},,,\n" for row in rows[1:]] * 2
    (tmp_path / "broken.csv").write_text("".join([*rows, *broken]))
    options = ("--rankings", "newest", "--report", "paper")

    refused = run("paper", "broken.csv", *options)
    taken = run("paper", "broken.csv", *options, "--anyway")

    assert refused.code == 1 and "no healthy log" in refused.err
    assert taken.code == 0, taken.err


@pytest.mark.slow
def test_the_paper_s_claims_are_answered_or_said_not_to_be(
    run: Run, log: str, tmp_path: Path
) -> None:
    done = run(
        "paper", log, "--rankings", "cherryrec,newest,markov", "--seeds", "0", "--report", "paper"
    )

    assert done.code == 0
    page = (tmp_path / "paper" / "paper.md").read_text()
    assert "## clicks" in page
    assert "| better than Markov, which the paper does not compare with | " in page
    assert "SASRec was not run | not run |" in page
    report = json.loads((tmp_path / "paper" / "clicks" / "report.json").read_text())
    names = [row["name"] for row in report["rows"]]
    assert names[:3] == ["CherryRec", "CherryRec, order of KnRS", "CherryRec, from all kept"]
    assert report["reference"] == "CherryRec"
    assert set(report["reference_minus"]) == set(names[1:])
    assert report["left_out"]["sasrec"] == "not named by --rankings"
    assert set(report["ablations"]) == set(CLAIMED)
    assert page.count(" with it | ") == len(CLAIMED)
    assert " of 5 do, " in page
    assert "One reader's slates over time: not run" in page
