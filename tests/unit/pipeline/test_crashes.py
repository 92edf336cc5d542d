"""A worker killed between any two writes of its tables leaves what its successor needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.open_requests import OpenRequests
from cherryrec.pipeline import MemoryStore, Pipeline, Position
from cherryrec.profile import Profile
from cherryrec.stored_requests import is_of_a_user, owner_of
from tests.unit.pipeline.answers import CLOCK_S
from tests.worlds import START_S, click, impression, pipeline_of, request

Writes = list[tuple[str, bytes | None]]

ARTICLES = ("a0", "a1", "a2")


@dataclass
class Staged(MemoryStore):
    """A store that hands writes on as a table's does: in order, deletions last."""

    values: dict[tuple[int, str], bytes] = field(default_factory=dict)
    staged: dict[str, bytes | None] = field(default_factory=dict)

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        super().put(partition, key, value)
        self.staged.pop(key, None)
        self.staged[key] = value

    def drained(self) -> Writes:
        """Return what was put since the last call."""
        writes = [(key, value) for key, value in self.staged.items() if value is not None]
        deletions = [(key, value) for key, value in self.staged.items() if value is None]
        self.staged = {}
        return writes + deletions


def worker(profiles: Staged, requests: Staged) -> Pipeline:
    pipeline = pipeline_of(3)
    pipeline.users._profiles, pipeline.users._requests = profiles, requests
    pipeline.restore(0, [(key, raw) for (_, key), raw in requests.values.items()])
    return pipeline


def apply(pipeline: Pipeline, offset: int, event: Any) -> None:
    kind, number, at, name, articles = event
    where, time_s = Position(0, offset), START_S + at
    if kind == "request":
        asked = request(f"r{number}", time_s, candidates=ARTICLES)
        pipeline.request(where, asked, clock_s=CLOCK_S)
    elif kind == "impression":
        shown = impression(f"i{number}", articles, time_s, request_id=f"r{number}")
        pipeline.impression(where, shown)
    elif kind == "click":
        one = click(articles[0], time_s, impression_id=name, event_id=f"e{number}-{at}")
        pipeline.click(where, one)
    else:
        pipeline.profile_update(where, "u", None)


def known(profiles: Staged, requests: Staged) -> tuple[Profile, OpenRequests, set[str | None]]:
    """All that is stored of the user, and whose features are."""
    users = worker(profiles, requests).users
    frozen = {owner_of(key)[1] for _, key in requests.values if is_of_a_user(key)} - {None}
    return users.profile(0, "u"), users.requests(0, "u"), frozen


def test_event_time_outlives_a_crash() -> None:
    """What was labelled before a crash is not a late request's after it."""
    articles = ARTICLES[:2]
    before = [("request", 0, 0, None, articles), ("impression", 0, 61, None, articles)]
    after = [
        ("impression", 1, 0, None, articles),
        ("click", 0, 61, None, articles),
        ("request", 1, 0, None, articles),
    ]
    whole = Staged(), Staged()
    pipeline = worker(*whole)
    for offset, event in enumerate(before):
        apply(pipeline, offset, event)
    acknowledged = [send.event for send in pipeline.flush([0])]
    left = Staged(dict(whole[0].values)), Staged(dict(whole[1].values))

    successor = worker(*left)
    for message in acknowledged:
        successor.activity(message)
    for one in (pipeline, successor):
        for offset, event in enumerate(after, start=len(before)):
            apply(one, offset, event)

    assert known(*left) == known(*whole)
    assert known(*whole)[2] == {"r0", "r1", "slate:i1"}


events = st.lists(
    st.tuples(
        st.sampled_from(["request", "impression", "click", "click", "erase"]),
        st.integers(0, 3),
        st.integers(0, 500),
        st.sampled_from([None, None, "i0", "i1", "r2"]),
        st.permutations(ARTICLES).map(lambda order: order[:2]),
    ),
    min_size=1,
    max_size=10,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(events, st.data())
def test_state_after_a_crash_between_two_writes_is_that_without_one(
    some: list[Any], drawn: st.DataObject
) -> None:
    crash = drawn.draw(st.integers(0, len(some)), label="events before the crash")
    committed = drawn.draw(st.integers(0, crash), label="events committed")
    whole = Staged(), Staged()
    pipeline = worker(*whole)
    logs: tuple[Writes, Writes] = ([], [])
    marks = [(0, 0)]
    flushed: list[Any] = []
    for offset, event in enumerate(some):
        apply(pipeline, offset, event)
        for k in range(2):
            logs[k].extend(whole[k].drained())
        marks.append((len(logs[0]), len(logs[1])))
        if offset + 1 == committed:
            flushed = [send.event for send in pipeline.flush([0])]
            logs[1].extend(whole[1].drained())
            marks[-1] = (len(logs[0]), len(logs[1]))
    left = Staged(), Staged()
    for k in range(2):
        n = drawn.draw(st.integers(marks[committed][k], marks[crash][k]), label="writes that stay")
        for key, value in logs[k][:n]:
            left[k].put(0, key, value)

    successor = worker(*left)
    for message in flushed:
        successor.activity(message)
    for offset, event in enumerate(some[committed:], start=committed):
        apply(successor, offset, event)

    assert known(*left) == known(*whole)
    _, state, frozen = known(*left)
    assert frozen == {entry.request_id for entry in state.entries}
