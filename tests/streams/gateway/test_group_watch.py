"""The watch of the groups goes on, whatever goes wrong in asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from streams.config import KafkaConfig
from streams.gateway.live import Groups, GroupWatch, groups
from tests.streams.gateway.live_records import NOW_S


class Scripted(GroupWatch):
    """A watch whose answers are given: groups, or what is raised."""

    def __init__(self, *answers: Groups | Exception) -> None:
        super().__init__(KafkaConfig())
        self._answers = iter(answers)
        self.n_closed = 0
        self.seen: list[Groups] = []

    def ask(self) -> None:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        self.groups = answer

    def close(self) -> None:
        self.seen.append(self.groups)
        self.n_closed += 1


def for_turns(n: int) -> Callable[[], bool]:
    turns: Iterator[bool] = iter([True] * n + [False])
    return lambda: next(turns)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "EVERY_S", 0.0)


async def test_it_goes_on_after_an_error_that_nobody_thought_of_and_tells_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, last = Groups(at_s=NOW_S), Groups(at_s=NOW_S + 6.0)
    watch = Scripted(first, AttributeError("no coordinator"), last)

    await asyncio.wait_for(watch.run(for_turns(3)), timeout=5.0)

    assert watch.seen[0] == Groups(at_s=NOW_S, failure="AttributeError: no coordinator")
    assert watch.groups == last
    assert "could not be asked for its groups" in caplog.text


async def test_the_same_error_again_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    watch = Scripted(*[RuntimeError("again")] * 5)

    await asyncio.wait_for(watch.run(for_turns(5)), timeout=5.0)

    assert watch.groups.failure == "RuntimeError: again"
    assert len(caplog.records) == 1


async def test_an_end_that_fails_is_an_end() -> None:
    class Stuck(Scripted):
        def close(self) -> None:
            msg = "closed already"
            raise RuntimeError(msg)

    watch = Stuck(Groups(at_s=NOW_S))

    await asyncio.wait_for(watch.run(for_turns(1)), timeout=5.0)

    assert watch.groups.failure == "RuntimeError: closed already"
