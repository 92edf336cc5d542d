"""What the gateway knows of articles: the workers' own catalogue and counters, followed.

The same code as in a worker, so that what is popular here is what is popular there.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace

import msgspec
import numpy as np
from aiokafka.structs import ConsumerRecord

from cherryrec.activity import Shard
from cherryrec.catalogue import Catalogue
from cherryrec.codec import decode
from cherryrec.errors import BadMessage
from cherryrec.events import (
    ArticleActivity,
    ArticlePublished,
    Recommendation,
    RecommendationRequest,
    instant,
    seconds,
)
from cherryrec.events.base import Count, Fraction, Time
from cherryrec.pipeline import PipelineConfig
from cherryrec.pipeline.popular import PopularSlates
from cherryrec.pipeline.times import as_of
from cherryrec.topics import topic_named
from streams.agents import TopicRules
from streams.gateway.slates import articles_in

__all__ = ["ArticleNumbers", "Articles", "Lately"]

logger = logging.getLogger(__name__)

MINUTES = 60
"""How far back it is counted how often articles were recommended."""


class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """Views and clicks decayed at one half-life, in seconds, as of now."""

    half_life_s: float
    views: float
    clicks: float


class ArticleNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an article, in numbers.

    `is_live` says that it may be recommended from the whole catalogue. `story_likeness` is how near
    it is to the nearest article that came before it, 0 to 1: near 1 it tells the same story again.
    `readers` are those whose history holds it. `recommended` counts slates of the last hour that
    name it, as far as this gateway has read. `published_at` and `age_s` are null where the article
    gave no time and was never shown, `title` and `category` where its own message has not come.
    """

    article_id: str
    title: str | None = None
    category: str | None = None
    published_at: Time | None = None
    age_s: float | None = None
    is_live: bool = False
    is_retracted: bool = False
    is_under_embargo: bool = False
    story_likeness: Fraction = 0.0
    views: Count = 0
    clicks: Count = 0
    readers: Count = 0
    lately: tuple[Lately, ...] = ()
    recommended: Count = 0


class Articles:
    """A catalogue that follows `articles`, `article-activity` and `recommendations`.

    Parameters
    ----------
    core
        The workers' settings. Token vectors are left out: they serve ranking alone.
    rules
        How the workers read articles.
    """

    def __init__(self, core: PipelineConfig, rules: TopicRules) -> None:
        self.catalogue = Catalogue(
            core.attention.half_lives_s,
            replace(core.catalogue, token_vectors="none", sentence_model="none"),
        )
        self._attention = core.attention
        self._rules = rules
        self._shards: dict[int, Shard] = {}
        self._popular = PopularSlates(self.catalogue)
        self._minutes: dict[int, Counter[str]] = {}
        self._newest_minute = 0

    def article(self, record: ConsumerRecord) -> None:
        """Follow what the workers accept as an article."""
        arrived_s = record.timestamp / 1e3
        try:
            article_id, article = self._rules.read(record.key, record.value, arrived_s=arrived_s)
        except BadMessage:
            return  # a worker writes it down
        now_s = max(self.catalogue.reached_s, 0.0) or arrived_s
        if isinstance(article, ArticlePublished) and article.published_at is not None:
            now_s = seconds(article.published_at)
        assert article is None or isinstance(article, ArticlePublished), "the rules say so"
        self.catalogue.put(article_id, article, now_s, arrived_s=arrived_s)

    def activity(self, record: ConsumerRecord) -> None:
        """Take over a bucket of counters."""
        if record.value is None:
            return
        try:
            limit = topic_named("article-activity").max_message_bytes
            message = decode(ArticleActivity, record.value, max_bytes=limit)
            shard = self._shards.get(message.partition)
            if shard is None:
                shard = Shard(message.partition, self.catalogue, self._attention)
                self._shards[message.partition] = shard
            shard.follow(message)
        except BadMessage as error:
            logger.error("activity at offset %d is not followed: %s", record.offset, error)

    def recommended(self, record: ConsumerRecord) -> None:
        """Count what a slate names, in the minute in which the broker took it."""
        if record.value is None:
            return
        minute = record.timestamp // 60_000
        if minute > self._newest_minute:
            self._newest_minute = minute
            for old in [one for one in self._minutes if one <= minute - MINUTES]:
                del self._minutes[old]
        if minute > self._newest_minute - MINUTES:
            counts = self._minutes.setdefault(minute, Counter())
            counts.update(articles_in(record.value))

    def popular(self, request: RecommendationRequest, *, now_s: float) -> Recommendation:
        """Return what is read most now, without what the request excludes; maybe no article.

        The request is asked as of its time within what workers allow.
        """
        self.catalogue.release(now_s)
        request = as_of(request, self.catalogue.reached_s, arrived_s=now_s)
        return self._popular.answer(request, clock_s=now_s, degraded="request_late")

    def withheld(self, value: bytes, *, now_s: float) -> frozenset[str]:
        """Return the articles of a published slate that were taken out since, or are to come."""
        catalogue = self.catalogue
        catalogue.release(now_s)
        return frozenset(filter(catalogue.is_withheld, articles_in(value)))

    def numbers(self, article_id: str, *, now_s: float) -> ArticleNumbers | None:
        """Return what is known of an article; None where nothing is."""
        catalogue = self.catalogue
        catalogue.release(now_s)
        is_held = article_id in catalogue.embargo
        if article_id not in catalogue.row_of and not is_held:
            return None
        rows = catalogue.known_rows([article_id])
        numbers = ArticleNumbers(
            article_id=article_id,
            is_under_embargo=is_held,
            recommended=self._n_recommended(article_id, now_s),
        )
        if not rows.size:
            return numbers
        row, totals = int(rows[0]), catalogue.totals
        born_s, published_s = float(catalogue.born(rows)[0]), float(catalogue.published[row])
        views, clicks, readers = (round(n) for n in totals.totals(rows)[0].tolist())
        of_now = (totals.views(rows, now_s)[0].tolist(), totals.clicks(rows, now_s)[0].tolist())
        return msgspec.structs.replace(
            numbers,
            title=catalogue.titles[row] or None,
            category=catalogue.categories.name(int(catalogue.category[row])) or None,
            published_at=None if np.isnan(published_s) else instant(published_s),
            age_s=None if np.isnan(born_s) else max(0.0, now_s - born_s),
            is_live=row in catalogue.live_rows(now_s),
            is_retracted=bool(catalogue.retracted[row]),
            story_likeness=float(catalogue.story_similarity[row]),
            views=views,
            clicks=clicks,
            readers=readers,
            lately=tuple(
                Lately(half_life_s=half_life_s, views=n_views, clicks=n_clicks)
                for half_life_s, n_views, n_clicks in zip(
                    self._attention.half_lives_s, *of_now, strict=True
                )
            ),
        )

    def _n_recommended(self, article_id: str, now_s: float) -> int:
        since = now_s // 60 - MINUTES
        return sum(
            counts[article_id] for minute, counts in self._minutes.items() if minute >= since
        )
