"""A stream worker that notes what its loop does: steps of tasks, calls of the core, collections.

`python -m benchmarks._loop FILE`; settings come from the environment as for `cherryrec worker
stream`. When it has ended, the file holds what the loop did, without overlaps: of two that are
inside one another, time counts for the inner one.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import os
import sys
import threading
from array import array
from collections.abc import Callable, Coroutine, Generator
from time import perf_counter, thread_time
from typing import Any

import numpy as np

from cherryrec.cli.settings import load_settings

__all__ = ["Notes", "follow_calls", "follow_collections", "follow_tasks", "main"]


class Notes:
    """What one thread did, when: parts that do not overlap, each with a name.

    Examples
    --------
    >>> now = iter([0.0, 1.0, 3.0, 4.0])
    >>> notes = Notes(clock=lambda: next(now))
    >>> notes.enter("outer"), notes.enter("inner"), notes.leave(), notes.leave()
    (0, 1, None, None)
    >>> notes.parts()
    [('outer', 0.0, 1.0), ('inner', 1.0, 3.0), ('outer', 3.0, 4.0)]
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._codes: dict[str, int] = {}
        self._starts, self._ends, self._which = array("d"), array("d"), array("H")
        self._open: list[int] = []
        self._mark = 0.0
        self.steps = (array("d"), array("d"), array("d"), array("H"))
        """Start, end and processor time of each step of a task, and its name."""

    def code(self, name: str) -> int:
        """Return the number of a name."""
        return self._codes.setdefault(name, len(self._codes))

    def enter(self, name: str) -> int:
        """Begin something inside of what was begun before; return how much is around it."""
        now = self._clock()
        if self._open:
            self._note(now)
        self._open.append(self.code(name))
        self._mark = now
        return len(self._open) - 1

    def leave(self, depth: int | None = None) -> None:
        """End what was begun last, and all that was begun since `depth` was around."""
        depth = len(self._open) - 1 if depth is None else depth
        now = self._clock()
        while len(self._open) > depth:
            self._note(now)
            self._open.pop()
            self._mark = now

    def _note(self, now: float) -> None:
        self._starts.append(self._mark)
        self._ends.append(now)
        self._which.append(self._open[-1])

    def parts(self) -> list[tuple[str, float, float]]:
        """Return all that was noted, by time."""
        names = list(self._codes)
        return [
            (names[code], start, end)
            for code, start, end in zip(self._which, self._starts, self._ends, strict=True)
        ]

    def save(self, file: str) -> None:
        """Write all that was noted as arrays."""
        starts, ends, processor, which = self.steps
        np.savez_compressed(
            file,
            names=np.array(list(self._codes)),
            starts=np.array(self._starts),
            ends=np.array(self._ends),
            which=np.array(self._which),
            step_starts=np.array(starts),
            step_ends=np.array(ends),
            step_processor=np.array(processor),
            step_which=np.array(which),
        )


class _Timed(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are noted."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], notes: Notes) -> None:
        self._coroutine = coroutine
        self._notes = notes
        self._name = _name_of(coroutine)

    def send(self, value: Any) -> Any:
        return self._step(self._coroutine.send, value)

    def throw(self, *error: Any) -> Any:
        return self._step(self._coroutine.throw, *error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()

    def _step(self, go_on: Callable[..., Any], *values: Any) -> Any:
        notes, processor = self._notes, thread_time()
        started, depth = perf_counter(), notes.enter(self._name)
        try:
            return go_on(*values)
        finally:
            notes.leave(depth)
            starts, ends, spent, which = notes.steps
            starts.append(started)
            ends.append(perf_counter())
            spent.append(thread_time() - processor)
            which.append(notes.code(self._name))


def _name_of(coroutine: Any) -> str:
    """Name a task: an agent by its own name, a task of a service by its function's."""
    known = getattr(getattr(coroutine, "cr_frame", None), "f_locals", {})
    name: str = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    if name == "Agent._execute_actor":
        return f"agent {known['self'].name}"
    if name == "Service._execute_task":
        return str(getattr(known["task"], "__qualname__", name))
    return name


def follow_tasks(notes: Notes) -> None:
    """Note the steps of all tasks of this thread's loop, once it is made."""
    make, main_thread = asyncio.new_event_loop, threading.get_ident()

    def made() -> asyncio.AbstractEventLoop:
        loop = make()
        if threading.get_ident() == main_thread:

            def task(loop: Any, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
                return asyncio.Task(_Timed(coroutine, notes), loop=loop, **options)

            loop.set_task_factory(task)
        return loop

    asyncio.new_event_loop = made


def follow_calls(notes: Notes, owner: Any, *names: str) -> None:
    """Note the calls of some functions of a class or a module, none of which awaits."""
    main_thread = threading.get_ident()
    for name in names:
        plain = owner.__dict__[name]
        function = plain.__func__ if isinstance(plain, classmethod) else plain
        label = f"{owner.__name__.rpartition('.')[2]}.{name}"

        @functools.wraps(function)
        def call(
            *values: Any, _do: Callable[..., Any] = function, _as: str = label, **named: Any
        ) -> Any:
            if threading.get_ident() != main_thread:
                return _do(*values, **named)
            depth = notes.enter(_as)
            try:
                return _do(*values, **named)
            finally:
                notes.leave(depth)

        setattr(owner, name, classmethod(call) if isinstance(plain, classmethod) else call)


def follow_collections(notes: Notes) -> None:
    """Note the collections of garbage that this thread makes."""
    main_thread = threading.get_ident()

    def note(phase: str, about: dict[str, int]) -> None:
        if threading.get_ident() != main_thread:
            return
        if phase == "start":
            notes.enter(f"collection of generation {about['generation']}")
        else:
            notes.leave()

    gc.callbacks.append(note)


def _follow_core(notes: Notes) -> None:
    from aiokafka.producer.message_accumulator import MessageAccumulator

    from cherryrec.pipeline import Pipeline, pipeline
    from streams import outbox
    from streams.agents.base import TopicRules
    from streams.engine.stores import RocksPartitions
    from streams.engine.storing import Storing
    from streams.followed_topics import FollowedTopics

    events = ("request", "impression", "click", "profile_update", "deadline", "tick")
    follow_calls(notes, Pipeline, *events, "flush", "forget")
    follow_calls(notes, pipeline, "open_request", "recommend")
    follow_calls(notes, FollowedTopics, "article", "activity", "labelled", "co_read", "model")
    follow_calls(notes, Storing, "now")
    follow_calls(notes, RocksPartitions, "read", "_write")
    follow_calls(notes, TopicRules, "read")
    follow_calls(notes, outbox, "encode")
    follow_calls(notes, MessageAccumulator, "drain_by_nodes")


def main(file: str) -> int:
    """Run the worker until a signal; return its exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    for noisy in ("aiokafka", "kafka", "faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings = load_settings(None, os.environ)
    from streams.worker import StreamWorker

    notes = Notes()
    _follow_core(notes)
    worker = StreamWorker(settings.kafka, settings.stream, settings.core)
    follow_tasks(notes)
    follow_collections(notes)
    code = worker.run()
    notes.save(file)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
