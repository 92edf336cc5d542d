"""The generated world: articles that appear and age, stories that break, users who drift.

Letters of array shapes: N articles, U users, T topics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.generate.headlines import Headline, headline, story_headline
from cherryrec.evaluation.generate.words import CATEGORIES, PLACES

__all__ = ["Story", "World", "build_world", "rhythm"]

DAY_S = 86_400.0
ARCHIVE_DAYS = 7.0
"""Days before the log's start in which the articles of the histories appeared."""

QUALITY_DEVIATION = 0.8
"""Standard deviation of what draws everybody to an article, whatever it is about."""

TOPICS = tuple(
    (category, topic)
    for category in range(len(CATEGORIES))
    for topic in CATEGORIES[category].topics
)
CATEGORY_OF = np.array([category for category, _ in TOPICS])  # (T,)
HALF_LIVES_S = np.array([CATEGORIES[c].half_life_h * 3600.0 for c, _ in TOPICS])  # (T,)


@dataclass(frozen=True, slots=True)
class Story:
    """A breaking story: a cluster of articles that draw attention for a while."""

    breaks_at: float
    peak: float
    half_life_s: float
    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Everything the clicks follow from.

    Parameters
    ----------
    article_ids
        In order of publication; the ids themselves are shuffled and say nothing, N of them.
    headlines
        One per article, N of them.
    topic, published_at, quality, story
        Per article: position in `TOPICS`, event time, appeal to everybody, position in
        `stories` or -1; (N,) each.
    stories
        The breaking stories.
    interest_first, interest_last
        Each user's interest in each topic when the log starts and when it ends, (U, T).
    activity
        Each user's share of the impressions, (U,).
    starts_at, ends_at
        Event time, UTC seconds.
    """

    article_ids: tuple[str, ...]
    headlines: tuple[Headline, ...]
    topic: NDArray[np.int64]
    published_at: NDArray[np.float64]
    quality: NDArray[np.float64]
    story: NDArray[np.int64]
    stories: tuple[Story, ...]
    interest_first: NDArray[np.float64]
    interest_last: NDArray[np.float64]
    activity: NDArray[np.float64]
    starts_at: float
    ends_at: float

    def interest(self, user: int, now: float) -> NDArray[np.float64]:
        """Return a user's interest in each topic at a time, (T,); it drifts evenly."""
        share = min(max((now - self.starts_at) / (self.ends_at - self.starts_at), 0.0), 1.0)
        first, last = self.interest_first[user], self.interest_last[user]  # (T,), (T,)
        drifted: NDArray[np.float64] = first + share * (last - first)
        return drifted

    def appeal(self, articles: NDArray[np.int64], now: float) -> NDArray[np.float64]:
        """Return what draws everybody at a time: quality, freshness, breaking stories, (n,)."""
        age_s = now - self.published_at[articles]
        fresh = 2.0 ** (-age_s / HALF_LIVES_S[self.topic[articles]])
        drawn: NDArray[np.float64] = self.quality[articles] + 1.5 * fresh
        for position, number in enumerate(self.story[articles].tolist()):
            if number >= 0:
                story = self.stories[number]
                drawn[position] += story.peak * 2.0 ** (
                    -max(now - story.breaks_at, 0.0) / story.half_life_s
                )
        return drawn


def build_world(
    rng: np.random.Generator, *, n_users: int, n_articles: int, starts_at: float, days: float
) -> World:
    """Draw a world; the rng decides everything."""
    ends_at = starts_at + days * DAY_S
    n_archive = n_articles // 4
    archive = rng.uniform(starts_at - ARCHIVE_DAYS * DAY_S, starts_at, n_archive)
    fresh = rhythm(rng, n_articles - n_archive, starts_at - DAY_S / 4, ends_at)
    published_at = np.sort(np.round(np.concatenate([archive, fresh])))  # (N,)
    topic = rng.choice(len(TOPICS), size=n_articles, p=rng.dirichlet(np.full(len(TOPICS), 6.0)))
    ids = tuple(f"N{10_001 + number}" for number in rng.permutation(n_articles).tolist())
    story, stories = _stories(rng, published_at, topic, ids, starts_at=starts_at, ends_at=ends_at)
    interest_first = _interests(rng, n_users)
    moved = rng.random((n_users, 1)) * 0.6  # (U, 1)
    return World(
        article_ids=ids,
        headlines=_headlines(rng, topic, story),
        topic=topic,
        published_at=published_at,
        quality=rng.normal(0.0, QUALITY_DEVIATION, n_articles),
        story=story,
        stories=stories,
        interest_first=interest_first,
        interest_last=(1 - moved) * interest_first + moved * _interests(rng, n_users),
        activity=rng.dirichlet(np.full(n_users, 0.7)),
        starts_at=starts_at,
        ends_at=ends_at,
    )


def rhythm(rng: np.random.Generator, n: int, start_s: float, end_s: float) -> NDArray[np.float64]:
    """Draw n sorted times that follow the day: four times as dense at 18:00 as at 6:00 UTC."""
    times: NDArray[np.float64] = np.empty(0)
    while times.size < n:
        drawn = rng.uniform(start_s, end_s, 2 * n + 8)
        density = 0.625 - 0.375 * np.sin(2 * np.pi * drawn / DAY_S)
        times = np.concatenate([times, drawn[rng.random(drawn.size) < density]])
    return np.sort(times[:n])


def _interests(rng: np.random.Generator, n_users: int) -> NDArray[np.float64]:
    """Draw interests: two or three sections a user follows, with favourite topics, (U, T)."""
    by_category = rng.dirichlet(np.full(len(CATEGORIES), 0.4), size=n_users)  # (U, C)
    by_topic = rng.gamma(0.8, size=(n_users, len(TOPICS)))  # (U, T)
    weights = by_category[:, CATEGORY_OF] * (0.3 + by_topic)  # (U, T)
    lift = np.log(0.02 + weights / weights.sum(axis=1, keepdims=True))  # (U, T)
    centred: NDArray[np.float64] = lift - lift.mean(axis=1, keepdims=True)
    return centred


def _stories(
    rng: np.random.Generator,
    published_at: NDArray[np.float64],
    topic: NDArray[np.int64],
    ids: tuple[str, ...],
    *,
    starts_at: float,
    ends_at: float,
) -> tuple[NDArray[np.int64], tuple[Story, ...]]:
    """Let stories break: articles of the hours after become theirs, and take their topic."""
    story = np.full(published_at.size, -1)  # (N,)
    stories: list[Story] = []
    for breaks_at in np.sort(rng.uniform(starts_at, ends_at, max(1, published_at.size // 100))):
        free = np.flatnonzero((published_at >= breaks_at) & (story < 0))[:24]
        if free.size == 0:
            continue
        wanted = min(int(rng.integers(4, 9)), free.size)
        members = np.sort(rng.choice(free, size=wanted, replace=False))
        story[members] = len(stories)
        topic[members] = topic[members[0]]
        half_life_s = float(rng.uniform(2.0, 5.0)) * 3600.0
        names = tuple(ids[member] for member in members.tolist())
        peak = float(rng.uniform(1.5, 3.0))
        stories.append(Story(float(published_at[members[0]]), peak, half_life_s, names))
    return story, tuple(stories)


def _headlines(
    rng: np.random.Generator, topic: NDArray[np.int64], story: NDArray[np.int64]
) -> tuple[Headline, ...]:
    """Write one headline per article; a story keeps its event and place throughout."""
    scenes: dict[int, tuple[int, int]] = {}
    n_written: dict[int, int] = {}
    found = []
    for where, number in zip(topic.tolist(), story.tolist(), strict=True):
        category, words = TOPICS[where]
        if number < 0:
            found.append(headline(rng, words))
            continue
        if number not in scenes:
            scenes[number] = (int(rng.integers(4)), int(rng.integers(len(PLACES))))
        event, place = scenes[number]
        n_before = n_written.get(number, 0)
        n_written[number] = n_before + 1
        found.append(
            story_headline(rng, CATEGORIES[category], event=event, place=place, number=n_before)
        )
    return tuple(found)
