"""An erased user stays erased, whatever is read again; one who comes back is a new user."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from cherryrec.events import Event, FeedbackTick, ProfileUpdate, RecommendationRequest, instant
from cherryrec.pipeline import Effects, MemoryStore, Pipeline, Position
from cherryrec.pipeline import erasures as erasing
from cherryrec.pipeline.erasures import KEEP_S, Erasures
from cherryrec.profile import Profile
from tests.unit.pipeline.answers import CLOCK_S, answer
from tests.worlds import START_S, click, impression, pipeline_of, request, update

ERASED_S = START_S + 100.0


class Stored(NamedTuple):
    profiles: MemoryStore
    requests: MemoryStore


def stores_of(pipeline: Pipeline) -> Stored:
    profiles, requests = pipeline.users._profiles, pipeline.users._requests
    assert isinstance(profiles, MemoryStore)
    assert isinstance(requests, MemoryStore)
    return Stored(profiles, requests)


def erase(pipeline: Pipeline, *, arrived_s: float = ERASED_S) -> Effects:
    effects = pipeline.profile_update(Position(0, 9, arrived_s), "u", None)
    if effects.erased is not None:
        pipeline.seal(effects.erased)
    return effects


def restarted(before: Pipeline) -> Pipeline:
    """A worker that takes the partition over, with what was stored."""
    profiles, requests = stores_of(before)
    pipeline = pipeline_of(8)
    stores_of(pipeline).profiles.values |= profiles.values
    stores_of(pipeline).requests.values |= requests.values
    pipeline.restore(0, [(key, raw) for (_, key), raw in requests.values.items()])
    return pipeline


def keys(pipeline: Pipeline) -> list[str]:
    stored = stores_of(pipeline)
    return [key for _, key in (*stored.profiles.values, *stored.requests.values)]


def apply(pipeline: Pipeline, at: Position, event: Event) -> Effects:
    if isinstance(event, RecommendationRequest):
        return pipeline.request(at, event, clock_s=CLOCK_S)
    if isinstance(event, ProfileUpdate):
        return pipeline.profile_update(at, event.user_id, event)
    return pipeline.impression(at, event) if "articles" in str(event) else pipeline.click(at, event)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "event",
    [click("a1"), impression("i1", ["a1", "a2"]), request("r1"), update(role="editor")],
    ids=lambda event: type(event).__name__,
)
def test_event_from_before_an_erasure_brings_nobody_back_when_it_is_read_again(
    event: Event,
) -> None:
    pipeline = pipeline_of(8)
    before = Position(0, 3, ERASED_S - 1.0)
    apply(pipeline, before, event)
    assert any(key.endswith("u") or ":u" in key for key in keys(pipeline))
    erase(pipeline)

    after_the_crash = restarted(pipeline)
    effects = apply(after_the_crash, before, event)

    assert effects.counted == "late"
    (marker,) = keys(after_the_crash)
    assert marker.startswith("\0e")
    assert after_the_crash.users.profile(0, "u") == Profile()


def test_request_from_before_an_erasure_is_answered_and_not_kept() -> None:
    pipeline = pipeline_of(8)
    erase(pipeline)

    got = answer(pipeline.request(Position(0, 3, ERASED_S), request("r1"), clock_s=CLOCK_S))

    assert (len(got.slate), got.degraded) == (8, "request_late")
    assert pipeline.users.requests(0, "u").entries == ()


def test_click_counts_for_its_article_though_its_reader_is_erased() -> None:
    pipeline = pipeline_of(8)
    erase(pipeline)

    pipeline.click(Position(0, 3, ERASED_S - 1.0), click("a1"))

    row = pipeline.catalogue.row_of["a1"]
    assert pipeline.catalogue.totals.clicks(slice(row, row + 1), START_S)[0, 0] == 1.0


def test_reader_who_comes_back_begins_anew() -> None:
    pipeline = pipeline_of(8)
    pipeline.profile_update(Position(0, 1, START_S), "u", update(role="editor"))
    erase(pipeline)

    effects = pipeline.click(Position(0, 7, ERASED_S + 0.001), click("a1"))

    profile = pipeline.users.profile(0, "u")
    assert (effects.counted, profile.role) == ("applied", None)
    assert [past.article_id for past in profile.history] == ["a1"]


def test_tombstone_read_again_leaves_what_came_since() -> None:
    pipeline = pipeline_of(8)
    erase(pipeline)
    pipeline.click(Position(0, 7, ERASED_S + 1.0), click("a1"))

    after_the_crash = restarted(pipeline)

    assert erase(after_the_crash).counted == "duplicate"
    assert after_the_crash.users.profile(0, "u").n_clicks == 1
    assert erase(after_the_crash, arrived_s=ERASED_S + 2.0).counted == "applied"
    assert after_the_crash.users.profile(0, "u") == Profile()


def test_marker_names_nobody_and_leaves_in_time() -> None:
    pipeline = pipeline_of(8)
    erase(pipeline)

    assert "u" not in keys(pipeline)[0]
    pipeline.tick(FeedbackTick(partition=0, time=instant(ERASED_S + KEEP_S)))
    assert len(keys(pipeline)) == 1
    pipeline.tick(FeedbackTick(partition=0, time=instant(ERASED_S + KEEP_S + 1.0)))
    assert keys(pipeline) == []


def test_markers_of_a_partition_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "MAX_ERASURES", 3)
    store = MemoryStore()
    erasures = Erasures(store)

    for number in range(5):
        erasures.note(0, f"u{number}", float(number))
        erasures.seal(0, f"u{number}")

    assert [erasures.covers(0, f"u{n}", 0.0) for n in range(5)] == [False, False, True, True, True]
    assert len(store.values) == 3
