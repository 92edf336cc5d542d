"""A MIND log as the messages a news site would have sent, impression by impression.

The log has no publish times: each article is sent just before the first row that names it, without
`published_at`, so that its first exposure stands for publication and nothing from later rows is
known early. A user's history is imported once, before the user's first request. Rows of one time
follow each other by microseconds: the labels of one are known before the next is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.events import (
    ArticlePublished,
    Click,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    instant,
    seconds,
)
from cherryrec.feedback import name_of

__all__ = [
    "INSTANT_S",
    "UNKNOWN",
    "LogMessages",
    "Turn",
    "article_of",
    "clicks_of",
    "impression_of",
    "profile_of",
    "request_of",
]

INSTANT_S = 1e-6
"""The least time between two event times: after this, and before the next row, labels are known."""

UNKNOWN = "unknown"
"""The category of an article that the log says nothing of."""

_SHADE = "shade:"


@dataclass(frozen=True, slots=True)
class Turn:
    """All messages of one impression, in the order they are sent.

    `time_s` is the event time of all. `articles` and `profile` come first, then the `request`;
    `impression` when it is answered, and `clicks` when they are known.
    """

    row: MindImpression
    time_s: float
    articles: tuple[ArticlePublished, ...]
    profile: ProfileUpdate | None
    request: RecommendationRequest
    impression: Impression
    clicks: tuple[Click, ...]

    @property
    def slate_id(self) -> str:
        """The id under which the slate is labelled: the request's, or in the shade its own."""
        if self.impression.request_id is not None:
            return self.request.request_id
        return name_of("slate", self.impression.impression_id)


class LogMessages:
    """Turns a log's rows into messages; remembers which articles and users were sent.

    Parameters
    ----------
    articles
        The log's articles; one that a row names and `news.tsv` lacks is sent without text.
    deadline_ms
        Deadline put on every request, None for the workers' own.
    n_unasked
        Requests at the start that want an answer without CnLE, at once; at least 0.
    in_shade
        Impressions name no request, as those of a site whose own recommender made them: what is
        learned is learned from the site's slates, and requests are judged only.
    """

    def __init__(
        self,
        articles: Mapping[str, MindArticle],
        *,
        deadline_ms: int | None = None,
        n_unasked: int = 0,
        in_shade: bool = False,
    ) -> None:
        self._in_shade = in_shade
        self._articles = articles
        self._deadline_ms = deadline_ms
        self._n_unasked = n_unasked
        self._n_turns = 0
        self._sent: set[str] = set()
        self._users: set[str] = set()
        self._last_s = 0.0

    def turn(self, row: MindImpression) -> Turn:
        """Return the messages of the next row, in time order."""
        self._n_turns += 1
        self._last_s = time_s = max(row.shown_at, self._last_s + 2 * INSTANT_S)
        time = instant(time_s)
        is_new = row.user_id not in self._users
        self._users.add(row.user_id)
        named = (*row.history, *row.candidates) if is_new else row.candidates
        deadline_ms = 0 if self._n_turns <= self._n_unasked else self._deadline_ms
        return Turn(
            row=row,
            time_s=seconds(time),
            articles=tuple(self._unsent(named)),
            profile=profile_of(row, time) if is_new and row.history else None,
            request=request_of(row, time, deadline_ms=deadline_ms, prefix=_SHADE * self._in_shade),
            impression=impression_of(row, time, in_shade=self._in_shade),
            clicks=clicks_of(row, time),
        )

    def _unsent(self, named: tuple[str, ...]) -> Iterator[ArticlePublished]:
        for article_id in named:
            if article_id not in self._sent:
                self._sent.add(article_id)
                yield self._message(article_id)

    def _message(self, article_id: str) -> ArticlePublished:
        article = self._articles.get(article_id)
        if article is None:
            return ArticlePublished(article_id=article_id, title="", category=UNKNOWN)
        return article_of(article)


def article_of(article: MindArticle) -> ArticlePublished:
    """Return an article's message; without a publish time, which the log has not."""
    return ArticlePublished(
        article_id=article.article_id,
        title=article.title[:20_000],
        abstract=article.abstract[:20_000],
        category=article.category or UNKNOWN,
        subcategory=article.subcategory or None,
        entities=article.entities[:100],
        url=article.url or None,
    )


def profile_of(row: MindImpression, time: datetime) -> ProfileUpdate:
    """Return the import of a row's history, its newest thousand."""
    return ProfileUpdate(user_id=row.user_id, updated_at=time, history=row.history[-1_000:])


def request_of(
    row: MindImpression, time: datetime, *, deadline_ms: int | None = None, prefix: str = ""
) -> RecommendationRequest:
    """Return the request for a row's slate, its id behind a prefix."""
    return RecommendationRequest(
        request_id=f"{prefix}{row.impression_id}",
        user_id=row.user_id,
        requested_at=time,
        slate_size=len(row.candidates),
        candidates=row.candidates,
        deadline_ms=deadline_ms,
    )


def impression_of(row: MindImpression, time: datetime, *, in_shade: bool = False) -> Impression:
    """Return a row's slate as it was shown; in the shade it is of no request."""
    return Impression(
        impression_id=row.impression_id,
        user_id=row.user_id,
        articles=row.candidates,
        shown_at=time,
        request_id=None if in_shade else row.impression_id,
    )


def clicks_of(row: MindImpression, time: datetime) -> tuple[Click, ...]:
    """Return a row's clicks; none where it has no labels."""
    clicked = row.clicked or (False,) * len(row.candidates)
    return tuple(
        Click(
            event_id=f"{row.impression_id}:{article_id}",
            user_id=row.user_id,
            article_id=article_id,
            clicked_at=time,
            impression_id=row.impression_id,
        )
        for article_id, is_clicked in zip(row.candidates, clicked, strict=True)
        if is_clicked
    )
