"""What the gateway says that is no message of a topic, and what it adds to those that are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from cherryrec.codec import EARLIEST, decode, encode
from cherryrec.events import Recommendation, RecommendationRequest
from cherryrec.events.base import Id, Time
from cherryrec.topics import topic_named

__all__ = ["SLATE_BYTES", "Question", "Served", "ServedSlate", "request_of", "served", "without"]

SLATE_BYTES = topic_named("recommendations").max_message_bytes
"""The longest slate that is read."""

Served = Literal["answer", "stale", "popular"]
"""Where a slate comes from: it answers the request, was published before, or is what is popular."""

_ABSENT = "\0"


class Question(RecommendationRequest, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for a slate, as a message on `requests` does; the gateway fills in what is absent.

    A `request_id` of the caller's own makes a call that is repeated the same request.
    `requested_at` absent is now.
    """

    request_id: Id = _ABSENT
    requested_at: Time = EARLIEST


def request_of(question: Question, *, request_id: str, now: Time) -> RecommendationRequest:
    """Return the message that a question becomes.

    Examples
    --------
    >>> from cherryrec.events import instant
    >>> request_of(Question(user_id="u"), request_id="r", now=instant(60.0))
    RecommendationRequest(schema=1, request_id='r', user_id='u', requested_at=datetime.datetime(\
1970, 1, 1, 0, 1, tzinfo=datetime.timezone.utc), slate_size=10, candidates=None, exclude=(), \
deadline_ms=None)
    """
    fields = {name: getattr(question, name) for name in question.__struct_fields__}
    if question.request_id == _ABSENT:
        fields["request_id"] = request_id
    if question.requested_at == EARLIEST:
        fields["requested_at"] = now
    return RecommendationRequest(**fields)


class ServedSlate(Recommendation, frozen=True, kw_only=True, omit_defaults=True):
    """A slate with where it comes from.

    `served` is `answer` for the answer to the request. `stale` is the newest slate that was
    published for the user, whose `request_id` and `requested_at` are its own; `popular` is what is
    read most now: none of the workers has answered in time.
    """

    served: Annotated[Served, Meta(description="answer, stale or popular")]


def without(value: bytes, withheld: Collection[str]) -> bytes | None:
    """Return a published slate without some articles; None where none is left.

    The others move up, each with the reasons that it had.

    Examples
    --------
    >>> from cherryrec.events import Recommended, instant
    >>> items = tuple(
    ...     Recommended(article_id=name, position=n, score=0.5, news_value=0.4, contributions={})
    ...     for n, name in enumerate(["a", "b"])
    ... )
    >>> slate = Recommendation(request_id="r", user_id="u", requested_at=instant(1e9), slate=items)
    >>> left = decode(Recommendation, without(encode(slate), {"a"}))
    >>> [(item.article_id, item.position) for item in left.slate]
    [('b', 0)]
    >>> without(encode(slate), {"a", "b"}) is None
    True
    """
    slate = decode(Recommendation, value, max_bytes=SLATE_BYTES)
    left = [item for item in slate.slate if item.article_id not in withheld]
    items = tuple(replace(item, position=position) for position, item in enumerate(left))
    return encode(replace(slate, slate=items)) if items else None


def served(value: bytes, as_what: Served) -> bytes:
    """Return a published slate with where it comes from, its bytes otherwise as they were.

    Examples
    --------
    >>> served(b'{"schema":1,"slate":[]}', "stale")
    b'{"schema":1,"slate":[],"served":"stale"}'
    """
    whole = value.rstrip()
    return b'%b,"served":"%b"}' % (whole[:-1], as_what.encode())
