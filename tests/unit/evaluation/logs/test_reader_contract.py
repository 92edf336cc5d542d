"""What every reader keeps to, whatever the layout: the same tests over all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.logs import (
    FORMATS,
    AnyLog,
    ClickLog,
    Health,
    ImpressionLog,
    LoggedClick,
    LoggedDisplay,
    LogSource,
    recognised,
)
from cherryrec.evaluation.logs.health import Event
from cherryrec.evaluation.mind_rows import MindImpression
from tests.logs import BEGIN_S, WRITERS, Written


def events_of(log: AnyLog, limit: int | None = None) -> Iterator[Event]:
    if isinstance(log, ImpressionLog):
        return log.impressions(limit)
    return log.clicks(limit) if isinstance(log, ClickLog) else log.displays(limit)


def time_of(event: Event) -> float:
    return event.clicked_at if isinstance(event, LoggedClick) else event.shown_at


def key_of(event: Event) -> str:
    match event:
        case MindImpression():
            return event.impression_id
        case LoggedClick():
            return event.click_id
        case LoggedDisplay():
            return event.display_id


@pytest.fixture(params=sorted(WRITERS))
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Written:
    return WRITERS[request.param](tmp_path / "log")


def test_every_format_has_a_log_to_be_tried_on() -> None:
    assert {name.split()[0] for name in WRITERS} == FORMATS.keys()


def test_the_format_is_recognised(written: Written) -> None:
    assert recognised(written.path) == written.format


def test_events_come_in_time_order_and_in_utc(written: Written) -> None:
    times = [time_of(event) for event in events_of(LogSource(written.path).open())]

    assert times == [BEGIN_S + offset for offset in sorted(written.offsets_s)]


def test_no_row_is_lost_to_an_id_that_repeats(written: Written) -> None:
    events = list(events_of(LogSource(written.path).open()))

    assert len(events) == len(written.offsets_s)
    assert len({key_of(event) for event in events}) == len(events)


def test_events_are_the_same_when_hardly_any_is_held_at_once(written: Written) -> None:
    whole = list(events_of(LogSource(written.path).open()))

    assert list(events_of(LogSource(written.path, held_bytes=1).open())) == whole


def test_a_limit_gives_the_first(written: Written) -> None:
    log = LogSource(written.path).open()

    assert list(events_of(log, 3)) == list(events_of(log))[:3]


def test_a_row_that_cannot_be_read_is_told_by_its_place_and_counted(written: Written) -> None:
    log = LogSource(written.path).open()

    list(events_of(log))

    assert [(row.file, row.line) for one in log.faults for row in one.first] == [written.bad]
    assert log.n_bad_rows == 1
    assert all(row.reason for one in log.faults for row in one.first)


def test_every_row_is_an_event_refused_or_passed_over(written: Written) -> None:
    log = LogSource(written.path).open()

    n_events = len(list(events_of(log)))
    n_rows = sum(
        one.n_rows for one in log.faults if "news" not in one.file and "history" not in one.file
    )

    assert log.n_passed_over == written.n_passed_over
    assert n_rows == n_events + log.n_bad_rows + log.n_passed_over


def test_reading_again_gives_and_counts_the_same(written: Written) -> None:
    log = LogSource(written.path).open()

    first, counted = list(events_of(log)), (log.n_bad_rows, log.n_passed_over)

    assert list(events_of(log)) == first
    assert (log.n_bad_rows, log.n_passed_over) == counted


def test_articles_are_those_that_the_log_describes(written: Written) -> None:
    log = LogSource(written.path).open()

    assert log.articles().keys() == written.articles
    assert log.article_ids == written.articles


def test_files_are_there_and_named_once(written: Written) -> None:
    files = LogSource(written.path).open().files()

    assert all(path.is_file() for _, path in files)
    assert len({name for name, _ in files}) == len(files) > 0


def test_the_zone_is_told(written: Written) -> None:
    log = LogSource(written.path).open()

    assert log.zone.startswith("UTC")
    assert log.has_zone == FORMATS[written.format].has_zone


def test_health_counts_what_was_read(written: Written) -> None:
    log = LogSource(written.path).open()
    health = Health(log.articles())

    for event in events_of(log):
        health.add(event)

    assert health.n_events == len(written.offsets_s)
    assert int(health.hours.sum()) > 0
    assert np.flatnonzero(health.hours).tolist() == [0]
    assert health.lines(log)[0].startswith("rows read: ")
    assert health.span == "2019-11-15 00:00:00 to 2019-11-15 00:05:00 UTC"


def test_a_log_without_its_files_is_refused_when_its_format_is_said(
    written: Written, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(LogError, match="must h"):
        list(events_of(LogSource(empty, written.format).open()))


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_are_read_in_part_or_refused(written: Written, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _, path in LogSource(written.path).open().files():
        raw = bytearray(path.read_bytes())
        for place in rng.integers(0, len(raw), 1 + len(raw) // 200):
            raw[place] = rng.integers(256)
        path.write_bytes(raw[: rng.integers(len(raw) // 2, len(raw) + 1)])
    log = LogSource(written.path, written.format).open()

    with contextlib.suppress(LogError):
        health = Health(log.articles())
        for event in events_of(log):
            health.add(event)
        assert health.n_events + log.n_bad_rows > 0


def test_progress_is_told_as_rows_are_read(written: Written) -> None:
    log, told = LogSource(written.path).open(), []
    log.progress = told.append

    events = events_of(log)
    next(events)

    assert told == [1] * len(written.offsets_s)
