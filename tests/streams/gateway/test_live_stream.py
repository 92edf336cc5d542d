"""Server-sent events: how often, how many encodings, and what is sent while nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import msgspec

from streams.gateway.live import VIEWS, Groups, LiveStream, LiveView, View
from streams.gateway.live import stream as live_stream
from tests.streams.gateway.live_records import NOW_S, click, taken


class StillWatch:
    """Knows of no groups, and says for how many it runs."""

    def __init__(self) -> None:
        self.groups = Groups(at_s=NOW_S)
        self.n_running = 0

    async def run(self, is_wanted: Callable[[], bool]) -> None:
        self.n_running += 1
        while is_wanted():
            await asyncio.sleep(0)
        self.n_running -= 1


def data(event: bytes) -> dict[str, object]:
    head, _, rest = event.partition(b"\ndata: ")
    assert head == b"event: snapshot"
    return msgspec.json.decode(rest)


def streaming(view: LiveView, clock: list[float], watch: StillWatch | None = None) -> LiveStream:
    return LiveStream(view, watch or StillWatch(), clock=lambda: clock[0], every_s=0.01)


async def test_all_who_look_get_one_encoding() -> None:
    live = streaming(LiveView("c.", label_after_s=60.0), [NOW_S])

    async with aclosing(live.events("now")) as one, aclosing(live.events("now")) as other:
        assert await anext(one) is await anext(other)


async def test_what_came_is_in_the_next_snapshot() -> None:
    view, clock = LiveView("c.", label_after_s=60.0), [NOW_S]
    live = streaming(view, clock)

    async with aclosing(live.events("now")) as events:
        assert data(await anext(events))["n_read"] == 0
        for number in range(1_000):
            view.handlers()["clicks"](taken(click(f"e{number}", "a")))
        clock[0] += 0.5

        assert data(await anext(events))["n_read"] == 1_000


async def test_weights_and_curves_are_sent_more_rarely_than_counts() -> None:
    view, clock = LiveView("c.", label_after_s=60.0), [NOW_S]
    live = LiveStream(view, StillWatch(), clock=lambda: clock[0])
    sent: dict[View, set[bytes]] = {name: set() for name in VIEWS}

    for number in range(20):
        view.handlers()["clicks"](taken(click(f"e{number}", "a")))
        for name in VIEWS:
            sent[name].add(live._of(name))
        clock[0] += 0.5

    assert {name: len(found) for name, found in sent.items()} == {
        "now": 20,
        "stories": 10,
        "ranking": 5,
    }


async def test_a_quiet_stream_says_that_it_is_there(monkeypatch) -> None:
    monkeypatch.setattr(live_stream, "KEEP_ALIVE_S", 0.03)
    live = streaming(LiveView("c.", label_after_s=60.0), [NOW_S])

    async with aclosing(live.events("stories")) as events:
        await anext(events)

        assert await anext(events) == live_stream.KEEP_ALIVE


async def test_groups_are_watched_once_and_only_while_someone_looks() -> None:
    watch = StillWatch()
    live = streaming(LiveView("c.", label_after_s=60.0), [NOW_S], watch)

    async with aclosing(live.events("now")) as one, aclosing(live.events("now")) as other:
        await anext(one)
        await anext(other)
        await asyncio.sleep(0)
        assert watch.n_running == 1

    await asyncio.sleep(0)
    assert watch.n_running == 0


async def test_who_comes_while_an_earlier_watch_ends_has_one(monkeypatch) -> None:
    class SlowToEnd(StillWatch):
        is_ended = False

        async def run(self, is_wanted: Callable[[], bool]) -> None:
            await super().run(is_wanted)
            while not self.is_ended:
                await asyncio.sleep(0)

    watch = SlowToEnd()
    live = streaming(LiveView("c.", label_after_s=60.0), [NOW_S], watch)
    monkeypatch.setattr(live_stream, "KEEP_ALIVE_S", 0.0)
    async with aclosing(live.events("now")) as events:
        await anext(events)
    await asyncio.sleep(0.01)

    async with aclosing(live.events("now")) as events:
        await anext(events)
        assert watch.n_running == 0
        watch.is_ended = True
        await asyncio.sleep(0.01)
        await anext(events)
        await asyncio.sleep(0)
        assert watch.n_running == 1


async def test_streams_end_with_the_process() -> None:
    ends = [False]
    live = LiveStream(
        LiveView("c.", label_after_s=60.0),
        StillWatch(),
        is_stopping=lambda: ends[0],
        clock=lambda: NOW_S,
        every_s=0.01,
    )

    seen = []
    async for event in live.events("now"):
        seen.append(event)
        ends[0] = True

    assert len(seen) == 1
