"""Rows and files that are odd in one place: a row is refused, a file told by its column."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.logs import LogSource
from cherryrec.evaluation.logs.adressa import AdressaLog
from cherryrec.evaluation.logs.adressa_content import Contents
from cherryrec.evaluation.logs.ebnerd import EbnerdLog
from cherryrec.evaluation.logs.ebnerd_history import Histories
from cherryrec.evaluation.logs.plista import PlistaLog
from cherryrec.evaluation.mind_faults import FileFaults
from tests.logs import (
    adressa_article,
    adressa_event,
    ebnerd_slates,
    plista_line,
    write_ebnerd,
    write_mind,
    write_parquet,
)

DEPTH = sys.getrecursionlimit() + 50
DEEP = "[" * DEPTH + "]" * DEPTH


def test_a_row_of_adressa_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    good = adressa_event(0, 0, **adressa_article("a"))
    deep = adressa_event(0, 1, **adressa_article("b"), more=0).replace('"more": 0', f'"x": {DEEP}')
    (tmp_path / "20191115").write_text(f"{deep}\n{good}\n")
    log = AdressaLog(tmp_path)

    assert [click.article_id for click in log.clicks()] == ["a"]
    assert [bad.line for bad in log.bad_rows] == [1]
    assert "JSON must be nested less deeply" in log.bad_rows[0].reason
    assert log.articles().keys() == {"a"}


def test_a_content_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(f'{{"id": "a", "x": {DEEP}}}\n')

    assert [one.n_bad for one in Contents([path]).faults] == [1]


def test_a_row_of_plista_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stream.tsv"
    deep = plista_line(0, 0).replace('"domainID": 35774', f'"domainID": {DEEP}')
    path.write_text(f"{deep}\n{plista_line(0, 0, article=8)}\n")
    log = PlistaLog(path)

    assert [click.article_id for click in log.clicks()] == ["8"]
    assert [bad.line for bad in log.bad_rows] == [1]
    assert log.articles().keys() == {"8"}


def test_entities_of_mind_nested_too_deeply_are_left_out(tmp_path: Path) -> None:
    folder = write_mind(tmp_path / "log").path
    (folder / "news.tsv").write_text(f"n1\tsport\t\tLate goal\t\t\t{DEEP}\t[]\n")
    log = LogSource(folder).impressions()

    assert log.articles()["n1"].entities == ()
    assert log.bad_rows[0].reason.startswith("entities must be a JSON list of objects")


@pytest.mark.parametrize(
    ("file", "column", "values", "said"),
    [
        ("train/behaviors", "user_id", "u", "user_id must be int, got string"),
        ("train/behaviors", "impression_time", "2023", "impression_time must be time, got string"),
        (
            "train/behaviors",
            "impression_time",
            date(2023, 5, 18),
            "impression_time must be time, got date32",
        ),
        ("train/behaviors", "impression_time", 7, "impression_time must be time, got int64"),
        (
            "train/behaviors",
            "article_ids_inview",
            3,
            "article_ids_inview must be list of int, got int64",
        ),
        (
            "train/behaviors",
            "article_ids_clicked",
            [2.0],
            "article_ids_clicked must be list of int, got list<",
        ),
        ("train/behaviors", "next_read_time", "x", "next_read_time must be number, got string"),
        ("train/history", "user_id", "u", "user_id must be int, got string"),
        ("train/history", "article_id_fixed", ["a"], "article_id_fixed must be list of int, got"),
        ("articles", "title", 7, "title must be text, got int64"),
        ("articles", "ner_clusters", "x", "ner_clusters must be list of text, got string"),
    ],
)
def test_a_column_of_another_type_is_told_by_its_name(
    tmp_path: Path, file: str, column: str, values: Any, said: str
) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra `logs` is not installed")
    import pyarrow.parquet as pq

    path = write_ebnerd(tmp_path / "log").path / f"{file}.parquet"
    table = pq.read_table(path)
    wrong = pa.array([values] * table.num_rows)
    names = table.column_names
    changed = (
        table.set_column(names.index(column), column, wrong)
        if column in names
        else table.append_column(column, wrong)
    )
    pq.write_table(changed, path)
    log = EbnerdLog(tmp_path / "log")

    with pytest.raises(LogError, match=rf"{file}\.parquet': column {said}"):
        log.articles() if file == "articles" else list(log.impressions())


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("article_ids_inview", [1, None, 2], "article_ids_inview must be articles, got a null"),
        ("article_ids_clicked", [None], "article_ids_clicked must be articles, got a null"),
        ("article_ids_clicked", None, "article_ids_clicked must be there, got null"),
    ],
)
def test_nulls_in_a_slate_are_refused(
    tmp_path: Path, column: str, values: list[int | None] | None, said: str
) -> None:
    folder = write_ebnerd(tmp_path / "log").path
    columns = ebnerd_slates((0, 1), [1, 2], is_test=False)
    columns[column][0] = values
    write_parquet(folder / "train/behaviors.parquet", columns)
    log = EbnerdLog(folder / "train")

    assert [row.impression_id for row in log.impressions()] == ["2"]
    assert [(bad.line, bad.reason.startswith(said)) for bad in log.bad_rows] == [(1, True)]


def test_a_reader_whose_number_is_too_large_is_refused(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra `logs` is not installed")
    import pyarrow.parquet as pq

    path = tmp_path / "history.parquet"
    columns = {"user_id": pa.array([2**63, 5], pa.uint64()), "article_id_fixed": [[1], [2]]}
    pq.write_table(pa.table(columns), path)
    faults = FileFaults("history.parquet")

    with Histories(path, faults) as histories:
        assert histories.of(5) == ("2",)
    assert [bad.line for bad in faults.first] == [1]


def test_histories_that_cannot_be_read_leave_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    write_parquet(path, {"user_id": [1], "article_id_fixed": [[2]]})
    path.write_bytes(path.read_bytes()[:-30])
    histories = Histories(path, FileFaults("history.parquet"))

    with pytest.raises(LogError, match="cannot be read as parquet"), histories:
        pass

    assert histories.is_closed
