"""The real system for the integration tests: worker processes, and what they leave on Kafka."""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from cherryrec.codec import decode, encode
from cherryrec.events import DeadLetter, Event, Recommendation
from cherryrec.topics import TopicNames, topic_named
from streams.admin import create_topics, n_partitions
from streams.config import KafkaConfig
from streams.replay import Session
from streams.stack import Child, free_port, start_child

ROOT = Path(__file__).resolve().parents[2]
PARTITIONS = 3
WAIT_S = 40.0
SESSION_S = 5.0
"""Silence after which a killed worker's partitions go to another."""

INPUTS = ("articles", "profile-updates", "requests", "impressions", "clicks")
READ_BY_STREAM = (*INPUTS, "evaluations", "deadlines", "feedback")
SECTIONS = {"stream": "STREAM", "learner": "LEARNER"}


class System:
    """Topics under a prefix of their own, the processes on them; ends every one with `stop`.

    Event time moves only with the messages (no ticks), so that a fold can know where it stands.
    """

    def __init__(
        self,
        servers: str,
        prefix: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.servers = servers
        self.names = TopicNames(prefix)
        self.folder = folder
        self.kafka = KafkaConfig(bootstrap_servers=servers, prefix=prefix, partitions=PARTITIONS)
        self.environment = {
            "CHERRYREC_STREAM_TICK_S": "0",
            "CHERRYREC_EVALUATOR_LATE_AFTER_S": "600",  # a fold knows no wall clock
            "CHERRYREC_STREAM_SESSION_TIMEOUT_S": str(SESSION_S),
            **(environment or {}),
        }
        self.children: list[Child] = []
        create_topics(self.kafka)

    def start(self, kind: str = "stream", name: str = "", *, wait: bool = True) -> Child:
        """Start a worker; one of a name that ran before goes on with its tables."""
        name = name or kind
        port = free_port()
        own = {
            "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "CHERRYREC_KAFKA_PREFIX": self.names.prefix,
            "CHERRYREC_KAFKA_PARTITIONS": str(PARTITIONS),
            f"CHERRYREC_{SECTIONS[kind]}_HTTP_PORT": str(port),
            "CHERRYREC_STREAM_DATA_DIR": str(self.folder / "tables" / name),
        }
        child = start_child(
            name,
            [sys.executable, "-m", "cherryrec.cli", "worker", kind],
            log_file=self.folder / "logs" / f"{name}-{len(self.children)}.log",
            http_port=port,
            env={**os.environ, **self.environment, **own},
        )
        self.children.append(child)
        if wait:
            child.wait_ready(WAIT_S)
        return child

    def stop(self) -> None:
        for child in self.children:
            child.kill()

    def session(self) -> Session:
        return Session({"bootstrap_servers": self.servers}, self.names, timeout_s=WAIT_S)

    def producer(self, **options: Any) -> Any:
        return KafkaProducer(bootstrap_servers=self.servers, **options)

    def send(self, topic: str, key: str, *events: Event | None) -> None:
        """Send events of one key, acknowledged when this returns."""
        producer = self.producer()
        for event in events:
            value = None if event is None else encode(event)
            producer.send(self.names(topic), key=key.encode(), value=value)
        producer.flush()
        producer.close()

    def records(self, topic: str) -> list[Any]:
        """All records of a topic of ours up to its present ends, by partition and offset."""
        places = self._places(topic)
        return self._read(places)

    def table(self, name: str) -> dict[tuple[int, str], bytes]:
        """What a table holds: its changelog's last value of each key."""
        topic = f"{self.names.prefix}stream-{name}-changelog"
        state: dict[tuple[int, str], bytes] = {}
        for record in self._read([TopicPartition(topic, n) for n in range(PARTITIONS)]):
            place = (record.partition, record.key.decode())
            if record.value is None:
                state.pop(place, None)
            else:
                state[place] = record.value
        return state

    def recommendations(self) -> list[Recommendation]:
        limit = topic_named("recommendations").max_message_bytes
        found = self.records("recommendations")
        return [decode(Recommendation, record.value, max_bytes=limit) for record in found]

    def dead_letters(self) -> list[DeadLetter]:
        limit = topic_named("dead-letters").max_message_bytes
        found = self.records("dead-letters")
        return [decode(DeadLetter, record.value, max_bytes=limit) for record in found]

    def is_all_committed(self) -> bool:
        """Whether the stream workers have committed all there is, so that nothing is in hand."""
        admin = KafkaAdminClient(bootstrap_servers=self.servers)
        group = f"{self.names.prefix}stream"
        answer = admin.list_group_offsets(group)[group]
        admin.close()
        committed = {place: one.offset for place, one in answer.items()}
        places = [place for topic in READ_BY_STREAM for place in self._places(topic)]
        ends = self._ends(places)
        return all(committed.get(place, 0) >= end for place, end in ends.items())

    def wait_all_committed(self) -> None:
        self.wait_until(self.is_all_committed, every_s=0.2)

    def wait_until(self, is_so: Callable[[], bool], *, every_s: float = 0.05) -> None:
        """Wait; the last look begins after the time is up, however long one look takes."""
        give_up_s = time.monotonic() + WAIT_S
        began_s = time.monotonic()
        while not is_so():
            assert began_s < give_up_s, f"not so after {WAIT_S} s: {self._logs()}"
            time.sleep(every_s)
            began_s = time.monotonic()

    def _logs(self) -> str:
        logs = (child.log_file.read_text(errors="replace") for child in self.children)
        return "\n".join(log[-2_000:] for log in logs)

    def _places(self, topic: str) -> list[TopicPartition]:
        n = n_partitions(topic_named(topic), self.kafka)
        return [TopicPartition(self.names(topic), number) for number in range(n)]

    def _ends(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        consumer = KafkaConsumer(bootstrap_servers=self.servers)
        ends: dict[TopicPartition, int] = consumer.end_offsets(places)
        consumer.close()
        return ends

    def _read(self, places: list[TopicPartition]) -> list[Any]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.servers,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=17 << 20,
            fetch_max_wait_ms=50,
            request_timeout_ms=10_000,  # a lost answer is asked for again within the wait
        )
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        found: list[Any] = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=200).values():
                found.extend(records)
        consumer.close()
        return sorted(found, key=lambda record: (record.partition, record.offset))


def counts_of(child: Child) -> dict[tuple[str, str], int]:
    """Return what a worker counted, by topic and outcome."""
    with urllib.request.urlopen(f"http://127.0.0.1:{child.http_port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    counts = {}
    for line in lines:
        if line.startswith("cherryrec_events_total{"):
            labels, value = line.removeprefix("cherryrec_events_total{").split("} ")
            named = dict(label.split("=") for label in labels.split(","))
            counts[named["topic"].strip('"'), named["outcome"].strip('"')] = int(float(value))
    return counts
