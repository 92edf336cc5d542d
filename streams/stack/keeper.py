"""Keeps the parts of a stack running: looks at each, kills what hangs, starts again what ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from cherryrec.errors import ServiceError
from streams.stack.restarts import Action, RestartHistory, RestartPolicy

__all__ = ["Keeper", "Supervised"]

logger = logging.getLogger(__name__)

_LOOK_S = 0.5


class Supervised(Protocol):
    """A process as the keeper sees it; starting it again makes it another process."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def log(self) -> str:
        """Where it logs."""
        ...

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        ...

    def is_alive(self) -> bool:
        """Whether it answers."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...

    def restart(self) -> None:
        """Start it again."""
        ...


class Keeper:
    """Looks at parts from a thread of its own until it is stopped, or gives one up.

    The thread starts processes that end with it, so it lives until `stop`, which is called when
    they have ended.

    Parameters
    ----------
    parts
        What to keep.
    policy
        How often and how soon.
    note
        Gets a line for each thing that is done.
    give_up
        Gets the reason when a part is given up; nothing is started again from then on.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        parts: Sequence[Supervised],
        policy: RestartPolicy,
        *,
        note: Callable[[str], None],
        give_up: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.parts = parts
        self.policy = policy
        self.failure: str | None = None
        self._note = note
        self._give_up = give_up
        self._clock = clock
        self._histories = {one.name: RestartHistory(policy, has_answered=True) for one in parts}
        self._is_paused = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    @property
    def restarts(self) -> dict[str, int]:
        """How often each part was started again."""
        return {name: one.n_restarts for name, one in self._histories.items()}

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def pause(self) -> None:
        """Start nothing again from now on: what ends from now on is ended on purpose."""
        with self._lock:
            self._is_paused = True

    def stop(self) -> None:
        """End the thread; what it has started must have ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Look at each part once, and do what is due."""
        for part in self.parts:
            # Asking may take as long as a part that hangs lets it, so it is outside of the lock.
            is_alive = part.exit_code is None and part.is_alive()
            with self._lock:
                if self._is_paused or self.failure is not None:
                    return
                self._act(part, is_alive=is_alive)

    def _act(self, part: Supervised, *, is_alive: bool) -> None:
        code, history = part.exit_code, self._histories[part.name]
        action = history.look(self._clock(), has_ended=code is not None, is_alive=is_alive)
        if action is Action.WAIT:
            wait_s = (history.due_s or 0.0) - self._clock()
            self._note(
                f"{part.name} has ended by itself with code {code} and is started again in "
                f"{max(wait_s, 0.0):.0f} s (log: {part.log})"
            )
        elif action is Action.KILL:
            self._note(
                f"{part.name} has not answered /live for {history.silent_s:.0f} s and is killed "
                f"(log: {part.log})"
            )
            part.kill()
        elif action is Action.START:
            self._start(part, history)
        elif action is Action.GIVE_UP:
            n, window_s = self.policy.max_restarts, self.policy.window_s
            self._fail(
                f"{part.name} has ended with code {code} after {n} restarts within "
                f"{window_s:g} s, and is given up: {part.log} says why"
            )

    def _start(self, part: Supervised, history: RestartHistory) -> None:
        try:
            part.restart()
        except (ServiceError, OSError) as error:
            self._note(f"{part.name} could not be started again: {error}")
        else:
            n = history.n_restarts
            self._note(f"{part.name} was started again, {n} time{'s' if n > 1 else ''} so far")

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self._note(reason)
        self._give_up(reason)

    def _run(self) -> None:
        for _ in self._looks():
            try:
                self.look()
            except Exception:  # the thread must live: the processes it started end with it
                logger.exception("a look at the parts failed")

    def _looks(self) -> Iterator[None]:
        while not self._stop.wait(_LOOK_S):
            yield
