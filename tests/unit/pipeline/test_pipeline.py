"""The pipeline counts every event as what it is, and shares and erases what it knows."""

from __future__ import annotations

import pytest

from cherryrec.attention import AttentionConfig
from cherryrec.errors import ConfigError
from cherryrec.events import Deadline
from cherryrec.pipeline import PipelineConfig, Position
from tests.unit.pipeline.answers import CLOCK_S, answer, ids
from tests.worlds import START_S, click, impression, offsets, pipeline_of, request


def test_events_are_counted_as_what_they_are() -> None:
    pipeline = pipeline_of(4)

    counted = [
        pipeline.impression(Position(0, 0), impression("i", ["a0"])).counted,
        pipeline.impression(Position(0, 1), impression("i", ["a0"])).counted,
        pipeline.click(Position(0, 0), click("a0", event_id="e")).counted,
        pipeline.click(Position(0, 1), click("a0", event_id="e")).counted,
        pipeline.click(Position(0, 2), click("a1", START_S - 3 * 86_400)).counted,
        pipeline.click(Position(0, 0), click("a0", event_id="e")).counted,
    ]

    assert counted == ["applied", "duplicate", "applied", "duplicate", "late", "duplicate"]
    rows = pipeline.catalogue.known_rows(["a0"])
    assert pipeline.catalogue.totals.totals(rows)[0].tolist() == [1, 1, 0]


def test_events_that_change_nothing_are_not_counted_as_applied() -> None:
    pipeline = pipeline_of(4)
    pipeline.request(Position(0, 0), request("r", user_id="u"), clock_s=0.0)

    counted = [
        pipeline.deadline(Position(0, 0), Deadline(request_id="r", user_id="u")).counted,
        pipeline.deadline(Position(0, 1), Deadline(request_id="?", user_id="u")).counted,
    ]

    assert counted == ["unchanged", "unchanged"]


def test_what_is_flushed_makes_another_worker_know_the_same() -> None:
    one, other = pipeline_of(6), pipeline_of(6)
    at = offsets()
    for k in range(20):
        one.impression(at(), impression(f"i{k}", ["a0", "a1", "a2"], START_S + k))
        one.click(at(), click("a1", START_S + k, user_id=f"u{k}"))
    for send in one.flush([0]):
        assert send.topic == "article-activity"
        other.activity(send.event)  # type: ignore[arg-type]

    asked = request("r", START_S + 60, user_id="somebody")
    ours, theirs = (answer(p.request(Position(1, 0), asked, clock_s=CLOCK_S)) for p in (one, other))
    assert ids(ours) == ids(theirs)
    assert one.flush([0]) == []


def test_erasing_a_user_leaves_nothing_and_others_alone() -> None:
    pipeline = pipeline_of(6, evaluator=True)
    at = offsets()
    for user in ("u", "v"):
        pipeline.click(at(), click("a1", user_id=user))
        pipeline.request(at(), request(f"r-{user}", user_id=user), clock_s=CLOCK_S)

    pipeline.profile_update(at(), "u", None)

    assert pipeline.users.profile(0, "u").history == ()
    assert pipeline.users.requests(0, "u").entries == ()
    assert len(pipeline.users.profile(0, "v").history) == 1
    assert [e.origin for e in pipeline.users.requests(0, "v").entries] == ["click", "request"]
    timeout = Deadline(request_id="r-u", user_id="u")
    assert pipeline.deadline(at(), timeout).counted == "unchanged"


def test_half_lives_other_than_the_features_are_named_after_are_refused() -> None:
    with pytest.raises(ConfigError, match="named after, got"):
        PipelineConfig(attention=AttentionConfig(half_lives_s=(600.0, 3_600.0)))
