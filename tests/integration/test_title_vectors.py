"""A sentence model on a real Kafka: each title is read once, and every worker has its vector."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cherryrec.codec import decode
from cherryrec.events import ModelSnapshot, TitleVector, instant
from cherryrec.snapshots import SERVING, fits_of
from streams.stack import Child
from tests.integration.system import System
from tests.worlds import START_S, article, click, impression, request

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

N_ARTICLES = 12


@pytest.fixture
def system(kafka: str, tmp_path: Path) -> Iterator[System]:
    system = System(kafka, "titles.", tmp_path, {"CHERRYREC_CATALOGUE_SENTENCE_MODEL": "minilm"})
    try:
        publish(system, 0, N_ARTICLES)
        yield system
    finally:
        system.stop()


def publish(system: System, begin: int, end: int) -> None:
    for number in range(begin, end):
        published = article(number, published_at=instant(START_S))
        system.send("articles", published.article_id, published)


def metric(child: Child, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{child.http_port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def unread(child: Child) -> float:
    return metric(child, "cherryrec_titles_unread")


def n_read(child: Child) -> float:
    return metric(child, "cherryrec_titles_read_total")


def read(system: System) -> list[str]:
    """Which articles' titles were read, each time that they were."""
    found = [decode(TitleVector, one.value) for one in system.records("title-vectors")]
    assert all(any(one.vector) for one in found)
    return sorted(one.article_id for one in found)


def test_titles_are_read_once_by_whoever_owns_the_first_partition(system: System) -> None:
    one, other = (system.start(name=name) for name in ("one", "other"))
    workers = (one, other)
    system.wait_until(lambda: all(unread(worker) == 0 for worker in workers), every_s=0.2)

    wanted = sorted(f"a{number}" for number in range(N_ARTICLES))
    assert read(system) == wanted
    assert n_read(one) + n_read(other) == N_ARTICLES

    reader, left = (one, other) if n_read(one) else (other, one)
    reader.kill()
    publish(system, N_ARTICLES, N_ARTICLES + 3)
    system.wait_until(lambda: n_read(left) == 3, every_s=0.2)
    system.wait_until(lambda: unread(left) == 0, every_s=0.2)

    third = system.start(name="third")
    system.wait_until(lambda: unread(third) == 0, every_s=0.2)
    assert n_read(third) == 0, "it follows what was read before it came"
    assert read(system) == sorted(f"a{number}" for number in range(N_ARTICLES + 3))


ROUND_S = 7_200.0


def test_what_readers_click_teaches_how_titles_fit(system: System) -> None:
    worker, _ = system.start(), system.start("learner")
    system.wait_until(lambda: unread(worker) == 0, every_s=0.2)

    for k in range(6):  # each round ends the window of the one before
        time_s, shown = START_S + ROUND_S * (k + 1), [f"a{k}", f"a{k + 1}", f"a{k + 2}"]
        system.send("requests", "u", request(f"r{k}", time_s, candidates=shown))
        system.wait_until(lambda k=k: len(system.recommendations()) == k + 1)  # type: ignore[misc]
        system.send("impressions", "u", impression(f"i{k}", shown, time_s + 1, request_id=f"r{k}"))
        system.send("clicks", "u", click(f"a{k}", time_s + 2, impression_id=f"i{k}"))

    def served() -> ModelSnapshot | None:
        newest = [one.value for one in system.records("models") if one.key == SERVING.encode()]
        return decode(ModelSnapshot, newest[-1], max_bytes=1 << 24) if newest else None

    def is_taught() -> bool:
        snapshot = served()
        return snapshot is not None and bool(
            fits_of(snapshot, sentence_model="minilm").fit.weights.any()
        )

    system.wait_until(is_taught, every_s=0.2)
    snapshot = served()
    assert snapshot is not None
    assert "sentence_fit" in {one.name for one in snapshot.features}
    assert not [name for name in snapshot.arrays if name.startswith("student/")]
    assert system.dead_letters() == []
