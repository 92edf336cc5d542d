from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cherryrec.pipeline import Effects
from streams.agents import base
from streams.agents.base import TURN_S, YIELD_EVERY
from tests.streams.agents.conftest import Bench

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(("takes_s", "n_turns"), [(2 * TURN_S, 3), (0.0, 0)])
async def test_others_have_their_turn_after_events_that_take_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, takes_s: float, n_turns: int
) -> None:
    agent: Any = agent_of(bench, "impressions")
    turns: list[int] = []
    clock = Clock()

    async def one(number: int) -> Effects:
        asyncio.get_running_loop().call_soon(turns.append, number)
        clock.now_s += takes_s
        return Effects()

    async def deliver(effects: Any) -> None:
        turns.append(-len(effects))

    monkeypatch.setattr(base, "perf_counter", clock)
    monkeypatch.setattr(agent, "_one", one)
    monkeypatch.setattr(agent, "_deliver", deliver)
    batch = [Event(number) for number in range(4)]
    assert len(batch) < YIELD_EVERY

    await agent.work(batch)

    assert turns.index(-4) == n_turns


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Event:
    def __init__(self, message: int) -> None:
        self.message = message


def agent_of(bench: Bench, topic: str) -> Any:
    """Return our agent behind Faust's of a topic."""
    run: Any = bench.app.agents[f"cherryrec-{topic}"].fun
    (agent,) = (cell.cell_contents for cell in run.__closure__)
    return agent
