"""The reader of MIND logs: layouts, times, order, and rows that are wrong."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.mind import MAX_BAD_ROWS, MindLog
from cherryrec.evaluation.mind_labels import labelled
from cherryrec.evaluation.mind_rows import parse_candidates, parse_subcategory
from cherryrec.evaluation.mind_times import parse_time

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
        ("2019-11-09 02:01:13 +0200", 1573257673.0),
        ("20191109T000113Z", 1573257673.0),
        ("1573257673", 1573257673.0),
        ("1573257673500", 1573257673.5),
        ("1573257673500000", 1573257673.5),
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
        "2019-11-09x00:01:13",
        "20191109000113",
        "99999999999",
        "157325767",
        "-1573257673",
    ],
)
def test_a_time_in_no_known_layout_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time must be M/D/YYYY h:mm:ss AM"):
        parse_time(text)


@pytest.mark.parametrize(
    "text", ["1/1/1970 1:01:58 AM", "0001-01-01", "1573-11-15", "2100-01-01", "9999-12-31T23:59:59"]
)
def test_a_year_that_no_log_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time must be from 1990 to 2099, got"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must not be empty"),
        ("a-1 b", "every candidate must end in -0 or -1, .* got 'b'"),
        ("a-1 b-2", "every candidate must end in -0 or -1, .* got 'b-2'"),
        ("a-1 b--1", "every candidate must end in -0 or -1, .* got 'b--1'"),
        ("a-1 a-0", "candidates must differ, got 'a' twice"),
        ("a-1 -0", "ids must not be empty"),
    ],
)
def test_a_slate_that_cannot_be_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        labelled(parse_candidates(text))


def test_ids_may_hold_dashes_before_the_label() -> None:
    assert labelled(parse_candidates("a-b-1 c-d-0")) == (("a-b", "c-d"), (True, False))


def clicks_of(folder: Path, slates: str, news: str = "") -> list[tuple[bool, ...] | None]:
    rows = "".join(
        f"{n}\tu\t2019-11-09 00:00:{n:02}\t\t{slate}\n" for n, slate in enumerate(slates.split("|"))
    )
    return [impression.clicked for impression in log_of(folder, rows, news).impressions()]


def test_rows_without_labels_have_no_clicks(tmp_path: Path) -> None:
    assert clicks_of(tmp_path, "a b") == [None]


def test_an_id_that_ends_like_a_label_is_no_click_in_a_log_without_labels(tmp_path: Path) -> None:
    """Decided row by row, `art-1` was a click on `art`."""
    assert clicks_of(tmp_path, "a b|art-1 b|art-1") == [None, None]  # the last is not told apart
    assert clicks_of(tmp_path, "art-1 b|art-1") == [None]
    news = "art-1\tc\t\tTitle\t\t\t\t\n"
    assert clicks_of(tmp_path, "a b|art-1 b|art-1", news) == [None, None, None]


def test_news_tells_ids_from_labels_where_all_ids_end_like_labels(tmp_path: Path) -> None:
    news = "".join(f"{one}\tc\t\tTitle\t\t\t\t\n" for one in ("a-1", "b-0"))

    assert clicks_of(tmp_path, "a-1 b-0|b-0 a-1", news) == [None, None]


def test_rows_without_labels_among_labelled_ones_are_refused_and_counted(tmp_path: Path) -> None:
    log = log_of(
        tmp_path,
        "".join(
            f"{n}\tu\t2019-11-09 00:00:00\t\t{slate}\n"
            for n, slate in enumerate(("a-1 b-0", "c-1 d-0", "a b", "c-1 d", "e-0"))
        ),
    )

    assert len(list(log.impressions())) == 3
    assert [row.line for row in log.bad_rows] == [3, 4]


def test_what_the_codec_refuses_is_no_part_of_the_log(tmp_path: Path) -> None:
    long = "U" * 300
    rows = (
        "1\tu\t2019-11-09 00:00:00\t\ta-1 b-0",
        f"2\t{long}\t2019-11-09 00:00:00\t\ta-1 b-0",
        f"3\tu\t2019-11-09 00:00:00\t\ta-1 {long}-0",
        f"4\tu\t2019-11-09 00:00:00\t{long}\ta-1 b-0",
        f"{long}\tu\t2019-11-09 00:00:00\t\ta-1 b-0",
        "6\tu\t2019-11-09 00:00:00\t\t" + " ".join(f"a{n}-0" for n in range(1_001)),
        f"{long[:200]}\tu\t2019-11-09 00:00:00\t\t{long[:200]}-1 b-0",
    )
    news = f"a\tc\t\tTitle\t\t\t\t\nb\t{long}\t\tTitle\t\t\t\t\n"
    log = log_of(tmp_path, "\n".join(rows), news)

    assert [row.impression_id for row in log.impressions()] == ["1"]
    assert list(log.articles()) == ["a"]
    refused = [(row.file, row.line) for row in log.bad_rows if "refused by the codec" in row.reason]
    assert refused == [*(("behaviors.tsv", n) for n in range(2, 8)), ("news.tsv", 2)]


def test_rows_whose_id_comes_again_count_and_are_told_apart(tmp_path: Path) -> None:
    """Training and test part, each numbered from 1, lost the second's rows."""
    rows = [("1", "u", "a-0 b-1"), ("2", "u", "a-0 b-1"), ("1", "v", "a-0 b-1"), ("1", "u", "c-1")]
    log = log_of(tmp_path, "".join(f"{i}\t{u}\t2019-11-09 00:00:00\t\t{c}\n" for i, u, c in rows))

    assert [row.impression_id for row in log.impressions()] == ["1", "2", "1#3", "1#4"]
    assert log.n_bad_rows == 0
    assert log.n_repeated_ids == 2
    assert list(log.file_order()) == [("1", "1"), ("2", "2"), ("1#3", "1"), ("1#4", "1")]


def test_an_id_that_is_too_long_with_its_line_is_refused(tmp_path: Path) -> None:
    """The row was checked before its key was known, and its request refused by a worker."""
    name = "1" * 254  # a click is that, a colon and the article
    log = log_of(
        tmp_path, "".join(f"{name}\t{user}\t2019-11-09 00:00:00\t\ta-0 b-1\n" for user in "uv")
    )

    assert [row.impression_id for row in log.impressions()] == [name]
    assert [(row.line, "refused by the codec" in row.reason) for row in log.bad_rows] == [(2, True)]


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
    assert [key for key, _ in log.file_order()] == ["3", "9", "2", "7"]
    assert [i.impression_id for i in log.impressions(limit=2)] == ["9", "7"]


@pytest.mark.parametrize("packed", [False, True])
def test_plain_and_gzipped_files_read_the_same(tmp_path: Path, packed: bool) -> None:
    name, raw = "behaviors.tsv", f"{GOOD}\r\n\n".encode()
    if packed:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(raw, mtime=0))
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
        "behaviors.tsv:6: row",
        "behaviors.tsv:7: impression id and user id",
    ]


def test_reading_twice_reports_bad_rows_once(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"nonsense\n{GOOD}\n")

    for _ in range(2):
        assert len(list(log.impressions())) == 1

    assert log.n_bad_rows == len(log.bad_rows) == 1


def test_bad_rows_are_kept_to_a_bound_and_all_counted(tmp_path: Path) -> None:
    log = log_of(tmp_path, "nonsense\n" * (MAX_BAD_ROWS + 50) + GOOD)

    assert len(list(log.impressions())) == 1
    assert (len(log.bad_rows), log.n_bad_rows) == (MAX_BAD_ROWS, MAX_BAD_ROWS + 50)
    (faults,) = [one for one in log.faults if one.file == "behaviors.tsv"]
    assert faults.lines()[:2] == [
        "bad rows in behaviors.tsv: 150 of 151",
        "bad rows in behaviors.tsv, 150: row must have 5 tab-separated columns",
    ]
    assert len(faults.lines()) == 2 + 10


@pytest.mark.parametrize(
    ("behaviors", "hint"),
    [
        (b"", "must have rows, got an empty file"),
        (b"\n\n", "must have rows, got an empty file"),
        (b"1,u,2019-11-09 00:00:00,,a-1 b-0\n", "it has commas where tabs are wanted"),
        (b"n1\tc\t\tTitle\t\t\t\t\n", "swapped"),
        (gzip.compress(GOOD.encode(), mtime=0), "it is gzipped, name it behaviors.tsv.gz"),
        (GOOD.encode("utf-16"), "it is UTF-16, write it as UTF-8"),
        (b"\0\0\0\0\1" + GOOD.encode(), "row must be text, got a zero byte"),
        (b"id\tuser\ttime\thistory\timpressions\n", "behaviors.tsv:1: time must be"),
    ],
)
def test_a_log_of_which_no_row_can_be_read_is_an_error_that_says_what_to_check(
    tmp_path: Path, behaviors: bytes, hint: str
) -> None:
    with pytest.raises(LogError, match=hint) as caught:
        list(log_of(tmp_path, behaviors).impressions())

    assert "\n" not in str(caught.value)


def test_news_of_which_no_row_can_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"news.tsv' must have a row that can be read.*swapped"):
        log_of(tmp_path, GOOD, f"{GOOD}\n").articles()


def test_a_header_of_news_is_no_article(tmp_path: Path) -> None:
    header = "news_id\tcategory\tsubcategory\ttitle\tabstract\turl\te\te\n"
    log = log_of(tmp_path, GOOD, header + "n1\ta\t\tFirst\t\t\t\t\n")

    assert list(log.articles()) == ["n1"]
    assert "got a header" in log.bad_rows[0].reason


def test_a_byte_order_mark_is_no_part_of_the_first_id(tmp_path: Path) -> None:
    log = log_of(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())

    assert [row.impression_id for row in log.impressions()] == ["1"]


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
    assert log.bad_rows[0].reason.endswith("left out")


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


@pytest.mark.slow
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
