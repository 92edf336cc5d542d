"""Values that look like one and are none: a row is refused, an odd date alone is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cherryrec.evaluation.logs.adressa import AdressaLog
from cherryrec.evaluation.logs.click_file import ClickFiles
from cherryrec.evaluation.logs.ebnerd import EbnerdLog
from cherryrec.evaluation.logs.globo import GloboLog
from cherryrec.evaluation.logs.plista import PlistaLog
from cherryrec.evaluation.logs.yahoo import YahooLog
from cherryrec.evaluation.logs.yahoo_r6a import YahooR6ALog
from cherryrec.evaluation.logs.yahoo_r6b import YahooR6BLog
from tests.logs import (
    BEGIN_S,
    adressa_article,
    adressa_event,
    plista_line,
    write_ebnerd,
    write_globo,
    write_parquet,
)

LONG = "x" * 257
TIME_S = round(BEGIN_S)
R6A = f"{TIME_S} 10 0 |user 2:0.5 1:1.0 |10 2:0.5 1:1.0"
R6B = f"{TIME_S} id-10 0 |user 1 9 |id-10 |id-11"


@pytest.mark.parametrize("name", ["userID", "itemID"])
def test_a_long_id_of_plista_is_refused(tmp_path: Path, name: str) -> None:
    fields = plista_line(0, 0).split("\t")
    fields[4] = json.dumps({**json.loads(fields[4]), name: LONG})
    (tmp_path / "stream.tsv").write_text("\t".join(fields) + f"\n{plista_line(0, 0)}\n")
    log = PlistaLog(tmp_path)

    assert len(list(log.clicks())) == 1
    assert f"1: {name} must be 1 to 256 characters" in str(log.bad_rows[0])


def test_a_long_id_of_adressa_is_refused(tmp_path: Path) -> None:
    events = [adressa_event(0, 0, **adressa_article(name)) for name in (LONG, "a")]
    (tmp_path / "20191115").write_text("\n".join(events))
    log = AdressaLog(tmp_path)

    assert [click.article_id for click in log.clicks()] == ["a"]
    assert "id must be 1 to 256 characters" in str(log.bad_rows[0])


@pytest.mark.parametrize(
    "time", ["1_573_776_000_000", "+1573776000000", "١٥٧٣٧٧٦٠٠٠٠٠٠", "1" * 5000]
)
def test_milliseconds_are_digits_alone(tmp_path: Path, time: str) -> None:
    header = "user_id,session_id,article_id,time_ms\n"
    (tmp_path / "clicks.csv").write_text(f"{header}u,s,a,{time}\nu,s,a,{TIME_S}000\n")
    log = ClickFiles(tmp_path)

    assert [click.clicked_at for click in log.clicks()] == [BEGIN_S]
    assert "time_ms must be whole milliseconds since the epoch" in str(log.bad_rows[0])


@pytest.mark.parametrize(
    ("reader", "good", "bad", "said"),
    [
        (YahooR6ALog, R6A, R6A.replace("2:0.5", "2:nan"), "a colon and a finite value, got '2:nan"),
        (YahooR6ALog, R6A, R6A.replace("2:0.5", "2:1e999"), "a finite value, got '2:1e999'"),
        (YahooR6ALog, R6A, R6A.replace("2:0.5", "1:0.5"), "features must be named once each"),
        (YahooR6ALog, R6A, R6A.replace("|user 2:0.5 1:1.0 ", ""), "have a block |user, got 0"),
        (YahooR6ALog, R6A, R6A.replace("10", LONG), "article must be 1 to 256 characters"),
        (YahooR6BLog, R6B, R6B.replace("|user 1 9 ", ""), "must have a block |user, got 0"),
        (YahooR6BLog, R6B, R6B.replace("|user", "|user 1 |user"), "a block |user, got 2"),
        (YahooR6BLog, R6B, f"{R6B} |banana", "article must be id- and a number, got 'banana"),
        (YahooR6BLog, R6B, f"{R6B} |id-", "article must be id- and a number, got 'id-"),
        (YahooR6BLog, R6B, f"{R6B} |id-12 1:1", "article must be id- and a number, got 'id-12 1"),
        (YahooR6BLog, R6B, R6B.replace("1 9", "1 ²"), "features must be numbers, got '1 ²'"),
    ],
)
def test_a_display_that_looks_like_one_is_refused(
    tmp_path: Path, reader: Callable[[Path], YahooLog], good: str, bad: str, said: str
) -> None:
    path = tmp_path / "day"
    path.write_text(f"{bad}\n{good}\n")
    log = reader(path)

    assert [display.shown_at for display in log.displays()] == [BEGIN_S]
    assert (log.bad_rows[0].line, said in log.bad_rows[0].reason) == (1, True)


def test_an_article_of_globo_stays_without_its_odd_date(tmp_path: Path) -> None:
    folder = write_globo(tmp_path / "log").path
    (folder / "articles_metadata.csv").write_text("article_id,category_id,created_at_ts\n0,17,0\n")
    log = GloboLog(folder)

    article = log.articles()["0"]

    assert (article.category, article.published_at) == ("17", None)
    assert "created_at_ts must be milliseconds of 1990" in str(log.bad_rows[0])


def test_an_article_of_ebnerd_stays_without_its_odd_date(tmp_path: Path) -> None:
    folder = write_ebnerd(tmp_path / "log").path
    odd = datetime(1900, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    columns = {"article_id": [1], "title": ["Sent mål"], "published_time": [odd]}
    write_parquet(folder / "articles.parquet", columns)
    log = EbnerdLog(folder)

    article = log.articles()["1"]

    assert (article.title, article.published_at) == ("Sent mål", None)
    assert "published_time must be from 1990" in str(log.bad_rows[0])
