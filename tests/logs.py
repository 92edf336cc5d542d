"""A small log of each format, with invented content: out of time order, with ids that repeat.

Each has one row that cannot be read, and is otherwise what a reader must take whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

__all__ = ["BEGIN_S", "WRITERS", "Written", "write_ebnerd"]

BEGIN_S = 1_573_776_000.0  # 2019-11-15 00:00:00 UTC
OFFSETS_S = (300, 0, 60, 60, 240, 120, 180)
"""When the events of a log are, in the order of its file; two at once."""


@dataclass(frozen=True, slots=True)
class Written:
    """A log that was written, and what a reader must find.

    Parameters
    ----------
    format
        Its name.
    path
        What is passed to the reader.
    offsets_s
        When its events are, in the order of its files, after `BEGIN_S`.
    bad
        File and line of the row that cannot be read.
    n_passed_over
        Rows that are no events.
    articles
        Ids of the articles it describes.
    """

    format: str
    path: Path
    offsets_s: tuple[int, ...]
    bad: tuple[str, int]
    n_passed_over: int = 0
    articles: frozenset[str] = frozenset()


def us_time(offset_s: float) -> str:
    """Return a time as MIND spells it: month, day and hour not padded."""
    time = datetime.fromtimestamp(BEGIN_S + offset_s, tz=UTC)
    hour = time.hour % 12 or 12
    return f"{time.month}/{time.day}/{time.year} {hour}:{time:%M:%S %p}"


def news(*article_ids: str) -> str:
    """Return `news.tsv` with a quote that opens and is never closed."""
    return "".join(f'{one}\tsport\tfootball\t"Late goal {one}\t\t\t[]\t[]\n' for one in article_ids)


def write_mind(folder: Path) -> Written:
    folder.mkdir()
    rows = [
        f"{number % 4}\tu{number % 3}\t{us_time(offset)}\tn0\tn1-{number % 2} n2-0 n3-1"
        for number, offset in enumerate(OFFSETS_S)
    ]
    rows.insert(2, "9\tu1\tyesterday\tn0\tn1-0")
    (folder / "behaviors.tsv").write_text("\n".join(rows) + "\n")
    (folder / "news.tsv").write_text(news("n0", "n1", "n2"))
    return Written(
        "mind", folder, OFFSETS_S, ("behaviors.tsv", 3), articles=frozenset({"n0", "n1", "n2"})
    )


def write_mind_splits(folder: Path) -> Written:
    parts = {"MINDtiny_train": OFFSETS_S[:3], "MINDtiny_dev": OFFSETS_S[3:5], "test": OFFSETS_S[5:]}
    for name, offsets in parts.items():
        (folder / name).mkdir(parents=True)
        slate = "n1 n2" if name == "test" else "n1-1 n2-0"
        rows = [
            f"{number}\tu{number}\t{us_time(offset)}\t\t{slate}"
            for number, offset in enumerate(offsets, start=1)
        ]
        if name == "test":
            rows.append("3\tu3\tnever\t\tn1 n2")
        (folder / name / "behaviors.tsv").write_text("\n".join(rows))
        (folder / name / "news.tsv").write_text(news("n1", "n2"))
    return Written(
        "mind", folder, OFFSETS_S, ("test/behaviors.tsv", 3), articles=frozenset({"n1", "n2"})
    )


def ebnerd_slates(offsets: tuple[int, ...], ids: list[int], *, is_test: bool) -> dict[str, Any]:
    """Return the columns of a `behaviors.parquet`."""
    n = len(offsets)
    begin = datetime.fromtimestamp(BEGIN_S, tz=UTC).replace(tzinfo=None)
    columns: dict[str, Any] = {
        "impression_id": ids,
        "user_id": [10 + number % 3 for number in range(n)],
        "impression_time": [begin + timedelta(seconds=offset) for offset in offsets],
        "article_ids_inview": [[1, 2, 3] for _ in range(n)],
        "session_id": [1] * n,
        "read_time": [1.5] * n,
    }
    if not is_test:
        columns["article_ids_clicked"] = [[2] for _ in range(n)]
        columns["next_read_time"] = [20.0, *[None] * (n - 1)]
    return columns


def write_parquet(path: Path, columns: dict[str, Any]) -> None:
    """Write a file with two rows to a group, ids as unsigned numbers of 32 bits."""
    pa = pytest.importorskip("pyarrow", reason="the extra `logs` is not installed")
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {
        "impression_id": pa.uint32(),
        "user_id": pa.uint32(),
        "impression_time": pa.timestamp("us"),
        "article_ids_inview": pa.list_(pa.int32()),
        "article_ids_clicked": pa.list_(pa.int32()),
        "article_id_fixed": pa.list_(pa.int32()),
        "next_read_time": pa.float32(),
        "published_time": pa.timestamp("us"),
    }
    arrays = {name: pa.array(values, kinds.get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), path, row_group_size=2)


def write_ebnerd(folder: Path) -> Written:
    bad = ebnerd_slates((600,), [99], is_test=False)
    bad["article_ids_clicked"] = [[77]]  # not of the slate
    train = ebnerd_slates(OFFSETS_S[:4], [5, 4, 7, 6], is_test=False)
    train = {name: values + bad[name] for name, values in train.items()}
    write_parquet(folder / "train/behaviors.parquet", train)
    write_parquet(
        folder / "test/behaviors.parquet", ebnerd_slates(OFFSETS_S[4:], [0, 0, 8], is_test=True)
    )
    for split in ("train", "test"):
        history = {"user_id": [12, 10], "article_id_fixed": [[3, 1], [2]]}
        write_parquet(folder / split / "history.parquet", history)
    begin = datetime.fromtimestamp(BEGIN_S, tz=UTC).replace(tzinfo=None)
    articles = {
        "article_id": [1, 2],
        "title": ["Sent mål", ""],
        "subtitle": ["I overtiden", None],
        "category": [118, 140],
        "category_str": ["sport", "nyheder"],
        "subcategory": [[5, 6], []],
        "ner_clusters": [["Brøndby", "Brøndby"], []],
        "published_time": [begin - timedelta(hours=1), begin + timedelta(seconds=100)],
    }
    write_parquet(folder / "articles.parquet", articles)
    return Written(
        "ebnerd", folder, OFFSETS_S, ("train/behaviors.parquet", 5), articles=frozenset({"1", "2"})
    )


def write_globo(folder: Path) -> Written:
    header = (
        "user_id,session_id,session_start,session_size,click_article_id,click_timestamp,"
        "click_environment,click_deviceGroup,click_os,click_country,click_region,"
        "click_referrer_type\n"
    )
    (folder / "clicks").mkdir(parents=True)
    rows = [
        f"{9 - number},{number},1,2,{number % 3},{round(1000 * (BEGIN_S + offset))},4,3,2,1,21,2\n"
        for number, offset in enumerate(OFFSETS_S)
    ]
    (folder / "clicks/clicks_hour_000.csv").write_text(header + "".join(rows[:4]))
    (folder / "clicks/clicks_hour_001.csv").write_text(
        header + "".join(rows[4:]) + "1,1,1,2,5,soon,4,3,2,1,21,2\n"
    )
    created = round(1000 * BEGIN_S)
    (folder / "articles_metadata.csv").write_text(
        "article_id,category_id,created_at_ts,publisher_id,words_count\n"
        f"0,17,{created},0,120\n1,18,{created + 10_000},0,90\n"
    )
    return Written(
        "globo", folder, OFFSETS_S, ("clicks_hour_001.csv", 5), articles=frozenset({"0", "1"})
    )


def write_clicks(folder: Path) -> Written:
    folder.mkdir()
    rows = [
        f"u{number % 3},s,a{number},{round(1000 * (BEGIN_S + offset))}\n"
        for number, offset in enumerate(OFFSETS_S)
    ]
    header = "user_id,session_id,article_id,time_ms\n"
    (folder / "clicks.csv").write_text(header + "".join(rows) + "u1,s,a1,1600000000\n")
    return Written("clicks", folder, OFFSETS_S, ("clicks.csv", 9))


def adressa_event(number: int, offset_s: int, **keys: Any) -> str:
    """Return an event of the front page, or with an id of an article."""
    event = {
        "eventId": 7,  # repeats
        "time": round(BEGIN_S) + offset_s,
        "userId": f"cx:{number % 3}",
        "url": "http://adressa.no/pluss/a.ece" if "id" in keys else "http://adressa.no",
        "sessionStart": False,
        "sessionStop": False,
        "author": ["A", "B"] if number % 2 else "A",
    }
    return json.dumps({**event, **keys})


def adressa_article(article_id: str, *, is_article: bool = True) -> dict[str, Any]:
    """Return the keys that an event of a page has."""
    groups = [{"group": "pageclass", "count": 1, "weight": 1.0}]
    item = "article" if is_article else "frontpage"
    return {
        "id": article_id,
        "canonicalUrl": f"http://adressa.no/{article_id}",
        "title": f"Val\u00adg {article_id}",
        "category1": "nyheter|trondheim",
        "keywords": "valg,kommune",
        "publishtime": "2019-11-15T00:02:00.000Z",
        "profile": [{"item": item, "groups": groups}],
    }


def write_adressa(folder: Path) -> Written:
    days = folder / "one_week"
    days.mkdir(parents=True)
    events = [
        adressa_event(number, offset, activeTime=30, **adressa_article(f"a{number % 2}"))
        for number, offset in enumerate(OFFSETS_S)
    ]
    front = adressa_event(0, 10)
    listed = adressa_event(1, 10, **adressa_article("list", is_article=False))
    (days / "20191115").write_text("\n".join([front, *events[:3], listed]) + "\n")
    (days / "20191116").write_text("\n".join([*events[3:], '{"time": "late"}']) + "\n")
    (folder / "contentdata").mkdir()
    fields = [
        {"field": "title", "value": "Valg"},
        {"field": "body", "value": ["Kommune\u00advalg i dag.", "Mer."]},
    ]
    content = {"id": "other", "url": "http://adressa.no/a0", "fields": fields}
    (folder / "contentdata/a0").write_text(f"null\n{json.dumps(content)}\nnull\n")
    return Written(
        "adressa",
        folder,
        OFFSETS_S,
        ("20191116", 5),
        n_passed_over=2,
        articles=frozenset({"a0", "a1"}),
    )


def write_r6a(folder: Path) -> Written:
    folder.mkdir()
    features = "2:0.5 3:0.25 1:1.000000"
    rows = [
        f"{round(BEGIN_S) + offset} 11 {number % 2} |user {features} |10 {features} "
        f"|11 {features} |12"
        for number, offset in enumerate(OFFSETS_S)
    ]
    rows.append(f"{round(BEGIN_S)} 12 0 |user {features} |10 {features} |12")  # 12 is dropped
    (folder / "ydata-fp-td-clicks-v1_0.20191115").write_text("\n".join(rows) + "\n")
    return Written("r6a", folder, OFFSETS_S, ("ydata-fp-td-clicks-v1_0.20191115", 8))


def write_r6b(folder: Path) -> Written:
    folder.mkdir()
    rows = [
        f"{round(BEGIN_S) + offset} id-11 {number % 2} |user 1 9 3 |id-10 |id-11 "
        for number, offset in enumerate(OFFSETS_S)
    ]
    rows.insert(1, f"{round(BEGIN_S)} id-12 0 |user 1 |id-10 |id-11 ")
    (folder / "ydata-fp-td-clicks-v2_0.20191115").write_text("\n".join(rows) + "\n")
    return Written("r6b", folder, OFFSETS_S, ("ydata-fp-td-clicks-v2_0.20191115", 2))


def plista_line(
    number: int, offset_s: int, *, kind: str = "impression", user: int = 5, article: int = 7
) -> str:
    """Return a line; keywords are an empty list where there are none."""
    clusters: dict[str, Any] = {"33": [] if number % 2 else {"123": 4}}
    context = {"simple": {"27": 35774, "25": article}, "clusters": clusters, "lists": {"11": [81]}}
    linked = {"userID": user, "itemID": article, "domainID": 35774}
    time_ms = round(1000 * (BEGIN_S + offset_s))
    properties = json.dumps({"event_type": kind, "context": context})
    return f"{kind}\t1\t{time_ms}\t{properties}\t{json.dumps(linked)}\t"


def write_plista(folder: Path) -> Written:
    folder.mkdir()
    rows = [
        plista_line(number, offset, user=number % 2 * 5, article=7 + number % 2)
        for number, offset in enumerate(OFFSETS_S)
    ]
    rows += [plista_line(0, 0, kind="recommendation"), plista_line(0, 0, article=0)]
    (folder / "stream.tsv").write_text("\n".join(rows) + "\n")
    return Written(
        "plista",
        folder,
        OFFSETS_S,
        ("stream.tsv", 9),
        n_passed_over=1,
        articles=frozenset({"7", "8"}),
    )


WRITERS: dict[str, Callable[[Path], Written]] = {
    "mind": write_mind,
    "mind splits": write_mind_splits,
    "ebnerd": write_ebnerd,
    "globo": write_globo,
    "adressa": write_adressa,
    "r6a": write_r6a,
    "r6b": write_r6b,
    "plista": write_plista,
    "clicks": write_clicks,
}
"""Name → what writes such a log into a folder that is not there yet."""
