"""Creating the topics, and checking that they are as they must be."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError

from cherryrec.errors import ServiceError
from cherryrec.topics import (
    CHANGELOG_MAX_BYTES,
    CHANGELOGS,
    ERASABLE,
    TOPICS,
    Topic,
    TopicNames,
    record_limit,
)
from streams.admin_client import Admin, configs_of
from streams.config import KafkaConfig

__all__ = [
    "Mismatch",
    "check_topics",
    "create_topics",
    "repair_topics",
    "topic_settings",
]

_VISIBLE_S = 15.0
_COMPACTED = {"max.compaction.lag.ms": "86400000"}
"""Old values of articles, counters and models are gone within a day of the next that comes."""

COMPACTED_WITHIN_S = 3 * 3_600
TOMBSTONES_S = 12 * 3_600
_ERASABLE = {
    "max.compaction.lag.ms": str(1_000 * COMPACTED_WITHIN_S),
    "delete.retention.ms": str(1_000 * TOMBSTONES_S),
}
"""Of topics keyed by user: with a heartbeat every ten minutes an erased user's values leave within
four hours, and the tombstones, which hold the id, within a day (docs/erasure.md)."""

_STAMPED = {"message.timestamp.type": "LogAppendTime"}
"""The broker stamps records: by a sender's clock an old event would be deleted unread."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One way in which a topic is not as it must be."""

    topic: str
    setting: str
    wanted: str
    got: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} must be {self.wanted}, got {self.got}"

    @property
    def can_be_set(self) -> bool:
        """Whether it is a setting that can be put right, and no record is deleted by that."""
        if self.setting in {"topic", "partitions"}:
            return False
        if self.setting == "cleanup.policy":
            return "delete" not in self.wanted or "delete" in self.got
        if self.setting == "retention.ms":
            return 0 <= int(self.got) <= int(self.wanted)
        return True


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One topic as it must be, under its full name."""

    name: str
    n_partitions: int
    settings: Mapping[str, str]


def topic_settings(topic: Topic) -> dict[str, str]:
    """Return the settings a topic is created with and checked against."""
    settings = {
        "cleanup.policy": topic.cleanup,
        "max.message.bytes": str(record_limit(topic)),
        **_STAMPED,
    }
    if "delete" in topic.cleanup:
        settings["retention.ms"] = str(topic.retention_s * 1_000)
    return settings


def n_partitions(topic: Topic, kafka: KafkaConfig) -> int:
    """Return how many partitions a topic has: its own fixed number, or the configured one."""
    return topic.n_partitions or kafka.partitions


def _wanted(kafka: KafkaConfig) -> list[_Wanted]:
    """List our topics, and the changelogs of the workers' tables."""
    names = TopicNames(kafka.prefix)
    changelog = {
        "cleanup.policy": "compact",
        "max.message.bytes": str(CHANGELOG_MAX_BYTES),
        **_ERASABLE,
        **_STAMPED,
    }
    return [
        *(
            _Wanted(
                names(t.name),
                n_partitions(t, kafka),
                topic_settings(t) | _compaction(t),
            )
            for t in TOPICS
        ),
        *(_Wanted(kafka.prefix + name, kafka.partitions, changelog) for name in CHANGELOGS),
    ]


def _compaction(topic: Topic) -> dict[str, str]:
    """Return how soon a topic is compacted, where it is."""
    if topic.name in ERASABLE:
        return _ERASABLE
    return _COMPACTED if "compact" in topic.cleanup else {}


def create_topics(kafka: KafkaConfig) -> list[str]:
    """Create the topics that are not there yet; return their names.

    Raises
    ------
    ServiceError
        Kafka does not answer, or refuses.
    """
    with Admin(kafka) as admin:
        there = set(admin.list_topics())
        missing = [one for one in _wanted(kafka) if one.name not in there]
        for one in missing:
            new = NewTopic(
                name=one.name,
                num_partitions=one.n_partitions,
                replication_factor=kafka.replication,
                topic_configs=dict(one.settings),
            )
            try:
                admin.create_topics([new])
            except TopicAlreadyExistsError:
                continue
        wanted = {one.name for one in _wanted(kafka)}
        give_up = time.monotonic() + _VISIBLE_S
        while not wanted <= set(admin.list_topics()):
            if time.monotonic() > give_up:
                absent = ", ".join(sorted(wanted - set(admin.list_topics())))
                msg = f"topics {absent} were created but are not there after {_VISIBLE_S:g} s"
                raise ServiceError(msg)
            time.sleep(0.1)
    return [one.name for one in missing]


def check_topics(kafka: KafkaConfig) -> list[Mismatch]:
    """Return every way in which the topics are not as they must be.

    Raises
    ------
    ServiceError
        Kafka does not answer.
    """
    found: list[Mismatch] = []
    with Admin(kafka) as admin:
        there = set(admin.list_topics())
        wanted = _wanted(kafka)
        present = [one for one in wanted if one.name in there]
        found += [
            Mismatch(one.name, "topic", "there", "none") for one in wanted if one not in present
        ]
        described = admin.describe_topics([one.name for one in present])
        partitions = {one["name"]: len(one["partitions"]) for one in described}
        for one in present:
            if partitions[one.name] != one.n_partitions:
                got = str(partitions[one.name])
                found.append(Mismatch(one.name, "partitions", str(one.n_partitions), got))
            settings = configs_of(admin, one.name)
            for key, value in one.settings.items():
                if not _is_same(settings.get(key, ""), value):
                    found.append(Mismatch(one.name, key, value, settings.get(key, "none")))
    return found


def repair_topics(kafka: KafkaConfig) -> tuple[list[Mismatch], list[Mismatch]]:
    """Set what is not as it must be on topics that are there; no partition, no record is touched.

    Returns
    -------
    What was set, and what is left: topics that are not there, partition counts, and settings that
    would have Kafka delete records.

    Raises
    ------
    ServiceError
        Kafka does not answer, or refuses.
    """
    found = check_topics(kafka)
    done = [one for one in found if one.can_be_set]
    left = [one for one in found if not one.can_be_set]
    by_topic: dict[str, dict[str, str]] = {}
    for one in done:
        by_topic.setdefault(one.topic, {})[one.setting] = one.wanted
    with Admin(kafka) as admin:
        for name, settings in by_topic.items():
            # Incremental: a setting that is not named here stays as the site has set it.
            answer = admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name, configs=settings)],
                raise_on_unknown=False,
                incremental=True,
            )
            outcome = answer["topic"][name]
            if outcome != "OK":
                msg = f"Kafka must take {settings} for {name!r}, it answered {outcome}"
                raise ServiceError(msg)
    return done, left


def _is_same(got: str, wanted: str) -> bool:
    return sorted(got.split(",")) == sorted(wanted.split(","))
