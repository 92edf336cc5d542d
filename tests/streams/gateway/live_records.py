"""Records as a consumer brings them, for the folds of the page."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from cherryrec.codec import encode
from cherryrec.events import (
    ArticlePublished,
    Click,
    Event,
    Impression,
    Recommendation,
    RecommendationRequest,
    Recommended,
    SlateLabelled,
    instant,
)

NOW_S = 1_767_600_000.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A record: its value, and when the broker took it, in milliseconds."""

    key: bytes | None
    value: bytes | None
    timestamp: int


def taken(event: Event | None, at_s: float = NOW_S, *, key: bytes | None = b"k") -> Taken:
    return Taken(key, None if event is None else encode(event), round(1_000 * at_s))


def raw(value: bytes, at_s: float = NOW_S) -> Taken:
    return Taken(b"k", value, round(1_000 * at_s))


def article(name: str, *, title: str = "", category: str = "sport") -> ArticlePublished:
    return ArticlePublished(article_id=name, title=title or f"Title of {name}", category=category)


def request(name: str) -> RecommendationRequest:
    return RecommendationRequest(request_id=name, user_id="u", requested_at=instant(NOW_S))


def slate(name: str, articles: str, **fields: object) -> Recommendation:
    found = Recommendation(
        request_id=name,
        user_id="u",
        requested_at=instant(NOW_S),
        rung="unevaluated",
        slate=tuple(
            Recommended(
                article_id=one, position=place, score=-place, news_value=0.5, contributions={}
            )
            for place, one in enumerate(articles)
        ),
    )
    return msgspec.structs.replace(found, **fields)


def shown(name: str, articles: str, *, request_id: str | None = None) -> Impression:
    return Impression(
        impression_id=name,
        user_id="u",
        articles=tuple(articles),
        shown_at=instant(NOW_S),
        request_id=request_id,
    )


def click(name: str, article_id: str) -> Click:
    return Click(event_id=name, user_id="u", article_id=article_id, clicked_at=instant(NOW_S))


def labelled(slate_id: str, articles: str, clicked: str, **fields: object) -> SlateLabelled:
    found = SlateLabelled(
        slate_id=slate_id,
        shown_at=instant(NOW_S),
        articles=tuple(articles),
        clicked=tuple(one in clicked for one in articles),
        categories=("",) * len(articles),
    )
    return msgspec.structs.replace(found, **fields)
