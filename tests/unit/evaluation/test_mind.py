"""The reader of MIND logs: layouts, times, order, and rows that are wrong."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.mind import MAX_BAD_ROWS, MindLog
from cherryrec.evaluation.mind_rows import parse_candidates, parse_subcategory, parse_time

GOOD = "1\tu1\t11/9/2019 12:01:13 AM\tn1 n2\tn3-0 n4-1"


def log_of(folder: Path, behaviors: str | bytes, news: str | bytes = "") -> MindLog:
    for name, content in (("behaviors.tsv", behaviors), ("news.tsv", news)):
        raw = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(raw)
    return MindLog(folder)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("11/9/2019 12:01:13 AM", 1573257673.0),
        ("11/9/2019 12:01:13 PM", 1573257673.0 + 12 * 3600),
        ("11/9/2019 1:01:13 am", 1573257673.0 + 3600),
        ("2019-11-09 00:01:13", 1573257673.0),
        ("2019-11-09T00:01:13Z", 1573257673.0),
        ("2019-11-09T02:01:13+02:00", 1573257673.0),
        ("2019-11-09 00:01:13.5", 1573257673.5),
    ],
)
def test_a_time_is_read_in_every_layout(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "13/9/2019 1:00:00 AM",
        "11/9/2019 0:01:13 AM",
        "11/9/2019 13:01:13 PM",
        "11/9/2019 10:01:13",
        "2019-02-30 00:00:00",
        "1573257673",
    ],
)
def test_a_time_in_no_known_layout_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time must be M/D/YYYY h:mm:ss AM"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must not be empty"),
        ("a-1 b", "every candidate must end in -0 or -1, or none, got 'b'"),
        ("a-1 a-0", "candidates must differ, got 'a' twice"),
        ("a-1 -0", "ids must not be empty"),
    ],
)
def test_a_slate_that_cannot_be_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_candidates(text)


def test_ids_may_hold_dashes_before_the_label() -> None:
    assert parse_candidates("a-b-1 c-d-0") == (("a-b", "c-d"), (True, False))


def test_rows_without_labels_have_no_clicks() -> None:
    assert parse_candidates("a b") == (("a", "b"), None)


@pytest.mark.parametrize(
    ("text", "subcategory"),
    [
        ("x", "x"),
        ("", None),
        ("[]", None),
        ("[433]", "433"),
        ("[1 2]", "1|2"),
        ("['a', 'b']", "a|b"),
    ],
)
def test_a_subcategory_is_one_text(text: str, subcategory: str | None) -> None:
    assert parse_subcategory(text) == subcategory


def test_impressions_come_in_time_order_and_equal_times_in_file_order(tmp_path: Path) -> None:
    rows = [
        ("3", "2019-11-09 03:00:00"),
        ("9", "11/9/2019 1:00:00 AM"),
        ("2", "2019-11-09 03:00:00"),
        ("7", "2019-11-09 02:00:00"),
    ]
    log = log_of(tmp_path, "".join(f"{i}\tu\t{t}\t\ta-0 b-1\n" for i, t in rows))

    assert [impression.impression_id for impression in log.impressions()] == ["9", "7", "3", "2"]
    assert log.file_order == ["3", "9", "2", "7"]
    assert [i.impression_id for i in log.impressions(limit=2)] == ["9", "7"]


@pytest.mark.parametrize("packed", [False, True])
def test_plain_and_gzipped_files_read_the_same(tmp_path: Path, packed: bool) -> None:
    name, raw = "behaviors.tsv", f"{GOOD}\r\n\n".encode()
    if packed:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(raw))
    else:
        (tmp_path / name).write_bytes(raw)
    log = MindLog(tmp_path)

    (impression,) = log.impressions()

    assert impression.history == ("n1", "n2")
    assert impression.candidates == ("n3", "n4")
    assert impression.clicked == (False, True)
    assert log.n_bad_rows == 0


def test_a_bad_row_is_reported_with_its_line_and_reading_goes_on(tmp_path: Path) -> None:
    behaviors = (
        b"1\tu\t2019-11-09 00:00:00\t\ta-0 b-1\n"
        b"2\tu\t2019-11-09 00:00:00\ta-0 b-1\n"
        b"3\tu\tnever\t\ta-0 b-1\n"
        b"4\tu\t2019-11-09 00:00:00\t\t\n"
        b"5\t\xff\t2019-11-09 00:00:00\t\ta-0 b-1\n"
        b"1\tu\t2019-11-09 00:00:00\t\ta-0 b-1\n"
        b"\tu\t2019-11-09 00:00:00\t\ta-0 b-1\n"
        b"8\tu\t2019-11-09 00:00:00\t\ta-0 b-1"
    )
    log = log_of(tmp_path, behaviors)

    assert [impression.impression_id for impression in log.impressions()] == ["1", "8"]
    assert [str(row).split(" must ")[0] for row in log.bad_rows] == [
        "behaviors.tsv:2: row",
        "behaviors.tsv:3: time",
        "behaviors.tsv:4: candidates",
        "behaviors.tsv:5: row",
        "behaviors.tsv:6: impression id '1' appears twice; the first row counts",
        "behaviors.tsv:7: impression id and user id",
    ]


def test_reading_twice_reports_bad_rows_once(tmp_path: Path) -> None:
    log = log_of(tmp_path, "nonsense\n")

    for _ in range(2):
        assert list(log.impressions()) == []

    assert log.n_bad_rows == len(log.bad_rows) == 1


def test_bad_rows_are_kept_to_a_bound_and_all_counted(tmp_path: Path) -> None:
    log = log_of(tmp_path, "nonsense\n" * (MAX_BAD_ROWS + 50))

    assert list(log.impressions()) == []
    assert (len(log.bad_rows), log.n_bad_rows) == (MAX_BAD_ROWS, MAX_BAD_ROWS + 50)


def test_articles_keep_each_entity_once_in_order(tmp_path: Path) -> None:
    in_title = '[{"Label": "Aland", "WikidataId": "Q5"}, {"Label": "No id"}]'
    in_abstract = '[{"Label": "B", "WikidataId": "Q2"}, {"Label": "Aland", "WikidataId": "Q5"}]'
    log = log_of(tmp_path, GOOD, f'n1\tsport\t[7 8]\tA "title"\t\turl\t{in_title}\t{in_abstract}\n')

    article = log.articles()["n1"]

    assert article.entities == ("Q5", "No id", "Q2")
    assert (article.title, article.subcategory, article.abstract) == ('A "title"', "7|8", "")


def test_an_article_with_unreadable_entities_is_kept_and_reported(tmp_path: Path) -> None:
    log = log_of(tmp_path, GOOD, "n1\tsport\t\tTitle\t\t\t{not json\t\n")

    assert log.articles()["n1"].entities == ()
    assert "entities left out" in log.bad_rows[0].reason


def test_of_two_articles_with_one_id_the_first_counts(tmp_path: Path) -> None:
    log = log_of(tmp_path, GOOD, "n1\ta\t\tFirst\t\t\t\t\nn1\tb\t\tSecond\t\t\t\t\n")

    assert log.articles()["n1"].title == "First"
    assert log.bad_rows[0].line == 2


def test_a_folder_without_the_files_is_a_log_error(tmp_path: Path) -> None:
    with pytest.raises(
        LogError, match=r"must hold behaviors.tsv or behaviors.tsv.gz, got .* neither"
    ):
        list(MindLog(tmp_path).impressions())
    with pytest.raises(LogError, match="is not a folder"):
        MindLog(tmp_path / "absent").articles()


def test_a_cut_off_gzip_file_is_a_log_error(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(f"{i}\t{GOOD}" for i in range(500)).encode())
    (tmp_path / "behaviors.tsv.gz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(LogError, match="cannot be read to its end"):
        list(MindLog(tmp_path).impressions())


def real_logs() -> Path:
    default = Path(__file__).parents[4] / "shared" / "data"
    return Path(os.environ.get("CHERRYREC_TEST_LOGS", default))


@pytest.mark.parametrize(("name", "n"), [("ebnerd_demo", 14_588), ("mind_small", 4_260)])
def test_the_real_logs_read_without_a_bad_row(name: str, n: int) -> None:
    folder = real_logs() / name
    if not folder.is_dir():
        pytest.skip(f"no real log at {folder}: set CHERRYREC_TEST_LOGS to the folder of the logs")
    log = MindLog(folder)

    impressions = list(log.impressions())
    articles = log.articles()
    shown = {article_id for impression in impressions for article_id in impression.candidates}

    assert (len(impressions), log.n_bad_rows) == (n, 0)
    share_known = len(shown & articles.keys()) / len(shown)
    assert share_known > 0.98
