"""The state of the page, record by record."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cherryrec.events import DeadLetter, instant
from cherryrec.knrs import KnrsConfig
from cherryrec.learner import Learner
from cherryrec.snapshots import SERVING, STATE
from cherryrec.topics import HEARTBEAT_KEY, TopicNames
from cherryrec.vans import VansConfig
from streams.gateway.live import VIEWS, Groups, LiveView, View
from tests.streams.gateway.live_records import (
    NOW_S,
    Taken,
    article,
    click,
    labelled,
    raw,
    request,
    slate,
    taken,
)


class World:
    """A view that is fed by topic and event, and told a little later."""

    def __init__(self) -> None:
        self.view = LiveView("cherryrec.", label_after_s=60.0)
        self.follow = self.view.handlers()

    def feed(self, topic: str, *records: Taken) -> None:
        for record in records:
            self.follow[topic](record)

    def told(self, view: View, *, now_s: float = NOW_S + 1.5) -> dict[str, Any]:
        told = self.view.snapshot(view, now_s=now_s, groups=Groups(at_s=now_s))
        return msgspec.json.decode(msgspec.json.encode(told))


@pytest.fixture
def world() -> World:
    return World()


def test_it_follows_topics_that_there_are(world: World) -> None:
    names = TopicNames("cherryrec.")

    assert all(names(topic) for topic in world.follow)


@pytest.mark.parametrize("view", VIEWS)
def test_a_fresh_system_has_a_whole_picture(world: World, view: View) -> None:
    told = world.told(view)

    assert told["view"] == view
    assert told["n_read"] == 0
    assert told["silent_s"] is None


def test_events_are_counted_by_topic_and_second(world: World) -> None:
    world.feed("clicks", *[taken(click(f"e{n}", "a"), NOW_S + n / 10) for n in range(20)])

    told = world.told("now", now_s=NOW_S + 2.5)

    rates = {one["topic"]: one for one in told["topics"]}
    assert rates["clicks"]["per_s"] == 2.0
    assert rates["clicks"]["series"][-2:] == [10, 10]
    assert rates["requests"]["per_s"] == 0.0


def test_a_rate_leaves_out_the_second_that_has_just_begun(world: World) -> None:
    world.feed("clicks", *[taken(click(f"e{n}", "a"), NOW_S + n / 10) for n in range(205)])

    told = world.told("now", now_s=NOW_S + 20.5)

    assert {one["topic"]: one["per_s"] for one in told["topics"]}["clicks"] == 10.0


def test_a_heartbeat_is_no_event(world: World) -> None:
    world.feed("recommendations", Taken(HEARTBEAT_KEY, None, round(1_000 * NOW_S)))

    assert world.told("now")["n_read"] == 0


def test_the_wait_is_from_a_request_to_its_slate_by_the_broker(world: World) -> None:
    world.feed("requests", *[taken(request(f"r{n}")) for n in range(100)])
    world.feed("recommendations", *[taken(slate(f"r{n}", "ab"), NOW_S + 0.03) for n in range(99)])
    world.feed("recommendations", taken(slate("r99", "ab"), NOW_S + 0.53))

    told = world.told("now")

    assert told["wait_ms"]["p50"] == pytest.approx(30.0, abs=0.01)
    assert 30.0 < told["wait_ms"]["p99"] <= 530.0


def test_the_ladder_counts_rungs_and_why(world: World) -> None:
    world.feed("recommendations", taken(slate("r1", "ab")))
    world.feed("recommendations", taken(slate("r2", "ab", rung="evaluated")))
    world.feed("recommendations", taken(slate("r3", "ab", degraded="evaluation_late")))
    refused = slate("r4", "", rung=None, degraded="request_refused", refused="too long")
    world.feed("recommendations", taken(refused))

    told = world.told("now")

    assert told["ladder"] == {"unevaluated": 2, "evaluated": 1, "refused": 1}
    assert told["degraded"] == {"evaluation_late": 1, "request_refused": 1}


def test_what_workers_refuse_is_counted_and_shown_as_a_dead_letter(world: World) -> None:
    letter = DeadLetter(
        reason="clicked_at must be at most 600 s after its arrival, got 900 s",
        source_topic="cherryrec.clicks",
        source_partition=1,
        source_offset=4,
        received_at=instant(NOW_S),
        key=b"<b>u</b>",
    )
    world.feed("clicks", raw(b"{not json"), raw(b"\xff\xfe"))
    world.feed("requests", raw(b"[]"))
    world.feed("dead-letters", taken(letter))

    told = world.told("now")

    assert told["reasons"] == [["clicks: clicked_at must be at most 600 s after its arrival", 1]]
    assert told["letters"][0]["place"] == "1:4"
    assert told["letters"][0]["key"] == "<b>u</b>"
    assert told["n_read"] == 4


def test_our_order_is_judged_beside_what_was_popular_before_its_labels(world: World) -> None:
    world.feed("labelled-slates", taken(labelled("of another reader", "abc", clicked="b")))
    world.feed("recommendations", taken(slate("r1", "ab")))
    world.feed("clicks", *[taken(click(f"its own {n}", "a")) for n in range(5)])

    world.feed("labelled-slates", taken(labelled("r1", "ab", clicked="a")))

    told = world.told("ranking")
    assert told["n_judged"] == 1
    assert told["means"] == {"ours": [1.0, 1.0], "popularity": [0.0, pytest.approx(0.63, abs=0.01)]}


def test_a_corrected_slate_is_not_judged_again(world: World) -> None:
    world.feed("recommendations", taken(slate("r1", "ab")))

    world.feed("labelled-slates", taken(labelled("r1", "ab", clicked="a", is_correction=True)))

    assert world.told("ranking")["n_judged"] == 0


def test_weights_and_versions_are_those_of_the_snapshots(world: World) -> None:
    learner = Learner(KnrsConfig(), VansConfig())
    world.feed("models", taken(learner.snapshot(SERVING)), taken(learner.snapshot(STATE)))

    told = world.told("ranking")

    assert told["model"]["version"] == 1
    assert told["model"]["ensemble"] == pytest.approx(learner.vans.weights)
    assert sum(told["model"]["knrs"].values()) == pytest.approx(
        sum(learner.knrs_weights.arrays()["weights"])
    )
    assert told["model_age_s"] == pytest.approx(1.5, abs=0.01)


def test_a_drift_alarm_is_told_with_its_time(world: World) -> None:
    learner = Learner(KnrsConfig(), VansConfig())
    world.feed("models", taken(learner.snapshot(SERVING)), taken(learner.snapshot(STATE)))
    learner.vans.drift.n_alarms = 2

    world.feed("models", taken(learner.snapshot(STATE), NOW_S + 1.0))

    told = world.told("ranking")
    assert told["alarms"] == [NOW_S + 1.0]
    assert told["model"]["n_alarms"] == 2


def test_alarms_of_before_the_first_state_that_is_read_are_none_of_now(world: World) -> None:
    learner = Learner(KnrsConfig(), VansConfig())
    learner.vans.drift.n_alarms = 3

    for at_s in (NOW_S, NOW_S + 1.0):
        world.feed("models", taken(learner.snapshot(SERVING)), taken(learner.snapshot(STATE), at_s))

    told = world.told("ranking")
    assert told["alarms"] == []
    assert told["model"]["n_alarms"] == 3


def test_a_model_that_cannot_be_read_changes_nothing(world: World) -> None:
    world.feed("models", raw(b"{}"), raw(b'{"model":"cherryrec","version":1,"n_examples":"x"}'))

    assert world.told("ranking")["model"] is None


def test_a_story_rises_where_its_clicks_are_fresh(world: World) -> None:
    world.feed("articles", *[taken(article(name)) for name in "ab"])
    world.feed("clicks", *[taken(click(f"a{n}", "a"), NOW_S - 300.0) for n in range(20)])
    world.feed("clicks", *[taken(click(f"b{n}", "b"), NOW_S) for n in range(20)])

    told = world.told("stories")["horizons"]["10m"]

    assert [one["article_id"] for one in told["rising"]] == ["b"]
    assert [one["article_id"] for one in told["falling"]] == ["a"]
    assert told["rising"][0]["n_clicks"] == 20
    assert sum(told["falling"][0]["clicks"]) == 20


def test_a_story_that_is_pulled_leaves(world: World) -> None:
    world.feed("articles", taken(article("a", title="Pulled")))
    world.feed("clicks", taken(click("e", "a")))

    world.feed("articles", taken(None, key=b"a"))

    told = world.told("stories")
    assert told["horizons"]["10m"]["most"] == []
    assert told["gone"] == [{"at_s": NOW_S, "article_id": "a", "title": "Pulled"}]


def test_titles_are_cut_and_kept_as_they_are(world: World) -> None:
    world.feed("articles", taken(article("a", title="<img src=x onerror=alert(1)>" + "x" * 1_000)))
    world.feed("clicks", taken(click("e", "a")))

    title = world.told("stories")["horizons"]["1h"]["most"][0]["title"]

    assert title.startswith("<img src=x onerror=alert(1)>")
    assert len(title) == 200
