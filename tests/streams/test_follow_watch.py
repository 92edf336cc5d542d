"""Gates close with the reason while a topic stands still or a model is stale, and open again."""

from __future__ import annotations

import pytest
from faust.types import TP

from streams.engine import Gates, Metrics
from streams.engine.watchdog import Standing
from streams.follow_watch import FollowWatch
from streams.model_age import ModelAge

pytestmark = pytest.mark.asyncio

MODELS, ARTICLES = TP("t.models", 0), TP("t.articles", 0)


class FakeFollower:
    def __init__(self) -> None:
        self.places = {MODELS: Standing(5, 5), ARTICLES: Standing(7, 7)}
        self.fails = False

    async def standings(self) -> dict[TP, Standing]:
        if self.fails:
            raise ConnectionError
        return self.places


class World:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.follower, self.model = FakeFollower(), ModelAge(120.0)
        self.gates, self.metrics = Gates(), Metrics()
        self.watch = FollowWatch(
            self.follower,
            self.model,
            gates=self.gates,
            metrics=self.metrics,
            stall_s=60.0,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
        )

    async def look_after(self, s: float) -> dict[str, str]:
        self.now += s
        await self.watch.look()
        return self.gates.closed()

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


async def test_topic_that_stands_still_closes_the_gate_until_it_goes_on() -> None:
    world = World()
    assert await world.look_after(0.0) == {}
    world.follower.places[MODELS] = Standing(5, 9)

    assert await world.look_after(2.0) == {}
    assert await world.look_after(60.0) == {
        "following": "messages have waited for 60 s and none was taken: t.models[0] (4 messages)"
    }
    assert world.metric("cherryrec_follower_stalled", topic="t.models") == 1.0
    assert world.metric("cherryrec_follower_stalled", topic="t.articles") == 0.0
    assert world.metric("cherryrec_follower_lag_messages", topic="t.models") == 4.0

    world.follower.places[MODELS] = Standing(9, 9)
    assert await world.look_after(2.0) == {}


async def test_stale_model_closes_the_gate_until_a_newer_one_comes() -> None:
    world = World()
    world.model.published(2, 900.0)
    world.model.labelled(1_000.0)

    assert await world.look_after(100.0) == {}
    assert world.metric("cherryrec_model_waiting_seconds") == 100.0
    [reason] = (await world.look_after(100.0)).values()
    assert reason.startswith("version 2 of the models was published 300 s ago")

    world.model.published(3, 1_201.0)
    assert await world.look_after(2.0) == {}
    assert world.metric("cherryrec_model_waiting_seconds") == 0.0


async def test_broker_that_does_not_answer_says_nothing_about_topics() -> None:
    world = World()
    world.follower.fails = True

    assert await world.look_after(600.0) == {}
