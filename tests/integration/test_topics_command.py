"""Topics are made as they must be, and what they lack is named."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from cherryrec.topics import CHANGELOGS, TOPICS, topic_named
from streams.admin import topic_settings
from tests.commands import run_command
from tests.integration.own_topics import Topics


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 15.0
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_topics_are_created_once_and_are_as_they_must_be(kafka: str, prefix: str) -> None:
    place = ("--bootstrap-servers", kafka, "--prefix", prefix)

    first, second = (run_command("topics", "create", *place) for _ in range(2))
    checked = run_command("topics", "check", *place)

    assert (first.code, second.code, checked.code) == (0, 0, 0)
    assert first.out.endswith(f"{len(TOPICS) + len(CHANGELOGS)} topics created on {kafka}\n")
    assert second.out == f"0 topics created on {kafka}\n"
    assert checked.out == "all topics are as they must be\n"


def test_topics_check_names_every_mismatch(kafka: str, prefix: str) -> None:
    place = ("--bootstrap-servers", kafka, "--prefix", prefix)
    wrong = [
        ("impressions", 5, {}),
        ("articles", 1, {"cleanup.policy": "delete"}),
        ("requests", 4, {"retention.ms": "1000", "message.timestamp.type": "CreateTime"}),
        ("dead-letters", 1, {"retention.ms": "-1"}),
    ]
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    for name, n_partitions, settings in wrong:
        admin.create_topics(
            [
                NewTopic(
                    prefix + name,
                    num_partitions=n_partitions,
                    replication_factor=1,
                    topic_configs=topic_settings(topic_named(name)) | settings,
                )
            ]
        )
    wait_until(lambda: {prefix + name for name, *_ in wrong} <= set(admin.list_topics()))
    created = run_command("topics", "create", *place)
    assert (created.code, "6 settings of topics that were there" in created.err) == (0, True)
    admin.delete_topics([f"{prefix}clicks"])
    wait_until(lambda: f"{prefix}clicks" not in admin.list_topics())
    admin.close()

    ended = run_command("topics", "check", *place)

    assert ended.code == 1
    assert sorted(ended.out.splitlines()) == [
        f"{prefix}articles: cleanup.policy must be compact, got delete",
        f"{prefix}articles: max.compaction.lag.ms must be 86400000, got none",
        f"{prefix}clicks: topic must be there, got none",
        f"{prefix}dead-letters: retention.ms must be 604800000, got -1",
        f"{prefix}impressions: partitions must be 4, got 5",
        f"{prefix}requests: message.timestamp.type must be LogAppendTime, got CreateTime",
        f"{prefix}requests: retention.ms must be 86400000, got 1000",
    ]
    assert "7 topic settings" in ended.err

    repaired = run_command("topics", "repair", *place)

    assert repaired.code == 1
    assert "4 settings set on " in repaired.out
    left = [line for line in repaired.out.splitlines() if line.startswith("left: ")]
    assert sorted(left) == [
        f"left: {prefix}clicks: topic must be there, got none",
        f"left: {prefix}dead-letters: retention.ms must be 604800000, got -1",
        f"left: {prefix}impressions: partitions must be 4, got 5",
    ]
    assert sorted(run_command("topics", "check", *place).out.splitlines()) == [
        line.removeprefix("left: ") for line in sorted(left)
    ]


def test_doctor_finds_kafka_and_what_its_topics_lack(topics: Topics) -> None:
    # The topics were made with 3 partitions, the settings want 4.
    ended = topics.run("doctor")

    assert ended.code == 1
    assert f"ok       kafka: answers at {topics.kafka.bootstrap_servers}\n" in ended.out
    assert f"wrong    topics: {topics.kafka.prefix}clicks: partitions must be 4, got 3" in ended.out
    assert ended.err.startswith("cherryrec: error: needed and not ok: topics")
