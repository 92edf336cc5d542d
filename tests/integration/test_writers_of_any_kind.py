"""What other clients write as they please: compressed, rolled back, left open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cherryrec.codec import encode
from cherryrec.events import ArticlePublished, Click, RecommendationRequest, instant
from gpu_worker.lora_topic import LoraTopic
from streams.records import TopicReader
from tests.integration.system import System, counts_of

pytestmark = pytest.mark.timeout(180)

CODECS = ("gzip", "lz4", "snappy", "zstd")


@pytest.fixture
def system(kafka: str, prefix: str, tmp_path: Path) -> Iterator[System]:
    system = System(kafka, prefix, tmp_path)
    yield system
    system.stop()


def article(name: str) -> ArticlePublished:
    return ArticlePublished(
        article_id=name, title=f"Story {name}", category="news", published_at=instant(time.time())
    )


def click(name: str, user_id: str) -> Click:
    return Click(event_id=name, user_id=user_id, article_id="gzip", clicked_at=instant(time.time()))


class Transaction:
    """One writer's transaction, open until it is ended."""

    def __init__(self, system: System, name: str) -> None:
        self._names = system.names
        self.producer = system.producer(transactional_id=f"{system.names.prefix}{name}")
        self.producer.init_transactions()
        self.producer.begin_transaction()

    def send(self, topic: str, key: str, event: Any) -> None:
        self.producer.send(self._names(topic), key=key.encode(), value=encode(event))
        self.producer.flush()

    def commit(self) -> None:
        self.producer.commit_transaction()
        self.producer.close()

    def abort(self) -> None:
        self.producer.abort_transaction()
        self.producer.close()


def test_every_reader_takes_every_codec_and_nothing_that_was_rolled_back(system: System) -> None:
    worker, learner = system.start(wait=False), system.start("learner")
    for codec in CODECS:
        producer = system.producer(compression_type=codec)
        for topic, key, value in (
            ("articles", codec, encode(article(codec))),
            ("clicks", "u1", encode(click(codec, "u1"))),
            ("examples", "u1", b"no example"),
            ("lora-weights", "base", codec.encode()),
        ):
            producer.send(system.names(topic), key=key.encode(), value=value)
        producer.close()
    for topic, key, event in (
        ("articles", "rolled-back", article("rolled-back")),
        ("clicks", "u1", click("rolled-back", "u1")),
        ("lora-weights", "base", article("rolled-back")),
    ):
        transaction = Transaction(system, "cms")
        transaction.send(topic, key, event)
        transaction.abort()
    worker.wait_ready(60.0)

    with system.session() as session:
        request = RecommendationRequest(
            request_id="r", user_id="u2", requested_at=instant(time.time()), slate_size=100
        )
        answer = session.ask(request)
    system.wait_until(lambda: counts_of(worker).get(("clicks", "applied")) == len(CODECS))
    with ExitStack() as stack:
        lora = LoraTopic(
            system.names("lora-weights"), client_kwargs={"bootstrap_servers": system.servers}
        )
        lora.connect(stack)
        followed = [record.value.decode() for record in lora.until_now()]
    with TopicReader(system.kafka, "articles") as reader:
        read = {record.key.decode() for record in reader.until_now()}

    assert {one.article_id for one in answer.recommendation.slate} == set(CODECS)
    assert followed == list(CODECS)
    assert read == set(CODECS)
    system.wait_until(lambda: counts_of(learner).get(("examples", "dead_lettered")) == len(CODECS))


def test_open_transaction_holds_its_records_back_until_it_ends(system: System) -> None:
    worker = system.start()
    transaction = Transaction(system, "site")
    transaction.send("clicks", "u1", click("c1", "u1"))
    system.send("clicks", "u1", click("c2", "u1"))
    time.sleep(1.0)
    before = counts_of(worker).get(("clicks", "applied"), 0)

    transaction.commit()

    system.wait_until(lambda: counts_of(worker).get(("clicks", "applied")) == 2)
    assert before == 0
