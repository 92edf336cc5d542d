"""Topics of one test's own, the commands that use them, and a slate to put there."""

from __future__ import annotations

from cherryrec.codec import encode
from cherryrec.events import Event, Recommendation, Recommended, instant
from cherryrec.topics import topic_named
from streams.admin import create_topics
from streams.config import KafkaConfig
from streams.records import Record, TopicReader, TopicWriter
from tests.commands import Ended, run_command
from tests.worlds import START_S


class Topics:
    """Topics of one test's own, and commands that use them."""

    def __init__(self, servers: str, prefix: str) -> None:
        self.kafka = KafkaConfig(bootstrap_servers=servers, prefix=prefix, partitions=3)
        create_topics(self.kafka)

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        places = ("--bootstrap-servers", self.kafka.bootstrap_servers)
        return run_command(*arguments, *places, "--prefix", self.kafka.prefix, stdin=stdin)

    def records(self, topic: str) -> list[Record]:
        with TopicReader(self.kafka, topic) as reader:
            return list(reader.until_now())

    def put(self, topic: str, *events: Event) -> None:
        for event in events:
            self.put_raw(topic, topic_named(topic).key_of(event), encode(event))

    def put_raw(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        refusals: list[Exception] = []
        with TopicWriter(self.kafka, topic) as writer:
            writer.send(key, value, refused=refusals.append)
            writer.flush()
        assert not refusals


def slate(
    name: str, user_id: str = "u1", *, at_s: float = START_S, score: float = 0.5
) -> Recommendation:
    items = tuple(
        Recommended(
            article_id=f"a{number}",
            position=number,
            score=score,
            news_value=0.25,
            contributions={"age": -0.25, "ctr_1h": 0.75},
        )
        for number in range(2)
    )
    return Recommendation(request_id=name, user_id=user_id, requested_at=instant(at_s), slate=items)
