"""The bridge in docs/messages.md turns a site's page views into clicks, as printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from cherryrec.codec import decode
from cherryrec.events import Click
from streams.admin import create_topics
from streams.config import KafkaConfig
from streams.records import TopicReader

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")
VIEW = {"id": "v1", "reader": "U7", "story": "A1", "at": "2026-11-28T16:21:45Z"}


def test_bridge_sends_a_click_for_every_page_view(kafka: str, prefix: str, tmp_path: Path) -> None:
    bridge = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert bridge is not None
    views, settings = f"{prefix}pageviews", KafkaConfig(bootstrap_servers=kafka, prefix=prefix)
    code = bridge[1].replace("site.pageviews", views).replace("cherryrec.clicks", f"{prefix}clicks")
    create_topics(settings)
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics([NewTopic(name=views, num_partitions=1, replication_factor=1)])
    admin.close()
    put(kafka, views, json.dumps(VIEW).encode())

    environment = {**os.environ, "CHERRYREC_KAFKA_BOOTSTRAP_SERVERS": kafka}
    running = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=tmp_path)
    try:
        found = clicks_within(settings, 30.0)
    finally:
        running.kill()
        running.wait()

    assert [(c.event_id, c.user_id, c.article_id) for c in found] == [("v1", "U7", "A1")]


def put(servers: str, topic: str, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=servers)
    producer.send(topic, value=value).get(timeout=10)
    producer.close()


def clicks_within(settings: KafkaConfig, seconds: float) -> list[Click]:
    """Wait for clicks."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with TopicReader(settings, "clicks") as reader:
            found = [decode(Click, record.value) for record in reader.until_now()]
        if found:
            return found
        time.sleep(0.3)
    return []
