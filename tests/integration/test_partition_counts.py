"""A topic with another partition count than the workers' ends them with a sentence, unread."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewPartitions, NewTopic

from tests.integration.system import PARTITIONS, WAIT_S, System

pytestmark = pytest.mark.timeout(120)


def test_worker_refuses_to_start_on_a_topic_with_another_count(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics([NewTopic(f"{prefix}clicks", 1, 1)])  # as a broker makes it by itself
    admin.close()
    system = System(kafka, prefix, tmp_path)

    worker = system.start(wait=False)
    code = worker.process.wait(WAIT_S)

    said = worker.log_file.read_text()
    assert code == 1
    assert f"topic '{prefix}clicks' must have {PARTITIONS} partitions, got 1" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_count_that_is_raised_under_a_worker_ends_it_and_its_successor_says_so(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    system = System(kafka, prefix, tmp_path)
    worker = system.start()
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_partitions({f"{prefix}clicks": NewPartitions(2 * PARTITIONS)})
    admin.close()

    code = worker.process.wait(WAIT_S)
    again = system.start(wait=False)
    code_again = again.process.wait(WAIT_S)

    reason = f"topic '{prefix}clicks' must have {PARTITIONS} partitions, got {2 * PARTITIONS}"
    assert (code, code_again) == (1, 1)
    assert reason in worker.log_file.read_text()
    assert reason in again.log_file.read_text()
