"""Shards: whatever a crash loses and is read again, the counters are the same, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue, CatalogueConfig
from cherryrec.errors import BadMessage
from cherryrec.events import ArticleActivity, instant
from tests.worlds import (
    HALF_LIVES_S,
    START_S,
    Traffic,
    article,
    follow_all,
    traffic,
    update,
)

CONFIG = AttentionConfig(n_buckets=4)
DAY_S = 86_400.0


def fresh(partition: int = 0) -> Shard:
    return Shard(partition, Catalogue(HALF_LIVES_S), CONFIG)


def counted(shard: Shard) -> dict[str, bytes]:
    """Counters by article as bytes, at a landmark late enough for all."""
    counters, catalogue = shard.counters, shard.catalogue
    landmark = START_S + 8 * DAY_S
    found = {}
    for article_id, row in catalogue.row_of.items():
        sums = counters.shifted(counters.sums[row : row + 1], counters.landmark, landmark)
        if sums.any():
            found[article_id] = sums.tobytes() + counters.first_shown[row].tobytes()
    return found


def by_article(catalogue: Catalogue, now: float) -> dict[str, list[float]]:
    rows = catalogue.known_rows(sorted(catalogue.row_of))
    values = np.column_stack(
        [
            catalogue.totals.views(rows, now),
            catalogue.totals.clicks(rows, now),
            catalogue.totals.totals(rows),
            np.nan_to_num(catalogue.totals.click_ages(rows, catalogue.born()[rows])),
        ]
    )
    ids = [catalogue.ids[row] for row in rows]
    return {a: v for a, v in zip(ids, values.tolist(), strict=True) if any(v)}


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data(), events=traffic())
def test_state_after_any_crash_is_that_without_one(data: st.DataObject, events: Traffic) -> None:
    """Flush at random moments, lose some of the last flush, read again from any safe offset."""
    n = len(events)
    flush_after = sorted(data.draw(st.sets(st.integers(0, n), max_size=5)))
    crash_at = data.draw(st.integers(0, n))
    without_crash = fresh()
    events.apply(without_crash, 0, n)

    shard, safe, place = fresh(), 0, 0
    flushed: dict[int, ArticleActivity] = {}
    for stop in [f for f in flush_after if f <= crash_at]:
        events.apply(shard, place, stop)
        place = stop
        messages = shard.flush()
        is_last = stop == max(f for f in flush_after if f <= crash_at)
        n_sent = data.draw(st.integers(0, len(messages))) if is_last else len(messages)
        flushed |= {m.bucket: m for m in messages[:n_sent]}
        if n_sent == len(messages):
            safe = stop
    events.apply(shard, place, crash_at)  # and all of it is lost

    restored = fresh()
    for message in data.draw(st.permutations(list(flushed.values()))):
        restored.follow(message)
    events.apply(restored, data.draw(st.integers(0, safe)), n)

    assert counted(restored) == counted(without_crash)


@settings(max_examples=50, deadline=None)
@given(events=traffic())
def test_reading_everything_again_changes_nothing(events: Traffic) -> None:
    shard = fresh()
    events.apply(shard, 0, len(events))
    before = counted(shard)

    events.apply(shard, 0, len(events))

    assert counted(shard) == before


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(parts=st.lists(traffic(max_size=25), min_size=1, max_size=3), data=st.data())
def test_a_follower_of_all_partitions_has_what_one_owner_of_all_has(
    parts: list[Traffic], data: st.DataObject
) -> None:
    owner = Catalogue(HALF_LIVES_S)
    messages = []
    for number, events in enumerate(parts):
        shard = Shard(number, owner, CONFIG)
        middle = data.draw(st.integers(0, len(events)))
        events.apply(shard, 0, middle)
        messages += shard.flush()
        events.apply(shard, middle, len(events))
        messages += shard.flush()

    follower = follow_all(messages, CONFIG)

    now = START_S + 6 * DAY_S
    ours, theirs = by_article(follower, now), by_article(owner, now)
    assert ours.keys() == theirs.keys()
    for article_id, values in theirs.items():
        assert ours[article_id] == pytest.approx(values, rel=1e-9, abs=1e-9)


def test_followed_categories_and_sources_are_those_of_the_owner() -> None:
    owner, follower = Catalogue(HALF_LIVES_S), Catalogue(HALF_LIVES_S)
    for number in range(6):
        published = article(number, source=f"s{number % 2}", published_at=instant(START_S))
        owner.publish(published, START_S)
        follower.publish(published, START_S)
    shard, copy = Shard(0, owner, CONFIG), Shard(0, follower, CONFIG)

    for day in range(5):
        time_s = START_S + day * DAY_S
        shard.view(f"i{day}", ["a0", "a1", "a4"], time_s=time_s, offset=day)
        shard.click("a4", time_s=time_s, offset=day)
        for message in shard.flush():
            copy.follow(message)

    now = START_S + 4 * DAY_S
    codes = slice(0, len(owner.categories))
    for ours, theirs in (
        (follower.category_totals, owner.category_totals),
        (follower.source_totals, owner.source_totals),
    ):
        np.testing.assert_allclose(ours.views(codes, now), theirs.views(codes, now), atol=1e-9)
        np.testing.assert_allclose(ours.clicks(codes, now), theirs.clicks(codes, now), atol=1e-9)
        assert ours.totals(codes).tolist() == theirs.totals(codes).tolist()
    assert follower.click_ages().tolist() == owner.click_ages().tolist()
    weather = owner.categories.find("weather")
    assert owner.click_ages()[weather].tolist() == [5, (0 + 1 + 2 + 3 + 4) * DAY_S]


def test_an_impression_sent_twice_counts_once() -> None:
    shard = fresh()

    assert shard.view("i1", ["a", "b"], time_s=START_S, offset=0)
    assert not shard.view("i1", ["a", "b"], time_s=START_S, offset=5)
    assert shard.view("i1", ["a", "b"], time_s=START_S, offset=0)  # the same one read again

    rows = shard.catalogue.known_rows(["a", "b"])
    assert shard.counters.totals(rows).tolist() == [[1, 0, 0], [1, 0, 0]]


def test_a_duplicate_is_known_after_a_crash() -> None:
    shard, restored = fresh(), fresh()
    shard.view("i1", ["a", "b"], time_s=START_S, offset=0)

    for message in shard.flush():
        restored.follow(message)

    assert not restored.view("i1", ["a", "b"], time_s=START_S, offset=1)


def test_a_message_followed_twice_or_overtaken_does_no_harm() -> None:
    shard, follower = fresh(), fresh()
    shard.view("i1", ["a"], time_s=START_S, offset=0)
    old = shard.flush()
    shard.view("i2", ["a"], time_s=START_S + 60, offset=1)
    new = shard.flush()

    for message in (*old, *new, *new):
        follower.follow(message)

    assert counted(follower) == counted(shard)


def test_flush_sends_only_what_has_changed() -> None:
    shard = fresh()
    assert shard.flush() == []
    shard.click("a", time_s=START_S, offset=0)
    assert shard.is_dirty

    assert [m.articles for m in shard.flush()] == [("a",)]
    assert shard.flush() == []


def test_totals_add_up_over_partitions() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    for number in range(3):
        Shard(number, catalogue, CONFIG).view("i", ["a"], time_s=START_S, offset=0)

    row = catalogue.known_rows(["a"])
    assert catalogue.totals.views(row, START_S)[0].tolist() == [3.0] * 4


def test_an_article_shown_elsewhere_is_not_the_one_idle_longest() -> None:
    """A follower knew only the first exposure of what other partitions show all the time."""
    busy = fresh()
    busy.view("i0", ["busy"], time_s=START_S, offset=0)
    busy.view("i1", ["idle"], time_s=START_S + 10, offset=1)
    busy.view("i2", ["busy"], time_s=START_S + 5 * DAY_S, offset=2)
    follower = Shard(0, Catalogue(HALF_LIVES_S, CatalogueConfig(max_articles=2)), CONFIG)
    for message in busy.flush():
        follower.follow(message)

    follower.catalogue.row("new", START_S + 5 * DAY_S)

    assert set(follower.catalogue.row_of) == {"busy", "new"}


def test_readers_of_a_history_count_once_per_offset() -> None:
    events = Traffic([update(history=("a", "a", "b")), update(history=("b",))])
    shard = fresh()
    events.apply(shard, 0, 2)
    events.apply(shard, 0, 2)

    rows = shard.catalogue.known_rows(["a", "b"])
    assert shard.counters.totals(rows)[:, 2].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bucket": 4}, "bucket must be below n_buckets 4, got 4"),
        ({"counters": b"\0" * 8}, "counters of 1 articles must be 104 bytes .* got 8 and 0"),
        ({"counters": b"\0" * 7}, "counters of 1 articles must be 104 bytes .* got 7 and 0"),
        ({"seen": b"\0" * 8}, "seen pairs of 16, got 104 and 8"),
        ({"as_of": 1e12}, "times from 1970 to 2099, got times to 1000000000000.0"),
        ({"as_of": -1.0}, "times from 1970 to 2099"),
        ({"applied": {"clicks": 1 << 62}}, "offsets real"),
        ({"counters": np.full(13, 1e200).tobytes()}, "counters must be finite"),
    ],
)
def test_activity_of_another_configuration_is_refused(
    changes: dict[str, object], reason: str
) -> None:
    fields: dict[str, object] = {
        "partition": 0,
        "bucket": 0,
        "as_of": START_S,
        "articles": ("a",),
        "counters": np.zeros(13).tobytes(),
        "applied": {},
    }
    with pytest.raises(BadMessage, match=reason):
        fresh().follow(ArticleActivity(**(fields | changes)))  # type: ignore[arg-type]


def test_part_of_a_click_does_not_move_event_time() -> None:
    shard = fresh()
    counters = np.full(13, 5e-324)
    counters[: len(HALF_LIVES_S)] = 1.0

    shard.follow(
        ArticleActivity(
            partition=0,
            bucket=0,
            as_of=START_S,
            articles=("a",),
            counters=counters.tobytes(),
            applied={},
        )
    )

    assert shard.catalogue.reached_s <= START_S


def test_clicks_and_views_have_offsets_of_their_own() -> None:
    shard = fresh()

    shard.view("i", ["a"], time_s=START_S, offset=7)
    shard.click("a", time_s=START_S, offset=3)

    assert shard.counters.totals(slice(0, 1)).tolist() == [[1, 1, 0]]
