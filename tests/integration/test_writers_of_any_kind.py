"""What other clients write as they please: compressed, rolled back, left open, elsewhere."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cherryrec.codec import encode
from cherryrec.events import ArticlePublished, Click, RecommendationRequest, instant
from cherryrec.placement import partition_of
from cherryrec.profile import decode_profile
from gpu_worker.lora_topic import LoraTopic
from streams.records import TopicReader
from tests.integration.system import PARTITIONS, System, counts_of
from tests.worlds import update

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


@pytest.mark.slow
def test_writer_of_another_partitioner_is_taken_right_and_erased(system: System) -> None:
    """librdkafka's default, CRC32: of six readers' events nearly all lie elsewhere."""
    worker = system.start()
    users = [f"reader-{number}" for number in range(6)]
    producer = system.producer()

    def put(topic: str, user_id: str, event: Any, *, keyed: bool = True) -> None:
        key = user_id.encode()
        producer.send(
            system.names(topic),
            key=key if keyed else None,
            value=None if event is None else encode(event),
            partition=zlib.crc32(key) % PARTITIONS,
        )

    def profiles() -> dict[tuple[int, str], bytes]:
        return system.table("profiles")

    for user_id in users:
        put("profile-updates", user_id, update(user_id, role="editor"))
        put("clicks", user_id, click(f"1-{user_id}", user_id))
        put("clicks", user_id, click(f"2-{user_id}", user_id), keyed=False)
    producer.flush()
    system.wait_until(lambda: counts_of(worker).get(("clicks", "applied")) == 2 * len(users))
    system.wait_until(lambda: len(profiles()) == len(users))
    known = {place: decode_profile(raw) for place, raw in profiles().items()}
    put("profile-updates", users[0], None)
    producer.flush()
    for user_id in users[1:]:
        system.send("profile-updates", user_id, None)
    system.wait_until(lambda: not profiles())
    system.wait_all_committed()
    counts = counts_of(worker)

    assert {(one.role, one.n_clicks) for one in known.values()} == {("editor", 2)}
    assert set(known) == {(partition_of(u.encode(), PARTITIONS), u) for u in users}
    for topic in ("clicks", "profile-updates"):
        came = len(system.records(topic))
        with TopicReader(system.kafka, topic) as reader:
            n_marks = came - len(list(reader.until_now()))
        assert (n_marks > 0) == (topic == "profile-updates")
        assert sum(n for (of, _), n in counts.items() if of == topic) == came
        assert counts[topic, "moved"] > 0
