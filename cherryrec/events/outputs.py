"""What CherryRec publishes: explained slates, and what it could not use."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from cherryrec.events.base import Count, Event, Id, Seconds, Text, Time

__all__ = ["OTHERS", "DeadLetter", "Degraded", "Recommendation", "Recommended", "Rung", "Stage"]

OTHERS = "others"
"""Names the sum of all contributions of an article that are not named themselves."""

Degraded = Literal[
    "evaluation_late",
    "evaluation_failed",
    "evaluation_over_budget",
    "evaluation_user_limit",
    "request_late",
    "catalogue_cold",
    "request_refused",
]
"""Why a slate was made without evaluations that were wanted, live articles, or more than what is
popular, or not at all."""

Rung = Literal["evaluated", "cached", "unevaluated", "popular"]
"""The step of the ladder a slate stands on, the best first."""

Stage = Literal["newest", "news_value", "prior", "learned"]
"""What a slate was ranked by while the system was new: the stages of a cold start, in order."""


class Recommended(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article of a slate, with the reasons for its place.

    `contributions` (feature name → share of the score) sum to `score` within 1e-9: those of the
    twelve features that weigh most, and of all `others` together;
    `news_value` is KnRS's weighted sum, `evaluation` CnLE's judgement when there is one. `is_trial`
    is there and true where the article has its place not by its score, but to become known.
    `source` says what brought it out of the whole catalogue (`most_clicked`, `rising`, `newest`,
    `near` the last reads, `alike` readers, `readers_topics`, `editors`, `most_viewed`).
    """

    article_id: Id
    position: Count
    score: float
    news_value: float
    contributions: dict[str, float]
    evaluation: float | None = None
    is_trial: bool = False
    source: str | None = None


class Recommendation(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one request; the same `request_id` twice is the same answer twice.

    `requested_at` is the time it was answered as of: the request's own, its arrival where its
    sender's clock is ahead, the newest view or click where it is over ten minutes behind that.

    `rung` is the step of the ladder it stands on: `evaluated` by CnLE, `cached` from CnLE's earlier
    answer to the same question, `unevaluated`, or `popular` where no article was live and the ones
    shown lately stand in; `degraded` says why evaluations that were wanted are not there. `stage`
    is what ranked it: the `newest` of each category where nobody has seen any of the candidates,
    the `news_value` before the first model, VaNS shrunk towards it, `prior`, then what was
    `learned`. `tokens` is what CnLE read for it or, where `cached`, once read. `versions` are the
    model versions behind it, `timings_ms` what each stage took; `model_stale` is there and true
    where examples have waited too long for a newer model (a learner is down, say); `temperature` is
    what the
    evaluations' log-odds were divided by, None without evaluations. A request that is refused is
    answered by an empty slate: `degraded` is `request_refused`, `refused` the reason, which is on
    `dead-letters` too.
    """

    schema: Literal[1] = 1
    request_id: Id
    user_id: Id
    requested_at: Time
    slate: tuple[Recommended, ...]
    degraded: Degraded | None = None
    rung: Rung | None = None
    stage: Stage | None = None
    tokens: Count = 0
    versions: dict[str, int | str] = {}
    timings_ms: dict[str, float] = {}
    temperature: Annotated[float, Meta(gt=0)] | None = None
    dropped: Annotated[tuple[Id, ...], Meta(max_length=1_000)] = ()
    refused: Text | None = None
    model_stale: bool = False


class DeadLetter(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A message that was refused: its bytes, the reason, and where it stood.

    `value` is cut at the codec's bound; `value_bytes` says how long it was.
    """

    schema: Literal[1] = 1
    reason: Text
    source_topic: Id
    source_partition: Count
    source_offset: Count
    received_at: Time
    key: bytes | None = None
    value: bytes | None = None
    value_bytes: Count = 0
    age_s: Seconds | None = None
