"""What a news site sends: articles, impressions, clicks, profile updates, requests."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cherryrec.events.base import Count, Event, Fraction, Id, Seconds, Text, Time

__all__ = [
    "MAX_CANDIDATES",
    "ArticlePublished",
    "Click",
    "Impression",
    "ProfileUpdate",
    "RecommendationRequest",
]

MAX_CANDIDATES = 1_000
"""The longest slate, candidate list or exclusion list one message may hold."""

Ids = Annotated[tuple[Id, ...], Meta(max_length=MAX_CANDIDATES)]
Words = Annotated[tuple[Id, ...], Meta(max_length=100)]


class ArticlePublished(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An article as it stands now; a later one with the same id replaces it.

    `published_at` absent means unknown: the first impression that shows the article stands for it.
    A message with this key and no value retracts the article.
    """

    schema: Literal[1] = 1
    article_id: Id
    title: Text
    category: Id
    abstract: Text = ""
    body: Annotated[str, Meta(max_length=500_000)] = ""
    subcategory: Id | None = None
    source: Id | None = None
    entities: Words = ()
    language: Id | None = None
    url: Text | None = None
    published_at: Time | None = None


class Impression(Event, frozen=True, kw_only=True, omit_defaults=True):
    """One slate that a user was shown, in position order.

    `request_id` names the recommendation it shows, when there was one: then the features frozen
    at its scoring are what VaNS learns from. Without, or with one that is of no request of ours, it
    is a slate of the site's own, whose features are frozen when it arrives. `propensities` are the
    chances with which the logging policy showed each article at its position.
    """

    schema: Literal[1] = 1
    impression_id: Id
    user_id: Id
    articles: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=MAX_CANDIDATES)]
    shown_at: Time
    request_id: Id | None = None
    propensities: Annotated[tuple[Fraction, ...], Meta(max_length=MAX_CANDIDATES)] | None = None

    def __post_init__(self) -> None:
        if self.propensities is not None and len(self.propensities) != len(self.articles):
            msg = (
                f"propensities must be one per article, wanted {len(self.articles)}, "
                f"got {len(self.propensities)}"
            )
            raise ValueError(msg)
        if len(set(self.articles)) != len(self.articles):
            msg = "articles must be distinct, got one twice: send each article of a slate once"
            raise ValueError(msg)


class Click(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A user opened an article; `event_id` makes a repeated delivery harmless.

    It is known among the user's last 1,024 clicks of two days (`profile.recent_ids`,
    `profile.allowed_lateness_s`); a click older than these is counted as late and changes nothing,
    so none counts twice. `event_id` must be the same when it is sent again, and so must
    `clicked_at`.
    """

    schema: Literal[1] = 1
    event_id: Id
    user_id: Id
    article_id: Id
    clicked_at: Time
    dwell_s: Seconds | None = None
    impression_id: Id | None = None


class ProfileUpdate(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What the site knows of a user, explicitly: the paper's profile library.

    Each field that is present replaces what was there; `history` (article ids, oldest first) is
    imported before the clicks that CherryRec has seen itself. A message with this key and no value
    erases the user everywhere.
    """

    schema: Literal[1] = 1
    user_id: Id
    updated_at: Time
    role: Text | None = None
    fields: Words | None = None
    collections: Words | None = None
    history: Ids | None = None


class RecommendationRequest(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for a slate: from `candidates` if given, else from the whole catalogue.

    `deadline_ms` 0 asks for an answer at once, without CnLE; absent is the workers' own deadline.
    """

    schema: Literal[1] = 1
    request_id: Id
    user_id: Id
    requested_at: Time
    slate_size: Annotated[int, Meta(ge=1, le=MAX_CANDIDATES)] = 10
    candidates: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=MAX_CANDIDATES)] | None = (
        None
    )
    exclude: Ids = ()
    deadline_ms: Annotated[Count, Meta(le=600_000)] | None = None
