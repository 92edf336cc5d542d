"""The table of a soak: what is around a kill stands apart, and what grows is seen."""

from __future__ import annotations

import math
import os
from array import array
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks._soak.gauges import Gauge, gauge
from benchmarks._soak.load import Load
from benchmarks._soak.readers import Readers
from benchmarks._soak.table import Table
from benchmarks._soak.watch import Kill, Watch
from streams.config import KafkaConfig

LASTS_S = 400.0


def table(*, kills: tuple[Kill, ...] = (), grows_mib: float = 0.0) -> Table:
    """A request a second, 10 ms each and 2 s within a kill; one process, looked at as often."""
    load = Load(KafkaConfig(), Readers(), requests_per_s=1.0, events_per_s=1.0)
    seconds = range(int(LASTS_S))
    around = {s for s in seconds for kill in kills if kill.at_s <= s < kill.ready_s}
    load._sent_s = array("d", [float(s) for s in seconds])
    load._waited_s = array("d", [2.0 if s in around else 0.01 for s in seconds])
    load._n_answers = array("B", [2 if s in around else 1 for s in seconds])
    nobody: Any = SimpleNamespace()
    watch = Watch(nobody, lambda: LASTS_S, ("w",), kill_every_s=200.0, sample_every_s=1.0)
    watch.kills.extend(kills)
    watch.gauges.extend(Gauge(s, "w", 1, 100.0 + grows_mib * s / LASTS_S, 9, 3) for s in seconds)
    return Table(load, watch, LASTS_S)


def test_requests_around_a_kill_stand_apart() -> None:
    first, second, *_ = table(kills=(Kill("w", 120.0, 140.0),)).quarters()

    assert (first.n_requests, second.n_requests) == (100, 100)
    assert first.all_ms == pytest.approx((10.0, 10.0))
    assert second.all_ms == pytest.approx((10.0, 2_000.0))
    assert second.calm_ms == pytest.approx((10.0, 10.0))
    assert second.worst_ms == pytest.approx(2_000.0)


def test_answers_and_their_repetitions_are_counted() -> None:
    load = table(kills=(Kill("w", 120.0, 140.0),)).load
    load._n_answers[7] = 0

    assert (load.n_unanswered, load.n_answered_again) == (1, 20)


def test_a_request_that_waits_still_hides_no_number() -> None:
    one = table()
    one.load._waited_s[7] = math.nan

    assert one.part(0.0, 60.0).calm_ms == pytest.approx((10.0, 10.0))


def test_what_a_process_holds_is_compared_once_it_is_grown() -> None:
    grown = table(grows_mib=40.0).growth()["w"]

    assert grown["memory"] == pytest.approx((100.0 + 0.875 * 40.0) / (100.0 + 0.2 * 40.0), rel=0.01)
    assert grown["open files"] == grown["threads"] == 1.0


def test_rows_say_what_was_not_seen() -> None:
    nothing = Table(
        Load(KafkaConfig(), Readers(), requests_per_s=1.0, events_per_s=1.0),
        table().watch,
        LASTS_S,
    )

    assert all(math.isnan(quarter.n_behind) for quarter in nothing.quarters())
    assert nothing.lines()[2].startswith("| 1 | 0 | - / - | - / - | 0 | - | ")


def test_this_process_holds_something() -> None:
    mine = gauge("me", os.getpid(), 0.0)

    assert mine is not None
    assert mine.memory_mib > 1.0
    assert mine.n_files > 0
    assert mine.n_threads >= 1


def test_the_site_keeps_as_many_articles_and_shows_and_clicks() -> None:
    readers, again = Readers(n_articles=50, seed=3), Readers(n_articles=50, seed=3)
    topics: dict[str, int] = {}
    for one in (readers, again):
        assert len(list(one.first(1e9))) == 50
    for number in range(2_000):
        for (topic, key, event), other in zip(
            readers.event(1e9 + number), again.event(1e9 + number), strict=True
        ):
            assert (topic, key) == other[:2]
            name = topic if event is not None else "retractions"
            topics[name] = topics.get(name, 0) + 1

    assert topics["articles"] == topics["retractions"] > 0
    assert topics["clicks"] > topics["profile-updates"] > 0
    assert topics["impressions"] > 500
