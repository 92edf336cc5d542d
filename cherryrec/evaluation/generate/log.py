"""Writing a generated log: the two files of MIND's format, and the truth."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.evaluation.generate.headlines import Entity
from cherryrec.evaluation.generate.slates import MIN_SIZE, histories, slates
from cherryrec.evaluation.generate.truth import TRUTH_FILE, Truth
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS, World, build_world
from cherryrec.evaluation.metrics import auc

__all__ = ["generate_log"]

STARTS_AT = 1_767_571_200.0
"""Monday 5 January 2026, 00:00 UTC, unless the caller says otherwise."""


def generate_log(
    folder: str | Path,
    *,
    n_users: int = 300,
    n_articles: int = 800,
    n_impressions: int = 1_500,
    days: float = 2.0,
    seed: int = 0,
    starts_at: float = STARTS_AT,
) -> Truth:
    """Write a synthetic log in MIND's format with known truth; the same arguments, the same bytes.

    Parameters
    ----------
    folder
        Where `behaviors.tsv.gz`, `news.tsv.gz` and `truth.json.gz` go; made if it is not there.
    n_users
        At least 1.
    n_articles
        A quarter of them from the week before, which the histories come from; at least 64.
    n_impressions
        At least 1.
    days
        Length of the log; above 0.
    seed
        At least 0.
    starts_at
        Event time of the start, UTC seconds.
    """
    _check("n_users", n_users, at_least=1)
    _check("n_articles", n_articles, at_least=8 * MIN_SIZE)
    _check("n_impressions", n_impressions, at_least=1)
    _check("days", days, at_least=0.01)
    _check("seed", seed, at_least=0)
    rng = np.random.default_rng(seed)
    world = build_world(rng, n_users=n_users, n_articles=n_articles, starts_at=starts_at, days=days)
    read = histories(rng, world)
    history_columns = [_ids(world, articles) for articles in read]
    rows: list[str] = []
    chances: dict[str, tuple[float, ...]] = {}
    aucs: list[float] = []
    n_clicks = 0
    for number, slate in enumerate(slates(rng, world, n_impressions, read), start=1):
        candidates = " ".join(
            f"{world.article_ids[article]}-{int(clicked)}"
            for article, clicked in zip(slate.articles, slate.clicked, strict=True)
        )
        time = _us_time(slate.shown_at)
        history = history_columns[slate.user]
        rows.append(f"{number}\tU{slate.user + 1}\t{time}\t{history}\t{candidates}\n")
        chances[str(number)] = tuple(round(p, 6) for p in slate.probabilities.tolist())
        aucs.append(auc(slate.probabilities, slate.clicked))
        n_clicks += int(slate.clicked.sum())
    truth = Truth(seed, n_clicks, round(float(np.nanmean(aucs)), 6), world.stories, chances)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    _pack(target / "behaviors.tsv.gz", "".join(rows).encode())
    _pack(target / "news.tsv.gz", _news(world).encode())
    _pack(target / TRUTH_FILE, truth.encode())
    return truth


def _news(world: World) -> str:
    """Return news.tsv, ordered by article id so that the order says nothing."""
    rows = []
    for number, article_id in enumerate(world.article_ids):
        category, topic = TOPICS[int(world.topic[number])]
        title, abstract, entities = world.headlines[number]
        url = f"https://news.example/{article_id}"
        columns = (article_id, CATEGORIES[category].name, topic.name, title, abstract, url)
        rows.append("\t".join((*columns, _entities_json(entities, title), "[]")) + "\n")
    return "".join(sorted(rows))


def _entities_json(entities: tuple[Entity, ...], title: str) -> str:
    """Return entities as MIND writes them."""
    return json.dumps(
        [
            {
                "Label": entity.label,
                "Type": entity.type,
                "WikidataId": entity.entity_id,
                "Confidence": 1.0,
                "OccurrenceOffsets": [title.index(entity.label)],
                "SurfaceForms": [entity.label],
            }
            for entity in entities
        ]
    )


def _ids(world: World, articles: NDArray[np.int64]) -> str:
    """Return a history column."""
    return " ".join(world.article_ids[article] for article in articles.tolist())


def _us_time(time_s: float) -> str:
    """Return a time as MIND writes it."""
    moment = datetime.fromtimestamp(time_s, UTC)
    hour = (moment.hour + 11) % 12 + 1
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"


def _pack(path: Path, raw: bytes) -> None:
    """Write a gzip file whose bytes depend on its content alone."""
    path.write_bytes(gzip.compress(raw, compresslevel=6, mtime=0))


def _check(name: str, value: float, *, at_least: float) -> None:
    """Refuse an argument that makes no log."""
    if not value >= at_least:
        message = f"{name} must be at least {at_least}, got {value!r}"
        raise ConfigError(message)
