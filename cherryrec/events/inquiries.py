"""What is asked of a running system about one user, and its answers: nothing is kept of either."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from cherryrec.events.base import Count, Event, Id, Seconds, Text, Time
from cherryrec.events.inputs import MAX_CANDIDATES, Ids
from cherryrec.events.outputs import Recommended, Stage

__all__ = [
    "Compared",
    "Fate",
    "Inquiry",
    "InquiryAnswer",
    "InquiryKind",
    "InquiryOutcome",
    "Interest",
    "ReadArticle",
    "ReaderProfile",
    "Standing",
    "WhatIf",
    "WhyNot",
]

InquiryKind = Literal["profile", "what_if", "why_not"]
"""What is known of a user; what a slate would be; where an article fell out of it."""

InquiryOutcome = Literal["answered", "too_late", "over_limit", "refused"]
"""What became of an inquiry; `reason` says why it was not answered."""

Fate = Literal[
    "unknown",
    "not_published",
    "embargoed",
    "retracted",
    "too_old",
    "excluded",
    "read",
    "not_a_candidate",
    "not_kept",
    "outranked",
    "displaced",
    "in_slate",
]
"""Where an article fell out of a slate, in the order in which it is looked at."""


class WhatIf(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The conditions of a slate that is asked about: those of a request, and what is changed.

    `slate_size`, `candidates` and `exclude` are as in a request. Another `history` (article ids,
    oldest first) takes the place of all clicks; `without` names parts of the system to leave out,
    as ablations are named (`features:exposure`, `knrs:novelty`).
    """

    schema: Literal[1] = 1
    slate_size: Annotated[int, Meta(ge=1, le=100)] = 10
    candidates: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=MAX_CANDIDATES)] | None = (
        None
    )
    exclude: Ids = ()
    history: Annotated[tuple[Id, ...], Meta(max_length=200)] | None = None
    without: Annotated[tuple[Id, ...], Meta(max_length=100)] = ()


class Inquiry(WhatIf, frozen=True, kw_only=True, omit_defaults=True):
    """Asks about one user as of `asked_at`; it is no request, and nothing is kept of it.

    `profile`: what is known of the user, with the last `n_history` reads. `what_if`: the slate that
    a request of now would get, and beside it the slate under the changed conditions. `why_not`:
    where `article_id` fell out of that slate.
    """

    inquiry_id: Id
    user_id: Id
    asked_at: Time
    kind: InquiryKind
    article_id: Id | None = None
    n_history: Annotated[int, Meta(ge=0, le=1_000)] = 50

    def __post_init__(self) -> None:
        if (self.kind == "why_not") != (self.article_id is not None):
            msg = (
                "article_id must be there where kind is why_not, and nowhere else, got "
                f"{self.article_id!r} for {self.kind!r}"
            )
            raise ValueError(msg)


class Interest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much a user reads of one category or subcategory.

    `n_reads` of `share` (of all their reads that were counted); `lift` is the log-ratio of their
    share in the last reads to everyone's share, 0 as everyone. `n_clicks` of what they were shown
    of it lately, where chance would have brought `n_expected`; absent where none was labelled.
    """

    name: Id
    n_reads: Count
    share: float
    lift: float
    n_clicks: float | None = None
    n_expected: float | None = None


class ReadArticle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article of a history; `clicked_at` is absent where the site has imported it."""

    article_id: Id
    category: str = ""
    clicked_at: Time | None = None
    dwell_s: Seconds | None = None


class ReaderProfile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a user; `is_known` is false of one never seen, or erased.

    `role`, `fields` and `collections` are what the site said. `categories` and `subcategories` are
    what was read, most first; `history` the last reads, the newest first, of `n_history` that are
    kept. `n_clicks` counts all, imported ones too, `n_slates` the impressions, `n_open` the
    requests whose labels are still to come.
    """

    is_known: bool
    role: Text | None = None
    fields: tuple[Id, ...] = ()
    collections: tuple[Id, ...] = ()
    categories: tuple[Interest, ...] = ()
    subcategories: tuple[Interest, ...] = ()
    history: tuple[ReadArticle, ...] = ()
    n_history: Count = 0
    n_clicks: Count = 0
    n_slates: Count = 0
    n_open: Count = 0
    clicked_at: Time | None = None
    shown_at: Time | None = None
    updated_at: Time | None = None


class Compared(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason beside that of another article; `difference` is what it takes or gives.

    Among the kept: two values of a signal, and by how much they move the value that articles are
    kept by (absent where that is no sum). Within a ranking: two contributions, `difference` is the
    one less the other.
    """

    name: Id
    own: float
    other: float
    difference: float | None = None


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an article stands in an order: `rank` (1 is the best) of `n`, `n_places` of them go on.

    `value` is what the order is by; `other_id` is the last one that goes on, with its own.
    `compared` are the reasons that differ most between the two.
    """

    rank: Annotated[int, Meta(ge=1)]
    n: Count
    n_places: Count
    value: float
    other_id: Id | None = None
    other_value: float | None = None
    compared: tuple[Compared, ...] = ()


class WhyNot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an article fell out of a slate, and by how much; `sentence` says it in words.

    `at` is when: an embargo ends, it was published or first shown where it is `too_old`, it was
    `read`. `kept` is its standing among the articles that KnRS looked at, where the whole catalogue
    was asked and it was one of them: `is_within_reach` is false where a first, coarse look had
    left it out. `n_reserved` of the places are not by that order but of single sources;
    `source` is what brought it, where it was kept. `ranked` is its standing by score among the
    kept or given, `position` its place in the slate.
    """

    article_id: Id
    fate: Fate
    sentence: Text
    at: Time | None = None
    kept: Standing | None = None
    is_within_reach: bool | None = None
    n_reserved: Count = 0
    source: str | None = None
    ranked: Standing | None = None
    position: Count | None = None


class InquiryAnswer(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one inquiry; the same inquiry twice, of the same state, is answered the same.

    `asked_at` is the time it was answered as of, as a request's is. `profile` and `why_not` answer
    inquiries of that name. `slate` is what a request would get, without CnLE's evaluations, and
    `stage` what ranked it; `changed` and `changed_stage` are the same with the other history, or
    without the parts, where either was asked. `unknown` are articles the inquiry names that no
    message has come of: they are left out. `titles` are those of all articles in here, cut at 200
    characters; `versions` those of the models.
    """

    schema: Literal[1] = 1
    inquiry_id: Id
    user_id: Id
    asked_at: Time
    outcome: InquiryOutcome
    reason: Text | None = None
    retry_after_s: Seconds | None = None
    profile: ReaderProfile | None = None
    slate: tuple[Recommended, ...] | None = None
    stage: Stage | None = None
    changed: tuple[Recommended, ...] | None = None
    changed_stage: Stage | None = None
    why_not: WhyNot | None = None
    unknown: tuple[Id, ...] = ()
    titles: dict[str, str] = {}
    versions: dict[str, int | str] = {}
