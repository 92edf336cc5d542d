"""Files of each log format of about a wanted size, from a seed, with invented content."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

__all__ = ["WRITERS"]

BEGIN_S = 1_573_776_000
N_ARTICLES = 5_000
N_USERS = 20_000
SLATE = 20
HISTORY = 30


def clock(n: int) -> datetime:
    """Return the time of the n-th event, a hundred a second, without a zone."""
    begin = datetime.fromtimestamp(BEGIN_S, tz=UTC).replace(tzinfo=None)
    return begin + timedelta(seconds=n // 100)


def write_lines(path: Path, n_bytes: int, lines: Iterator[str], header: str = "") -> int:
    """Write lines until a file has its size, every thousand of them in another order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = n = 0
    rng = np.random.default_rng(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(header)
        while written < n_bytes:
            held = [next(lines) for _ in range(1_000)]
            text = "".join(held[k] for k in rng.permutation(len(held)))
            file.write(text)
            written += len(text)
            n += len(held)
    return n


def slates(seed: int) -> Iterator[tuple[int, int, list[int], int]]:
    """Yield number, reader, slate and clicked article, without end."""
    rng = np.random.default_rng(seed)
    n = 0
    while True:
        users = rng.integers(1, N_USERS, 1_000).tolist()
        articles = rng.integers(0, N_ARTICLES - SLATE, 1_000).tolist()
        for user, first in zip(users, articles, strict=True):
            yield n, user, list(range(first, first + SLATE)), first + n % SLATE
            n += 1


def mind(folder: Path, n_bytes: int, seed: int) -> int:
    """MIND: one split."""

    def lines() -> Iterator[str]:
        for n, user, slate, clicked in slates(seed):
            time = clock(n)
            hour = time.hour % 12 or 12
            at = f"{time.month}/{time.day}/{time.year} {hour}:{time:%M:%S %p}"
            history = " ".join(f"N{user % 100 + k}" for k in range(HISTORY))
            shown = " ".join(f"N{one}-{int(one == clicked)}" for one in slate)
            yield f"{n + 1}\tU{user}\t{at}\t{history}\t{shown}\n"

    (folder / "news.tsv").write_text(
        "".join(f"N{n}\tsport\t\tTitle {n}\t\t\t[]\t[]\n" for n in range(N_ARTICLES))
    )
    return write_lines(folder / "behaviors.tsv", n_bytes, lines())


def ebnerd(folder: Path, n_bytes: int, seed: int) -> int:
    """EB-NeRD: one split, about 110 bytes a row as parquet writes it without packing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "train").mkdir()
    schema = pa.schema(
        [
            ("impression_id", pa.uint32()),
            ("user_id", pa.uint32()),
            ("impression_time", pa.timestamp("us")),
            ("article_ids_inview", pa.list_(pa.int32())),
            ("article_ids_clicked", pa.list_(pa.int32())),
            ("next_read_time", pa.float32()),
        ]
    )
    path, n = folder / "train/behaviors.parquet", 0
    rows = slates(seed)
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        while path.stat().st_size < n_bytes:
            held = [next(rows) for _ in range(10_000)]
            columns = [
                [one[0] for one in held],
                [one[1] for one in held],
                [clock(one[0]) for one in held],
                [one[2] for one in held],
                [[one[3]] for one in held],
                [20.0] * len(held),
            ]
            arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))
            n += len(held)
    users = list(range(1, N_USERS))
    history = pa.table(
        {
            "user_id": pa.array(users, pa.uint32()),
            "article_id_fixed": pa.array(
                [[user % 100 + k for k in range(HISTORY)] for user in users], pa.list_(pa.int32())
            ),
        }
    )
    pq.write_table(history, folder / "train/history.parquet")
    numbers = list(range(N_ARTICLES))
    articles = {"article_id": numbers, "title": [f"Title {n}" for n in numbers]}
    pq.write_table(pa.table(articles), folder / "articles.parquet")
    return n


def globo(folder: Path, n_bytes: int, seed: int) -> int:
    """Globo.com: one file of clicks."""
    header = (
        "user_id,session_id,session_start,session_size,click_article_id,click_timestamp,"
        "click_environment,click_deviceGroup,click_os,click_country,click_region,"
        "click_referrer_type\n"
    )
    lines = (
        f"{user},{n},1,2,{clicked},{1_000 * BEGIN_S + 10 * n},4,3,2,1,21,2\n"
        for n, user, _, clicked in slates(seed)
    )
    return write_lines(folder / "clicks/clicks_hour_000.csv", n_bytes, lines, header)


def clicks(folder: Path, n_bytes: int, seed: int) -> int:
    """Columns of clicks."""
    lines = (
        f"{user},{n},{clicked},{1_000 * BEGIN_S + 10 * n}\n" for n, user, _, clicked in slates(seed)
    )
    header = "user_id,session_id,article_id,time_ms\n"
    return write_lines(folder / "clicks.csv", n_bytes, lines, header)


def adressa(folder: Path, n_bytes: int, seed: int) -> int:
    """Adressa: one day, a third of the events of articles."""

    def lines() -> Iterator[str]:
        groups = [{"group": "pageclass", "count": 1, "weight": 1.0}]
        for n, user, _, clicked in slates(seed):
            event = {
                "eventId": n,
                "time": BEGIN_S + n // 100,
                "userId": f"cx:{user}",
                "url": "http://x.no",
            }
            if n % 3 == 0:
                event |= {
                    "id": f"{clicked:040x}",
                    "title": f"Title {clicked}",
                    "canonicalUrl": f"http://x.no/{clicked}",
                    "category1": "nyheter|lokalt",
                    "activeTime": 30,
                    "profile": [{"item": "article", "groups": groups}],
                }
            yield json.dumps(event) + "\n"

    return write_lines(folder / "one_week/20191115", n_bytes, lines())


def r6a(folder: Path, n_bytes: int, seed: int) -> int:
    """Yahoo! R6A: one day, pools of 20."""
    features = " ".join(f"{k}:0.123456" for k in range(2, 7)) + " 1:1.000000"
    lines = (
        f"{BEGIN_S + n // 100} {clicked} {n % 2} |user {features} "
        + " ".join(f"|{one} {features}" for one in slate)
        + "\n"
        for n, _, slate, clicked in slates(seed)
    )
    return write_lines(folder / "ydata-fp-td-clicks-v1_0.20191115", n_bytes, lines)


def r6b(folder: Path, n_bytes: int, seed: int) -> int:
    """Yahoo! R6B: one day, pools of 20."""
    lines = (
        f"{BEGIN_S + n // 100} id-{clicked} {n % 2} |user 1 9 11 13 23 16 18 17 19 15 "
        + " ".join(f"|id-{one}" for one in slate)
        + " \n"
        for n, _, slate, clicked in slates(seed)
    )
    return write_lines(folder / "ydata-fp-td-clicks-v2_0.20191115", n_bytes, lines)


def plista(folder: Path, n_bytes: int, seed: int) -> int:
    """Stream of plista: every second line a click."""

    def lines() -> Iterator[str]:
        for n, user, _, clicked in slates(seed):
            kind = "impression" if n % 2 else "recommendation"
            context = {
                "simple": {"27": 35774, "57": user},
                "clusters": {"33": {"123": 4, "456": 2}},
                "lists": {"11": [81]},
            }
            properties = json.dumps({"event_type": kind, "context": context})
            linked = json.dumps({"userID": user, "itemID": clicked, "domainID": 35774})
            yield f"{kind}\t{n}\t{1_000 * BEGIN_S + 10 * n}\t{properties}\t{linked}\t\n"

    return write_lines(folder / "stream.tsv", n_bytes, lines())


WRITERS: dict[str, Callable[[Path, int, int], int]] = {
    "mind": mind,
    "ebnerd": ebnerd,
    "globo": globo,
    "adressa": adressa,
    "r6a": r6a,
    "r6b": r6b,
    "plista": plista,
    "clicks": clicks,
}
"""Format → what writes a log of about so many bytes into a folder; returns its rows."""
