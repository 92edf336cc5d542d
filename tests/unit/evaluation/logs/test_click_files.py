"""Files of clicks: what is read, in which order, and what is refused by file and line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.logs import LogSource
from cherryrec.evaluation.logs.click_file import ClickFiles
from cherryrec.evaluation.mind import MindLog

HEADER = "user_id,session_id,article_id,time_ms\n"


def written(folder: Path, text: str, name: str = "clicks.csv") -> Path:
    path = folder / name
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def test_clicks_come_in_time_order_and_ties_as_the_file_has_them(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEADER + "u2,s,b,1600000002000\nu1,s,a,1600000001000\nu0,s,c,1600000001000\n",
        "clicks.csv.gz",
    )

    found = list(ClickFiles(path).clicks())

    assert [(one.user_id, one.clicked_at) for one in found] == [
        ("u1", 1.600000001e9),
        ("u0", 1.600000001e9),
        ("u2", 1.600000002e9),
    ]
    assert [one.session_id for one in found] == ["s", "s", "s"]
    assert len({one.click_id for one in found}) == 3
    assert [one.user_id for one in ClickFiles(path).clicks(limit=1)] == ["u1"]


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, "time_ms,x,article_id,session_id,user_id\n1600000001000,7,a,s,u\n")

    (click,) = ClickFiles(path).clicks()

    assert (click.user_id, click.article_id) == ("u", "a")


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    written(tmp_path, HEADER + "u1,s,a,1600000009000\n", "hour_000.csv")
    written(tmp_path, HEADER + "u2,s,a,1600000001000\n", "hour_001.csv.gz")
    log = LogSource(tmp_path).open()

    assert isinstance(log, ClickFiles)
    assert [one.user_id for one in log.clicks()] == ["u2", "u1"]
    assert log.name == tmp_path.name
    assert [faults.file for faults in log.faults] == ["hour_000.csv", "hour_001.csv.gz"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("u,s,a", "row must have 4 columns, got 3"),
        (",s,a,1600000001000", "user_id must be 1 to 256 characters of UTF-8, got ''"),
        (f"u,s,{'a' * 257},1600000001000", "article_id must be 1 to 256 characters of UTF-8"),
        ("u,s,a,1.6e12", "time_ms must be whole milliseconds since the epoch, got '1.6e12'"),
        ("u,s,a,1600000001", "time_ms must be milliseconds of 1990 to 2099, got 1600000001"),
        ("good,s,a,1600000000000", "row must not repeat another"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_left_out(tmp_path: Path, row: str, reason: str) -> None:
    path = written(tmp_path, f"{HEADER}good,s,a,1600000000000\n{row}\nu9,s,b,1600000002000\n")
    log = ClickFiles(path)

    found = list(log.clicks())

    assert [one.user_id for one in found] == ["good", "u9"]
    (bad,) = log.bad_rows
    assert (bad.file, bad.line) == ("clicks.csv", 3)
    assert bad.reason.startswith(reason)
    assert log.faults[0].lines()[0] == "bad rows in clicks.csv: 1 of 3"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must have a click that can be read, got none"),
        ("a,b\n", "without user_id, session_id, article_id, time_ms: is it a file of clicks?"),
        ("user_id,article_id\nu,a\n", "without session_id, time_ms"),
        (HEADER, "must have a click that can be read, got none"),
        (HEADER + "u,s,a,never\n", "the first bad row is clicks.csv:2: time_ms must be"),
    ],
)
def test_a_file_without_clicks_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(LogError, match=reason):
        list(ClickFiles(written(tmp_path, text)).clicks())


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clicks.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "u,s,a,1600000001000\n" * 50).encode())[:60])

    with pytest.raises(LogError, match="cannot be read to its end"):
        list(ClickFiles(path).clicks())


def test_a_folder_of_impressions_is_no_log_of_clicks(tmp_path: Path) -> None:
    written(tmp_path, HEADER)
    assert isinstance(LogSource(tmp_path).open(), ClickFiles)

    (tmp_path / "behaviors.tsv").write_text("")

    assert isinstance(LogSource(tmp_path).open(), MindLog)
