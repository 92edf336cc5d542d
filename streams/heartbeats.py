"""What lets Kafka forget: a record now and then on compacted partitions where nothing else comes.

Kafka compacts closed segments only, and only an append closes one: on a quiet partition a
tombstone deletes nothing, for ever. A heartbeat is a record without a value under a key of its
own. It says nothing and is compacted away itself; what it does is to let time pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from cherryrec.topics import HEARTBEAT_KEY
from streams.engine import Sender, StateTable

__all__ = ["Heartbeats"]


class Heartbeats:
    """Sends a heartbeat to each partition of some topics, and has local copies written to disk.

    A copy that lags behind by more than its topic keeps tombstones would miss erasures: how long
    ago it was written out is looked at when it is taken up again.

    Parameters
    ----------
    sender
        Where to send.
    topics
        Full names of the topics.
    partitions
        Returns those that are this worker's now.
    tables
        Whose copies are written out.
    """

    def __init__(
        self,
        sender: Sender,
        topics: Collection[str],
        partitions: Callable[[], Iterable[int]],
        tables: Collection[StateTable],
    ) -> None:
        self._sender = sender
        self._topics = topics
        self._partitions = partitions
        self._tables = tables

    async def beat(self) -> None:
        """Send a heartbeat everywhere, then write out what the changelogs have acknowledged."""
        for partition in sorted(self._partitions()):
            for topic in self._topics:
                await self._sender.send(topic, key=HEARTBEAT_KEY, value=None, partition=partition)
        for table in self._tables:
            table.write_out()
