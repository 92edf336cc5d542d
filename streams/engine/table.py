"""A table of bytes by partition and key, changelogged to Kafka, writable from any batch.

A Faust table can be written only inside a stream event of its partition, and puts its value on
disk before the changelog has it. `StateTable` takes the partition as an argument, so a batch may
hold events of many, and stores a write locally only when the changelog has acknowledged it (until
then an overlay serves it): what is on disk is exactly the changelog up to the stored offset, and
a worker that dies leaves nothing behind that its successor cannot see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import faust
from faust.tables import Table
from faust.types import TP, EventT, StoreT
from yarl import URL

from cherryrec.errors import ConfigError, ServiceError
from streams.engine.health import Gates
from streams.engine.metrics import Metrics
from streams.engine.overlay import Overlay
from streams.engine.producer import Delivery, FastProducer, Sender
from streams.engine.stores import MemoryPartitions, Partitions, RocksPartitions
from streams.engine.storing import MAX_UNSTORED_BYTES, StoreHealth, Storing

__all__ = ["RecoveredHook", "StateTable", "state_table"]

RecoveredHook = Callable[[frozenset[int]], Awaitable[None]]
"""Called with the partitions of this worker, after each recovery, before events flow."""

_DRIVER: Mapping[str, Any] = {"driver": "rocksdict"}

MAX_COPY_AGE_S = 6 * 3_600.0
"""A local copy that was written longer ago is not gone on from: half of what tombstones stay."""


def state_table(
    app: faust.App,
    name: str,
    *,
    partitions: int | None = None,
    sender: Sender | None = None,
    on_recovered: RecoveredHook | None = None,
    gates: Gates | None = None,
    metrics: Metrics | None = None,
    max_unstored_bytes: int = MAX_UNSTORED_BYTES,
) -> StateTable:
    """Register a table with the app.

    Parameters
    ----------
    name
        Unique in the app; the changelog is `{group}-{name}-changelog`.
    partitions
        Must equal the source topics' count; absent: the app's `topic_partitions`.
    sender
        Writes the changelog; absent: the app's own producer.
    on_recovered
        Called with this worker's partitions after each recovery, before events flow.
    gates, metrics
        Where a store that fails is shown; absent: in the log only.
    max_unstored_bytes
        Acknowledged writes held in memory when the store does not take them; past it the worker
        ends.
    """
    table = StateTable(
        app,
        name=name,
        partitions=partitions if partitions is not None else app.conf.topic_partitions,
        sender=sender if sender is not None else FastProducer(app),
        recovered=on_recovered,
        health=StoreHealth(
            name,
            gates=gates if gates is not None else Gates(),
            metrics=metrics if metrics is not None else Metrics(),
            max_bytes=max_unstored_bytes,
        ),
        beacon=app.tables.beacon,
    )
    app.tables.add(table)
    return table


class StateTable(Table[bytes, bytes]):
    """The table; make it with `state_table`.

    Notes
    -----
    `get` and then `put` without an await between them cannot be interleaved by another agent.
    Writes of one partition reach the changelog in the order of the `put` calls.

    A state that marks its event as applied must not outlive what the event should have sent: a
    worker killed between the two would skip the event when it comes again. Either send first,
    `await sender.flush()`, and then `put`; or send again, from the state, what a duplicate needs.
    """

    def __init__(
        self,
        app: faust.App,
        *,
        sender: Sender,
        health: StoreHealth,
        recovered: RecoveredHook | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            app,
            key_type=bytes,
            value_type=bytes,
            options=dict(_DRIVER),
            **kwargs,
        )
        self._sender = sender
        self._recovered = recovered
        self._overlay = Overlay()
        self._send_locks: dict[int, asyncio.Lock] = {}
        self._owned: set[int] | None = None
        self._gained: set[int] = set()
        self._storing = Storing(self._overlay, self._store_of, health=health, give_up=self._give_up)
        self._giving_up: asyncio.Task[None] | None = None

    def get(self, partition: int, key: bytes) -> bytes | None:  # type: ignore[override]
        """Return the newest value of a key; None when there is none."""
        if self._overlay.holds(partition, key):
            return self._overlay.get(partition, key, default=None)
        return self._store_of().read(partition, key)

    async def put(self, partition: int, key: bytes, value: bytes | None) -> Delivery:
        """Write a value (None deletes); reads see it at once.

        Returns
        -------
        Delivery
            Resolves when the changelog has acknowledged it. Need not be awaited.

        Raises
        ------
        ServiceError
            The partition belongs to another worker now.
        """
        if self._owned is not None and partition not in self._owned:
            msg = (
                f"table {self.name!r} must be written in a partition of this worker, got "
                f"{partition}: the partition moved while its events were in hand"
            )
            raise ServiceError(msg)
        self._overlay.put(partition, key, value)
        lock = self._send_locks.get(partition)
        if lock is None:
            lock = self._send_locks[partition] = asyncio.Lock()
        async with lock:
            delivery = await self._sender.send(
                self.changelog_topic_name, key=key, value=value, partition=partition
            )
        delivery.add_done_callback(
            lambda done: self._on_acknowledged(done, partition=partition, key=key, value=value)
        )
        return delivery

    def items(self, partition: int) -> Iterator[tuple[bytes, bytes]]:  # type: ignore[override]
        """Iterate over all keys and newest values of a partition, in no promised order.

        Do not await while iterating: a write between two steps may be seen or not.
        """
        writes = self._overlay.writes(partition)
        for key, value in self._store_of().scan(partition):
            if key not in writes:
                yield key, value
        for key, written in writes.items():
            if written is not None:
                yield key, written

    @property
    def partitions_owned(self) -> frozenset[int]:
        """The partitions of this worker, as of the last assignment."""
        return frozenset(self._owned or ())

    @property
    def partitions_gained(self) -> frozenset[int]:
        """Those of them that came since the last recovery whose hook has ended."""
        return frozenset(self._gained)

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Take over and give up partitions; drop a local copy that is ahead of the changelog."""
        self._storing.now(self._is_ours)
        ours = self.changelog_topic_name
        self._owned = {tp.partition for tp in assigned if tp.topic == ours}
        # Summed up over rebalances that overtake the recovery of earlier ones.
        newest = {tp.partition for tp in newly_assigned if tp.topic == ours}
        self._gained = (self._gained | newest) & self._owned
        for tp in revoked:
            if tp.topic == ours:
                self._storing.drop(tp.partition)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        await self._forget_inconsistent({tp for tp in newly_assigned if tp.topic == ours})

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Store what recovery has read; it keeps a batch that failed, and tries it again."""
        events = list(batch)
        try:
            super().apply_changelog_batch(events)
        except Exception as error:
            messages = [event.message for event in events]
            n_bytes = sum(len(m.key or b"") + len(m.value or b"") for m in messages)
            self._storing.refused(messages[0].partition, error, n_bytes=n_bytes)
            raise
        self._storing.now(self._is_ours)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Call the hook; Faust drops errors raised here, so they are made fatal."""
        await super().on_recovery_completed(active_tps, standby_tps)
        if self._recovered is None:
            return
        gained = self._gained
        try:
            await self._recovered(frozenset(tp.partition for tp in active_tps))
            if self._gained is gained:  # no rebalance has come in between
                self._gained = set()
        except Exception as error:
            self.log.exception("the hook after the recovery of table %r failed", self.name)
            await self.crash(error)

    async def on_stop(self) -> None:
        """Store what the changelog has acknowledged; what cannot be is read from it again."""
        await self._sender.flush()
        self._storing.now(self._is_ours, is_last=True)
        await super().on_stop()

    def write_out(self) -> None:
        """Have the copies of this worker's partitions written to disk, and note when."""
        for partition in sorted((self._owned or set()) - self._gained):
            self._store_of().write_out(partition)

    async def _forget_inconsistent(self, tps: set[TP]) -> None:
        """Delete local copies whose changelog has lost what they hold, or tombstones since."""
        for tp in sorted(tps):
            if self._store_of().is_older(tp.partition, MAX_COPY_AGE_S):
                self.log.warning(
                    "local copy of %s partition %d was written longer than %g h ago: deleted, as "
                    "tombstones of erased users may have left the changelog since; it is rebuilt",
                    self.name,
                    tp.partition,
                    MAX_COPY_AGE_S / 3_600,
                )
                self._store_of().forget(tp.partition)
        offsets = {tp: self.data.persisted_offset(tp) for tp in sorted(tps)}
        held = {tp: offset for tp, offset in offsets.items() if offset is not None}
        if not held:
            return
        ends = await self.app.consumer.highwaters(*held)
        for tp, offset in held.items():
            if offset >= (ends.get(tp) or 0):
                self.log.warning(
                    "local copy of %s partition %d is at offset %d, its changelog ends at %s: "
                    "deleted, it is rebuilt from the changelog",
                    self.name,
                    tp.partition,
                    offset,
                    ends.get(tp),
                )
                self._store_of().forget(tp.partition)

    def _on_acknowledged(
        self, done: Delivery, *, partition: int, key: bytes, value: bytes | None
    ) -> None:
        """Let an acknowledged write into the local store, soon and in a batch with others."""
        if done.cancelled() or done.exception() is not None:
            return  # the producer stops the worker
        self._overlay.acknowledge(partition, key, value, offset=done.result().offset)
        self._storing.soon(self._is_ours)

    def _is_ours(self, partition: int) -> bool:
        return self._owned is None or partition in self._owned

    def _give_up(self, reason: ServiceError) -> None:
        self._giving_up = asyncio.ensure_future(self.crash(reason))

    def _store_of(self) -> Partitions:
        """Return the store as what it is here."""
        return cast(Partitions, self.data)

    def _new_store_by_url(self, url: str | URL) -> StoreT[bytes, bytes]:
        """Open our own kind of store for Faust's store URL."""
        stores = {"rocksdb": RocksPartitions, "memory": MemoryPartitions}
        scheme = URL(url).scheme
        if scheme not in stores:
            msg = f"store must be rocksdb:// or memory://, got {str(url)!r}"
            raise ConfigError(msg)
        store = stores[scheme](
            url,
            self.app,
            self,
            table_name=self.name,
            key_type=bytes,
            key_serializer="raw",
            value_type=bytes,
            value_serializer="raw",
            options=dict(_DRIVER),
        )
        return cast(StoreT[bytes, bytes], store)
