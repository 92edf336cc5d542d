"""`cherryrec generate`: what it writes, and what it refuses."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.commands import Run

SMALL = ("--users", "20", "--impressions", "30", "--articles", "64")
FILES = ("behaviors.tsv.gz", "news.tsv.gz", "truth.json.gz")


def test_a_log_is_written_and_its_oracle_told(run: Run, tmp_path: Path) -> None:
    ended = run("generate", "log", *SMALL, "--seed", "3")

    assert ended.code == 0
    assert tuple(sorted(path.name for path in (tmp_path / "log").iterdir())) == FILES
    assert ended.out.startswith("30 impressions with ")
    assert "oracle AUC " in ended.out


def test_same_arguments_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("generate", name, *SMALL, "--seed", "5").code == 0

    digests = {
        hashlib.sha256(b"".join((tmp_path / n / f).read_bytes() for f in FILES)).hexdigest()
        for n in ("one", "two")
    }
    assert len(digests) == 1


def test_folder_that_is_not_empty_is_refused_and_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "news.tsv").write_text("mine")

    ended = run("generate", "log", *SMALL)

    assert ended.code == 2
    assert "DIR must be new or empty, 'log' has 1 entries: name another" in ended.err
    assert [path.read_text() for path in (tmp_path / "log").iterdir()] == ["mine"]
