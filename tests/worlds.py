"""Small worlds for tests: messages with few arguments, a catalogue whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from hypothesis import strategies as st

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue, CatalogueConfig
from cherryrec.events import (
    ArticleActivity,
    ArticlePublished,
    Click,
    Evaluation,
    EvaluationRequest,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    instant,
)
from cherryrec.pipeline import EvaluatorConfig, Pipeline, PipelineConfig, Position
from cherryrec.profile import PastClick, Profile
from cherryrec.system import LocalSystem

START_S = 1_767_571_200.0
"""Monday 5 January 2026, 00:00 UTC."""

HOUR_S = 3_600.0
HALF_LIVES_S = AttentionConfig().half_lives_s

TITLES = (
    "Storm floods harbour towns",
    "Parliament passes tax reform",
    "Striker signs record contract",
    "Telescope finds distant planet",
    "Bakery wins bread prize",
    "Strike stops regional trains",
    "Novel about lighthouse keeper",
    "Vaccine trial shows promise",
)
CATEGORIES = ("weather", "politics", "sport", "science")


def article(number: int, **changes: object) -> ArticlePublished:
    """Article `a<number>`: one of eight titles, one of four categories."""
    fields: dict[str, object] = {
        "article_id": f"a{number}",
        "title": TITLES[number % len(TITLES)],
        "category": CATEGORIES[number % len(CATEGORIES)],
    }
    return ArticlePublished(**(fields | changes))  # type: ignore[arg-type]


def click(
    article_id: str,
    time_s: float = START_S,
    *,
    user_id: str = "u",
    event_id: str | None = None,
    impression_id: str | None = None,
    dwell_s: float | None = None,
) -> Click:
    return Click(
        event_id=event_id or f"{user_id}:{article_id}:{time_s}",
        user_id=user_id,
        article_id=article_id,
        clicked_at=instant(time_s),
        dwell_s=dwell_s,
        impression_id=impression_id,
    )


def impression(
    name: str,
    articles: Sequence[str],
    time_s: float = START_S,
    *,
    user_id: str = "u",
    request_id: str | None = None,
) -> Impression:
    return Impression(
        impression_id=name,
        user_id=user_id,
        articles=tuple(articles),
        shown_at=instant(time_s),
        request_id=request_id,
    )


def request(
    name: str,
    time_s: float = START_S,
    *,
    user_id: str = "u",
    candidates: Iterable[str] | None = None,
    **fields: object,
) -> RecommendationRequest:
    return RecommendationRequest(
        request_id=name,
        user_id=user_id,
        requested_at=instant(time_s),
        candidates=None if candidates is None else tuple(candidates),
        **fields,  # type: ignore[arg-type]
    )


def update(user_id: str = "u", time_s: float = START_S, **fields: object) -> ProfileUpdate:
    return ProfileUpdate(user_id=user_id, updated_at=instant(time_s), **fields)  # type: ignore[arg-type]


def catalogue_of(n_articles: int = 8, config: CatalogueConfig | None = None) -> Catalogue:
    """A catalogue of articles a0, a1, … published at START_S."""
    catalogue = Catalogue(HALF_LIVES_S, config)
    for number in range(n_articles):
        catalogue.publish(article(number, published_at=instant(START_S)), START_S)
    return catalogue


def reads(*articles: str, **fields: object) -> Profile:
    """A profile that has read these, a minute apart from START_S on."""
    past_clicks = tuple(PastClick(a, START_S + 60.0 * k) for k, a in enumerate(articles))
    newest = past_clicks[-1].clicked_s if past_clicks else 0.0
    return Profile(history=past_clicks, newest_s=newest, n_clicks=len(past_clicks), **fields)  # type: ignore[arg-type]


def pipeline_of(
    n_articles: int = 8, *, evaluator: bool = False, config: PipelineConfig | None = None
) -> Pipeline:
    """A pipeline over a catalogue of that many articles, its models fresh, all state in memory."""
    return system_of(n_articles, evaluator=evaluator, config=config, is_learning=False).pipeline


def system_of(
    n_articles: int = 8,
    *,
    evaluator: bool = False,
    config: PipelineConfig | None = None,
    is_learning: bool = True,
) -> LocalSystem:
    """A system over that many articles, which ranks with what it has learned when it publishes."""
    config = config or PipelineConfig(evaluator=EvaluatorConfig(enabled=evaluator))
    system = LocalSystem(config, is_learning=is_learning, is_live=False)
    publish_articles(system, n_articles)
    return system


def publish_articles(system: LocalSystem, n_articles: int) -> None:
    """Send articles a0, a1, … published at START_S."""
    for number in range(n_articles):
        system.send(article(number, published_at=instant(START_S)))


def offsets() -> Callable[[], Position]:
    """A counter of positions on partition 0."""
    numbers = iter(range(1_000_000))
    return lambda: Position(0, next(numbers))


def liked(question: EvaluationRequest, favourite: str) -> Evaluation:
    """The answer of a model that likes one article."""
    return Evaluation(
        request_id=question.request_id,
        user_id=question.user_id,
        evaluations={
            c.article_id: 0.9 if c.article_id == favourite else 0.4 for c in question.candidates
        },
        model="scripted",
        prompt="t1",
    )


class Traffic:
    """What one partition receives: apply it to a shard from any offset on."""

    def __init__(self, events: Sequence[Impression | Click | ProfileUpdate]) -> None:
        self.events = events

    def __len__(self) -> int:
        return len(self.events)

    def apply(self, shard: Shard, start: int, stop: int) -> None:
        """Apply events `start` up to `stop`; an event's place is its offset."""
        for offset, event in list(enumerate(self.events))[start:stop]:
            if isinstance(event, Impression):
                shard.view(
                    event.impression_id,
                    event.articles,
                    time_s=event.shown_at.timestamp(),
                    offset=offset,
                )
            elif isinstance(event, Click):
                time_s = event.clicked_at.timestamp()
                shard.click(event.article_id, time_s=time_s, offset=offset)
            else:
                time_s = event.updated_at.timestamp()
                shard.read_by(event.history or (), time_s=time_s, offset=offset)


@st.composite
def traffic(draw: st.DrawFn, max_size: int = 60, days: float = 6.0) -> Traffic:
    """Impressions (some sent twice), clicks and imports over some days, a little out of order."""
    n = draw(st.integers(1, max_size))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0.0, days * 86_400.0, n)) + rng.normal(0.0, 1_800.0, n)
    events: list[Impression | Click | ProfileUpdate] = []
    shown: list[Impression] = []
    for number, time in enumerate((START_S + np.maximum(times, 0.0)).tolist()):
        kind = rng.random()
        picked = [f"a{k}" for k in rng.permutation(12)[: rng.integers(1, 7)]]
        if kind < 0.1 and shown:
            events.append(shown[int(rng.integers(len(shown)))])
        elif kind < 0.6:
            shown.append(impression(f"i{number}", picked, time))
            events.append(shown[-1])
        elif kind < 0.9:
            events.append(click(picked[0], time))
        else:
            events.append(update(time_s=time, history=tuple(picked)))
    return Traffic(events)


def follow_all(messages: Iterable[ArticleActivity], config: AttentionConfig) -> Catalogue:
    """A worker that followed these messages and nothing else."""
    catalogue = Catalogue(config.half_lives_s)
    shards: dict[int, Shard] = {}
    for message in messages:
        number = message.partition
        shard = shards.setdefault(number, Shard(number, catalogue, config))
        shard.follow(message)
    return catalogue
