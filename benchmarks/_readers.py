"""A site's readers, as what is kept of them: folded by the pipeline, then as many as are wanted.

Their rhythm is that of the portal whose clicks are known as Globo's (de Souza Pereira Moreira et
al., 2018, https://arxiv.org/abs/1808.00076): some 3.3 sessions a reader in 16 days, few for most
and many for some, 2.8 clicks each. A session is one request over 37 candidates, one impression of
ten of them, and clicks on those.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cherryrec.evaluation.generate.headlines import headline
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS
from cherryrec.events import (
    ArticlePublished,
    Click,
    Impression,
    RecommendationRequest,
    instant,
)
from cherryrec.placement import partition_of
from cherryrec.stored_requests import frozen_key, is_of_a_user, owner_of, user_key
from cherryrec.system import Input, LocalSystem
from cherryrec.text import stable_hash
from cherryrec.topics import CHANGELOGS

__all__ = ["Kept", "Session", "Site", "changelog_records", "folded", "reader_id"]

Record = tuple[str, int, bytes, bytes]
"""A changelog's name without the prefix, the partition, key and value."""

DAY_S = 86_400.0
N_DAYS = 16
N_ARTICLES_A_DAY = 250
LIVE_DAYS = 4
N_CANDIDATES, N_SHOWN = 37, 10
ZIPF = 0.8


@dataclass(frozen=True, slots=True)
class Session:
    """One visit: what was asked, shown and clicked."""

    request: RecommendationRequest
    impression: Impression
    clicks: tuple[Click, ...]


class Site:
    """Articles and sessions of 16 days; the same seed draws the same ones but for when they end.

    Parameters
    ----------
    seed
        Of all that is drawn.
    """

    def __init__(self, *, seed: int) -> None:
        self.end_s = float(int(time.time()))
        self._rng = np.random.default_rng(seed)
        births = np.arange(N_DAYS * N_ARTICLES_A_DAY) * (DAY_S / N_ARTICLES_A_DAY)
        self._born_s = self.end_s - N_DAYS * DAY_S + births
        self._liking = self._rng.permutation(len(births)) + 1.0
        self._n_sessions = 0

    def articles(self) -> Iterator[ArticlePublished]:
        """Yield every article, in the order of their births."""
        for number, born_s in enumerate(self._born_s.tolist()):
            topic, words = TOPICS[int(self._rng.integers(len(TOPICS)))]
            text = headline(self._rng, words)
            yield ArticlePublished(
                article_id=f"N{100_000 + number}",
                title=text.title,
                abstract=text.abstract,
                category=CATEGORIES[topic].name,
                published_at=instant(born_s),
            )

    def sessions(self, n_readers: int) -> list[Session]:
        """Draw all sessions of some readers, in the order of their times."""
        counts = np.minimum(np.ceil(self._rng.lognormal(0.62, 0.95, n_readers)), 60).astype(int)
        readers = np.repeat(np.arange(n_readers), counts)
        starts = self.end_s - self._rng.uniform(0.0, (N_DAYS - 1) * DAY_S, len(readers))
        order = np.argsort(starts)
        pairs = zip(readers[order].tolist(), starts[order].tolist(), strict=True)
        return [self.session(reader_id(reader), start_s) for reader, start_s in pairs]

    def session(self, user_id: str, start_s: float) -> Session:
        """Draw one session."""
        name = f"{self._n_sessions:012x}"
        self._n_sessions += 1
        first = np.searchsorted(self._born_s, start_s - LIVE_DAYS * DAY_S)
        last = max(np.searchsorted(self._born_s, start_s), first + N_CANDIDATES)
        liking = self._liking[first:last] ** -ZIPF
        chosen = first + self._rng.choice(
            len(liking), min(N_CANDIDATES, len(liking)), replace=False, p=liking / liking.sum()
        )
        ids = tuple(f"N{100_000 + one}" for one in chosen.tolist())
        n_clicks = min(1 + int(self._rng.geometric(0.55)), N_SHOWN)
        return Session(
            RecommendationRequest(
                request_id=f"r{name}",
                user_id=user_id,
                requested_at=instant(start_s),
                candidates=ids,
            ),
            Impression(
                impression_id=f"i{name}",
                user_id=user_id,
                articles=ids[:N_SHOWN],
                shown_at=instant(start_s + 1.0),
                request_id=f"r{name}",
            ),
            tuple(
                Click(
                    event_id=f"c{name}{place}",
                    user_id=user_id,
                    article_id=ids[place],
                    clicked_at=instant(start_s + 20.0 + 90.0 * k),
                    dwell_s=60.0,
                    impression_id=f"i{name}",
                )
                for k, place in enumerate(self._rng.permutation(N_SHOWN)[:n_clicks].tolist())
            ),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one reader: a profile, open requests, what is frozen by request id."""

    profile: bytes | None
    requests: bytes | None
    frozen: tuple[tuple[str, bytes], ...]


def reader_id(number: int) -> str:
    """Return a reader's id: 16 characters without an order, as a site's cookies are."""
    return f"{stable_hash(str(number)):016x}"


def folded(site: Site, articles: Iterable[ArticlePublished], n_readers: int) -> list[Kept]:
    """Fold all sessions of some readers by the pipeline; return what is kept of each at the end."""
    system = LocalSystem(is_learning=False)
    for article in articles:
        system.send(article)
    events: list[tuple[datetime, Input]] = []
    for one in site.sessions(n_readers):
        events.append((one.request.requested_at, one.request))
        events.append((one.impression.shown_at, one.impression))
        events += [(click.clicked_at, click) for click in one.clicks]
    events.sort(key=lambda pair: pair[0])
    for _, event in events:
        system.send(event)
    system.advance(site.end_s)
    frozen: dict[str, list[tuple[str, bytes]]] = {}
    for (_, key), value in system.requests.values.items():
        if is_of_a_user(key):
            user_id, request_id = owner_of(key)
            if request_id is not None:
                frozen.setdefault(user_id, []).append((request_id, value))
    names = [reader_id(number) for number in range(n_readers)]
    return [
        Kept(
            system.profiles.get(0, name),
            system.requests.get(0, user_key(name)),
            tuple(frozen.get(name, ())),
        )
        for name in names
    ]


def changelog_records(
    kept: Sequence[Kept], numbers: Iterable[int], *, n_partitions: int
) -> Iterator[Record]:
    """Yield what the changelogs hold of readers, each kept as one of those folded.

    Parameters
    ----------
    kept
        What is kept of those that were folded.
    numbers
        Which readers.
    n_partitions
        Of the topics keyed by user.
    """
    profiles, requests = CHANGELOGS
    for number in numbers:
        user_id, one = reader_id(number), kept[number % len(kept)]
        place = partition_of(user_id.encode(), n_partitions)
        if one.profile is not None:
            yield profiles, place, user_id.encode(), one.profile
        for request_id, value in one.frozen:
            yield requests, place, frozen_key(user_id, request_id).encode(), value
        if one.requests is not None:
            yield requests, place, user_key(user_id).encode(), one.requests
