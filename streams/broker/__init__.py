"""A real Kafka for machines without Docker: its jars from Maven Central, one node on loopback."""

from __future__ import annotations

from streams.broker.jars import fetch_kafka, kafka_version, require_java
from streams.broker.local_kafka import LocalKafka

__all__ = ["LocalKafka", "fetch_kafka", "kafka_version", "require_java"]
