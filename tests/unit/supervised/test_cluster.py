from __future__ import annotations

from collections.abc import Iterable

import pytest
from kafka.errors import KafkaConnectionError

from cherryrec.supervised import Cluster, Gates, Lookout
from cherryrec.supervised.cluster import EXIT_CODE

BEGAN = Cluster("c", {"clicks": "id-1", "requests": "id-2"})


class World:
    """A lookout over a cluster that answers what the test says."""

    def __init__(self, known: Cluster | None = BEGAN) -> None:
        self.answers: list[Cluster | None] = []
        self.codes: list[int] = []
        self.gates = Gates()
        self.now_s = 0.0
        self.lookout = Lookout(
            {"bootstrap_servers": "kafka:9092"},
            BEGAN.topic_ids,
            gates=self.gates,
            known=known,
            end=self.codes.append,
            ask=self._ask,
            clock=lambda: self.now_s,
        )

    def _ask(self, _: Iterable[str]) -> Cluster:
        answer = self.answers.pop(0)
        if answer is None:
            raise KafkaConnectionError
        return answer

    def observe(self, *answers: Cluster | None) -> list[int]:
        self.answers = list(answers)
        for _ in answers:
            self.lookout.observe()
        return self.codes


def test_cluster_as_it_was_lets_the_worker_go_on() -> None:
    assert World().observe(BEGAN, None, BEGAN) == []


def test_topic_made_anew_ends_the_worker_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    codes = World().observe(Cluster("c", {"clicks": "id-9", "requests": "id-2"}))

    assert codes == [EXIT_CODE]
    assert "topics deleted and made again: clicks. The next start reads them" in caplog.text


def test_topic_that_is_missing_twice_in_a_row_ends_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = Cluster("c", {"clicks": "id-1"})
    world = World()

    assert world.observe(gone, BEGAN, gone, None) == []
    assert world.observe(gone) == [EXIT_CODE]
    assert "topics deleted: requests" in caplog.text


def test_brokers_that_know_no_ids_end_nobody() -> None:
    assert World().observe(Cluster("c", {"clicks": "", "requests": ""})) == []


def test_first_answer_is_what_the_worker_began_with_where_nobody_says() -> None:
    assert World(known=None).observe(BEGAN, BEGAN) == []
    assert World(known=None).observe(BEGAN, Cluster("c", {"clicks": "id-9"})) == [EXIT_CODE]


def test_silence_of_some_seconds_closes_the_gate_until_a_broker_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    for world.now_s in (0.0, 4.0):
        world.observe(None)
    after_4_s = world.gates.is_ready
    for world.now_s in (6.0, 8.0, 10.0):
        world.observe(None)
    closed = world.gates.closed()
    world.observe(BEGAN)

    assert after_4_s
    assert closed == {"kafka": "no broker of kafka:9092 has answered for 10 s"}
    assert world.gates.is_ready
    assert [record.getMessage()[:9] for record in caplog.records] == ["no broker", "Kafka at "]
