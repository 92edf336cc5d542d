"""The topic `lora-weights`, which every worker reads whole: no group, nothing committed."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import TopicPartition

from cherryrec.supervised import connected
from gpu_worker.reading import READ_COMMITTED, Reading

__all__ = ["LoraTopic"]

logger = logging.getLogger(__name__)

_EVERY_S = 0.5
_LOOK_AGAIN_S = 30.0
_UNTIL_NOW_S = 15.0


class LoraTopic:
    """A consumer of one partition, polled by the loop between batches.

    A topic that is not there (an older installation) is looked for again every 30 seconds.

    Parameters
    ----------
    name
        Full name of the topic.
    client_kwargs
        kafka-python's settings common to consumer and producer.
    """

    def __init__(self, name: str, *, client_kwargs: Mapping[str, Any]) -> None:
        self._place = TopicPartition(name, 0)
        self._client_kwargs = dict(client_kwargs)
        self._consumer: Any = None
        self._reading = Reading()
        self._is_there = False
        self._next_s = 0.0

    def connect(self, stack: ExitStack) -> None:
        """Connect; the stack closes the connection."""
        self._consumer = connected(
            KafkaConsumer,
            **self._client_kwargs,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            isolation_level=READ_COMMITTED,
        )
        stack.callback(self._consumer.close, timeout_ms=5_000)
        self._look()

    def until_now(self) -> list[ConsumerRecord]:
        """Return what is on the topic now."""
        if not self._is_there:
            return []
        end = self._consumer.end_offsets([self._place])[self._place]
        give_up_s = time.monotonic() + _UNTIL_NOW_S
        found: list[ConsumerRecord] = []
        while self._consumer.position(self._place) < end and time.monotonic() < give_up_s:
            found += self._polled(wait_s=0.2)
        return found

    def poll(self) -> list[ConsumerRecord]:
        """Return what has come since the last call; asks Kafka twice a second at most."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return []
        self._next_s = now_s + (_EVERY_S if self._is_there else _LOOK_AGAIN_S)
        if not self._is_there:
            self._look()
        return self._polled(wait_s=0.0) if self._is_there else []

    def _look(self) -> None:
        """Take the topic's partition if there is one."""
        if self._consumer.partitions_for_topic(self._place.topic):
            self._consumer.assign([self._place])
            self._is_there = True
        else:
            logger.warning(
                "topic %r is not there, LoRA weights cannot be swapped: run "
                "`cherryrec topics create`",
                self._place.topic,
            )

    def _polled(self, *, wait_s: float) -> list[ConsumerRecord]:
        polled = self._reading.poll(self._consumer, timeout_ms=round(1e3 * wait_s))
        return [record for records in polled.values() for record in records]
