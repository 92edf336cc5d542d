"""Partition counts: checked before a worker reads anything, and again while it runs.

State of users lies by their key modulo the count, in every topic alike. With another count, keys
fall elsewhere: a topic with fewer partitions than the others leaves some workers without events,
one with more has partitions that nobody reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.metadata import MetadataRequest
from mode import Service

from cherryrec.errors import ServiceError
from cherryrec.topics import CHANGELOGS, TOPICS, TopicNames, topic_named
from streams.admin_client import Admin
from streams.config import KafkaConfig
from streams.engine import Gates

__all__ = [
    "PartitionWatch",
    "counts_asker",
    "counts_wanted",
    "require_partition_counts",
    "stream_counts",
    "wrong_counts",
]

EVERY_S = 10.0

Counts = Mapping[str, int]
"""Full topic name → partitions."""


def counts_wanted(
    kafka: KafkaConfig, topics: Iterable[str], *, has_tables: bool = False
) -> dict[str, int]:
    """Return how many partitions topics must have, by their full names.

    Parameters
    ----------
    kafka
        Prefix and configured count.
    topics
        Names without the prefix.
    has_tables
        Whether the changelogs of the stream workers' tables are among them.

    Examples
    --------
    >>> counts_wanted(KafkaConfig(prefix="n.", partitions=8), ["clicks", "models"])
    {'n.clicks': 8, 'n.models': 1}
    """
    names = TopicNames(kafka.prefix)
    wanted = {names(name): topic_named(name).n_partitions or kafka.partitions for name in topics}
    if has_tables:
        wanted |= {kafka.prefix + name: kafka.partitions for name in CHANGELOGS}
    return wanted


def stream_counts(kafka: KafkaConfig) -> dict[str, int]:
    """Return the counts of all that a stream worker reads or writes, by full names."""
    names = (topic.name for topic in TOPICS if topic.name != "lora-weights")
    return counts_wanted(kafka, names, has_tables=True)


def wrong_counts(wanted: Counts, got: Counts) -> str | None:
    """Name the topics whose partition count is not as it must be; None where all are.

    Topics that are not there are passed over: other checks name them.

    Examples
    --------
    >>> wrong_counts({"clicks": 4, "requests": 4}, {"clicks": 4, "requests": 4})
    >>> print(wrong_counts({"clicks": 4, "requests": 4}, {"clicks": 1, "requests": 8}))
    topic 'clicks' must have 4 partitions, got 1; topic 'requests' must have 4 partitions, got 8: \
nothing is read before they have; see «Partition counts» in docs/kafka.md
    """
    wrong = [
        f"topic {name!r} must have {n} partition{'s' if n > 1 else ''}, got {got[name]}"
        for name, n in sorted(wanted.items())
        if got.get(name, n) != n
    ]
    if not wrong:
        return None
    return (
        f"{'; '.join(wrong)}: nothing is read before they have; see «Partition counts» in "
        "docs/kafka.md"
    )


def require_partition_counts(kafka: KafkaConfig, wanted: Counts) -> None:
    """Check before anything is read.

    Raises
    ------
    ServiceError
        A count is wrong, or Kafka does not answer.
    """
    with Admin(kafka) as admin:
        present = sorted(set(admin.list_topics()) & set(wanted))
        described = admin.describe_topics(present) if present else []
    got = {one["name"]: len(one["partitions"]) for one in described}
    wrong = wrong_counts(wanted, got)
    if wrong is not None:
        raise ServiceError(wrong)


def counts_asker(kafka: KafkaConfig, topics: Iterable[str]) -> Callable[[], Awaitable[Counts]]:
    """Return a function that asks Kafka for the partition counts of topics.

    It makes none that are missing, and connects anew each time it is asked.

    Parameters
    ----------
    kafka
        The cluster.
    topics
        Full names.
    """
    names = list(topics)

    async def ask() -> Counts:
        admin = AIOKafkaAdminClient(**kafka.aiokafka_options())
        await admin.start()
        try:
            answer = await admin._send_request(
                MetadataRequest(names, allow_auto_topic_creation=False)
            )
        finally:
            await admin.close()
        found = answer.to_object()["topics"]
        return {one["topic"]: len(one["partitions"]) for one in found if not one["error_code"]}

    return ask


class PartitionWatch(Service):
    """Looks at partition counts while a worker runs, and ends it when one has changed.

    The gate closes, and the process ends as it does on a signal: what is in hand is finished and
    committed, what lies in new partitions stays there unread. Its successor refuses to start, with
    the same reason.

    Parameters
    ----------
    ask
        Returns the counts as they are.
    wanted
        As they must be, by full topic names.
    gates
        Whose gate `partitions` is closed.
    end
        Called with the reason, once.
    every_s
        Between two looks, in seconds.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[Counts]],
        wanted: Counts,
        gates: Gates,
        *,
        end: Callable[[str], None],
        every_s: float = EVERY_S,
    ) -> None:
        super().__init__()
        self._ask = ask
        self._wanted = wanted
        self._gates = gates
        self._every_s = every_s
        self._end = end

    async def look(self) -> str | None:
        """Look once; return what is wrong. Kafka that does not answer is no answer."""
        try:
            async with asyncio.timeout(self._every_s):
                got = await self._ask()
        except Exception as error:
            self.log.warning("could not ask for partition counts: %r", error)
            return None
        return wrong_counts(self._wanted, got)

    @Service.task
    async def _look_regularly(self) -> None:
        while not self.should_stop:
            await self.sleep(self._every_s)
            wrong = None if self.should_stop else await self.look()
            if wrong is None:
                continue
            self._gates.close("partitions", wrong)
            self.log.critical("%s; ending the worker", wrong)
            self._end(wrong)
            return
