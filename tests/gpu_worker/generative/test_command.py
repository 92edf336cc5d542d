"""`leave-last-out` with language models: the same users in every row, and nothing asked twice."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Run, run_command
from tests.logs import us_time

pytest.importorskip("torch")
pytest.importorskip("bm25s")

from gpu_worker.generative import TitleModel

WORDS = ("storm", "tax", "football", "plan", "coast", "market", "court")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CHERRYREC_")]:
        monkeypatch.delenv(name)
    for name, value in (("MODEL", str(checkpoint)), ("DEVICE", "cpu"), ("DTYPE", "float32")):
        monkeypatch.setenv(f"CHERRYREC_GPU_{name}", value)
    folder = tmp_path / "log"
    folder.mkdir()
    titles = [f"{WORDS[a % 7]} and {WORDS[(3 * a + 1) % 7]} {a}" for a in range(13)]
    (folder / "news.tsv").write_text(
        "".join(f"N{a}\tnews\tall\t{title}\t\t\t[]\t[]\n" for a, title in enumerate(titles))
    )
    rows = [
        (f"N{(user + step * step) % 13}", f"U{user}", 60 * step + user)
        for step in range(1, 7)
        for user in range(26)
    ]
    (folder / "behaviors.tsv").write_text(
        "".join(
            f"{n}\t{user}\t{us_time(at)}\tN{int(user[1:]) % 13}\t{one}-1 N{(n * 5) % 13}-0\n"
            for n, (one, user, at) in enumerate(rows)
        )
    )
    return run_command


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


@pytest.mark.slow
def test_all_rows_are_of_the_users_that_were_drawn(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = "cherryrec,markov,gpt4rec,tallrec,p5"
    options = ("--rankings", names, "--seeds", "0", "--report", "here")

    first = run("leave-last-out", "log", "--anyway", *options, "--users", "6")
    assert first.code == 0, first.err
    one = report(tmp_path / "here")
    monkeypatch.delattr(TitleModel, "begin")
    monkeypatch.delattr(TitleModel, "write")
    assert run("leave-last-out", "log", "--anyway", *options, "--users", "4").code == 0
    two = report(tmp_path / "here")

    assert (one["n_users"], two["n_users"]) == (6, 4)
    assert [row["name"] for row in one["rows"]] == [
        "CherryRec",
        "CherryRec, order of KnRS",
        "CherryRec, from all kept",
        "Markov",
        "GPT4Rec",
        "TALLRec, twenty of Markov",
        "TALLRec, twenty of CherryRec, order of KnRS",
        "P5, twenty of Markov",
        "P5, twenty of CherryRec, order of KnRS",
    ]
    by_name = {row["name"]: row for row in one["rows"]}
    for of in ("Markov", "CherryRec, order of KnRS"):
        recall = by_name[of]["users"]["recall@20"]["mean"]
        assert by_name[f"P5, twenty of {of}"]["users"]["recall@20"]["mean"] == recall
    assert any("16 LoRA steps" in note for note in by_name["TALLRec, twenty of Markov"]["notes"])
    assert "6 of 26 users, the first in an order drawn by chance (seed 0)" in " ".join(one["notes"])


@pytest.mark.slow
def test_the_paper_s_page_leads_to_one_reader_s_slates(run: Run, tmp_path: Path) -> None:
    done = run(
        "paper", "log", "--rankings", "markov", "--seeds", "0", "--users", "3",
        "--report", "paper",
    )  # fmt: skip

    assert done.code == 0, done.err
    assert "(log/case-study.md)" in (tmp_path / "paper" / "paper.md").read_text()
    page = (tmp_path / "paper" / "log" / "case-study.md").read_text()
    assert "# One reader: CherryRec and TALLRec over time" in page
    assert (tmp_path / "paper" / "log" / "case-study.png").stat().st_size > 0


def test_without_a_name_or_a_number_of_users_they_are_left_out(run: Run, tmp_path: Path) -> None:
    assert (
        run("leave-last-out", "log", "--anyway", "--rankings", "markov", "--report", "a").code == 0
    )
    assert report(tmp_path / "a")["left_out"]["p5"] == "not named by --rankings"
    assert report(tmp_path / "a")["n_users"] == 26

    done = run(
        "leave-last-out", "log", "--anyway", "--rankings", "markov", "--users", "5", "--report", "b"
    )
    assert done.code == 0
    assert report(tmp_path / "b")["n_users"] == 5


def test_a_log_without_titles_is_refused_before_anything_is_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(
        "user_id,session_id,article_id,time_ms\n"
        + "".join(
            f"u{user},s{user},a{(user + step * step) % 13},{1_600_000_000_000 + 60_000 * step}\n"
            for step in range(7)
            for user in range(26)
        )
    )

    done = run("leave-last-out", "clicks.csv", "--rankings", "markov,p5", "--report", "c")

    assert done.code == 2
    assert "p5 needs titles, and the log has none" in done.err
    assert not (tmp_path / "c").exists()


@pytest.mark.slow
def test_a_model_that_reached_next_to_nobody_takes_no_row_with_it(run: Run, tmp_path: Path) -> None:
    done = run(
        *("leave-last-out", "log", "--anyway", "--rankings", "markov,tallrec", "--seeds", "0"),
        *("--report", "here", "--users", "12", "--budget-minutes", "0.0001"),
    )

    assert done.code == 0, done.err
    found = report(tmp_path / "here")
    assert [row["name"] for row in found["rows"]] == ["Markov"]
    assert found["n_users"] == 12
    assert found["left_out"]["tallrec"].startswith("ended by time after 0 of 12 users")
