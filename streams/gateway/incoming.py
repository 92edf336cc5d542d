"""Events as a site posts them: one or many in a body, each read and refused by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage
from cherryrec.events.base import Count
from cherryrec.foreign import BOM, what_it_is
from streams.agents import TopicRules
from streams.gateway.transport import Outgoing

__all__ = ["TOPICS", "EventsTaken", "RefusedEvent", "events_in", "read_event", "topic_of"]

TOPICS = ("articles", "impressions", "clicks", "profile-updates")
"""Where events can be posted to; requests are asked with POST /v1/recommendations."""


class RefusedEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event that was not taken.

    `index` is its place in the body, from 0. `is_lost` says that Kafka has not acknowledged it,
    where nothing is wrong with the event: it may be sent again as it is.
    """

    index: Count
    reason: str
    topic: str | None = None
    is_lost: bool = False


class EventsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of events: how many Kafka has acknowledged, and which were not taken, and why."""

    taken: Annotated[int, Meta(ge=1)]
    refused: tuple[RefusedEvent, ...]


class _Which(msgspec.Struct, frozen=True):
    topic: str | None = None


_lists = msgspec.json.Decoder(list[msgspec.Raw])
_which = msgspec.json.Decoder(_Which)


def events_in(raw: bytes) -> list[bytes]:
    """Return the events of a body, each as it was written.

    Raises
    ------
    BadMessage
        It is no JSON, or neither an object nor a list.

    Examples
    --------
    >>> events_in(b'[{"topic": "clicks"}, 7]'), events_in(b'{"topic": "clicks"}')
    ([b'{"topic": "clicks"}', b'7'], [b'{"topic": "clicks"}'])
    """
    text = raw.removeprefix(BOM).strip()
    if text.startswith(b"{"):
        return [text]
    try:
        return [bytes(one) for one in _lists.decode(text)]
    except msgspec.ValidationError as error:
        msg = "the body must be one event or a list of events"
        raise BadMessage(msg) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadMessage(what_it_is(text, str(error))) from error
    except RecursionError as error:
        msg = "nested too deeply to be a list of events"
        raise BadMessage(msg) from error


def read_event(raw: bytes, rules: Mapping[str, TopicRules], *, now_s: float) -> Outgoing:
    """Return the record that an event becomes: its message, without the name of its topic.

    Parameters
    ----------
    raw
        An object of the message's fields and `topic`.
    rules
        How the workers read each topic.
    now_s
        When it arrived, in epoch seconds.

    Raises
    ------
    BadMessage
        With the reason that `dead-letters` would give.

    Examples
    --------
    >>> from streams.agents import input_rules
    >>> rules = input_rules(max_future_s=600.0, max_embargo_s=600.0)
    >>> read_event(b'{"topic":"articles","article_id":"A1","title":"t","category":"c"}', rules,
    ...            now_s=0.0)
    Outgoing(topic='articles', key=b'A1', value=b'{"schema":1,"article_id":"A1","title":"t",\
"category":"c"}', headers=())
    """
    topic = topic_of(raw)
    if topic not in TOPICS:
        msg = f"topic must be one of {', '.join(TOPICS)}, got {topic!r}"
        raise BadMessage(msg)
    rule = rules[topic]
    event = decode(rule.message, raw)
    rule.check_time(event, arrived_s=now_s)
    assert rule.key is not None, "what sites send has keys"
    return Outgoing(topic, str(getattr(event, rule.key)).encode(), encode(event))


def topic_of(raw: bytes) -> str | None:
    """Return the topic that an event names; None where it names none."""
    try:
        return _which.decode(raw).topic
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
