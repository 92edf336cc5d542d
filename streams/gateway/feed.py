"""What the gateway follows: topics, and who is told of their records.

One consumer reads each topic once, whoever wants it. Handlers are added before the gateway starts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from aiokafka.structs import ConsumerRecord

from cherryrec.topics import TopicNames, topic_named

__all__ = ["Feed", "Handler"]

logger = logging.getLogger(__name__)

Handler = Callable[[ConsumerRecord], None]
"""Told of a record, in the event loop: it must be quick, and keep what it needs bounded."""


class Feed:
    """Topics, and the handlers of each.

    Examples
    --------
    >>> feed, keys = Feed(), []
    >>> feed.add("clicks", lambda record: keys.append(record.key), newest=100)
    >>> feed.topics, feed.newest
    (('clicks',), {'clicks': 100})
    """

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._newest: dict[str, int | None] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are followed, without the prefix."""
        return tuple(self._handlers)

    @property
    def newest(self) -> dict[str, int]:
        """Topic → how many of the newest records of each partition a start reads."""
        return {topic: n for topic, n in self._newest.items() if n is not None}

    def add(self, topic: str, handler: Handler, *, newest: int | None = None) -> None:
        """Have a handler told of every record of a topic.

        Parameters
        ----------
        topic
            Name without the prefix.
        handler
            Called with each record in the order of its partition; what it raises is logged, and
            the others are told all the same.
        newest
            How many of the newest records of each partition are enough to start with; absent: all,
            from the first. Where handlers of a topic want different starts, the earliest holds.
        """
        topic_named(topic)
        before = self._newest.get(topic, 0)
        self._newest[topic] = None if newest is None or before is None else max(newest, before)
        self._handlers.setdefault(topic, []).append(handler)

    def take(self, topic: str, record: ConsumerRecord) -> None:
        """Tell the handlers of a topic of one record."""
        for handler in self._handlers.get(topic, ()):
            try:
                handler(record)
            except Exception:
                logger.exception(
                    "a record of %s[%d] at offset %d could not be followed",
                    topic,
                    record.partition,
                    record.offset,
                )

    def follow(self, names: TopicNames) -> Mapping[str, Handler]:
        """Return the full name of each topic with what takes its records, for a `Follower`."""

        def take(topic: str) -> Handler:
            return lambda record: self.take(topic, record)

        return {names(topic): take(topic) for topic in self._handlers}
