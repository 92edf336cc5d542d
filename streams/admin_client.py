"""The admin client of a cluster, its errors in our words, and what a topic is there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from cherryrec.errors import ServiceError
from cherryrec.supervised import connected
from cherryrec.topics import TopicNames, record_limit, topic_named
from streams.config import KafkaConfig
from streams.kafka_errors import sentence

__all__ = ["Admin", "TopicThere", "configs_of", "require_topic"]


class Admin:
    """kafka-python's admin client, its errors in our words."""

    def __init__(self, kafka: KafkaConfig) -> None:
        self._kafka = kafka
        self._client: Any = None

    def __enter__(self) -> Any:
        try:
            self._client = connected(
                KafkaAdminClient,
                request_timeout_ms=10_000,
                bootstrap_timeout_ms=10_000,
                **self._kafka.client_options(),
            )
        except KafkaError as error:
            raise _unreachable(self._kafka, error) from error
        return self._client

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._client.close()
        if isinstance(error, KafkaError):
            raise _unreachable(self._kafka, error) from error


@dataclass(frozen=True, slots=True)
class TopicThere:
    """A topic as it is on the cluster: partitions, and the largest record it takes, in bytes."""

    n_partitions: int
    max_bytes: int


def require_topic(kafka: KafkaConfig, name: str) -> TopicThere:
    """Return what a topic (without the prefix) is.

    Raises
    ------
    ServiceError
        Kafka does not answer, or the topic is not there.
    """
    full = TopicNames(kafka.prefix)(name)
    with Admin(kafka) as admin:
        if full not in admin.list_topics():
            msg = (
                f"topic {full!r} must be on {kafka.bootstrap_servers}, it is not: "
                "is --prefix right? else run `cherryrec topics create`"
            )
            raise ServiceError(msg)
        (described,) = admin.describe_topics([full])
        max_bytes = record_limit(topic_named(name))
        with suppress(KafkaError, KeyError, ServiceError):  # a sender may lack the right to ask
            max_bytes = int(configs_of(admin, full)["max.message.bytes"])
        return TopicThere(len(described["partitions"]), max_bytes)


def configs_of(admin: Any, name: str) -> dict[str, str]:
    """Return the settings of a topic, by its full name."""
    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    return _flat_configs(answer, name)


def _flat_configs(answer: Any, name: str) -> dict[str, str]:
    """Read names and values out of kafka-python's answer."""
    if isinstance(answer, Mapping):
        for resource, configs in answer.items():
            if name in str(resource) or resource == name:
                return {
                    key: str(value["value"] if isinstance(value, Mapping) else value)
                    for key, value in configs.items()
                }
            if isinstance(configs, Mapping) and name in configs:
                return _flat_configs({name: configs[name]}, name)
    msg = f"Kafka's answer about the settings of {name!r} cannot be read: {answer!r}"
    raise ServiceError(msg)


def _unreachable(kafka: KafkaConfig, error: Exception) -> ServiceError:
    return ServiceError(f"Kafka at {kafka.bootstrap_servers} must answer, got {sentence(error)}")
