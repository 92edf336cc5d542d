"""When a part of the system is started again: what was seen of it goes in, what to do comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from cherryrec.errors import ConfigError

__all__ = ["Action", "RestartHistory", "RestartPolicy"]

_LONGEST_LOOK_S = 5.0
"""Silence that one look may count: who looks may have stood still itself."""


class Action(Enum):
    """What to do about a part after a look at it."""

    NOTHING = "nothing"
    WAIT = "wait"
    START = "start"
    KILL = "kill"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """How often and how soon a part is started again.

    Parameters
    ----------
    max_restarts
        Restarts of one part within the window, at least 0; one end more, and it is given up.
    window_s
        Length of the window, in seconds, above 0.
    wait_s
        Wait before the first restart, in seconds; each further one within the window doubles it.
    hung_s
        Silence of a part's `/live` after which it is killed, in seconds, above 0.
    start_s
        How long it may take until its first answer, in seconds: it may compile, or load a model.
    """

    max_restarts: int = 5
    window_s: float = 600.0
    wait_s: float = 1.0
    hung_s: float = 30.0
    start_s: float = 300.0

    def __post_init__(self) -> None:
        if self.max_restarts < 0 or self.wait_s < 0:
            msg = (
                "max_restarts and wait_s must be at least 0, got "
                f"{self.max_restarts} and {self.wait_s}"
            )
            raise ConfigError(msg)
        if min(self.window_s, self.hung_s, self.start_s) <= 0:
            msg = (
                "window_s, hung_s and start_s must be above 0, got "
                f"{self.window_s}, {self.hung_s} and {self.start_s}"
            )
            raise ConfigError(msg)


@dataclass(slots=True)
class RestartHistory:
    """What has been seen of one part.

    Parameters
    ----------
    policy
        How often and how soon it is started again.
    has_answered
        Whether it has answered since it was started.

    Examples
    --------
    >>> part = RestartHistory(RestartPolicy(max_restarts=1, wait_s=2.0), has_answered=True)
    >>> part.look(0.0, has_ended=False, is_alive=True)
    <Action.NOTHING: 'nothing'>
    >>> part.look(1.0, has_ended=True, is_alive=False)
    <Action.WAIT: 'wait'>
    >>> part.look(3.0, has_ended=True, is_alive=False)
    <Action.START: 'start'>
    >>> part.look(4.0, has_ended=True, is_alive=False)
    <Action.GIVE_UP: 'give up'>
    """

    policy: RestartPolicy
    has_answered: bool = False
    n_restarts: int = 0
    silent_s: float = 0.0
    due_s: float | None = None
    _recent: list[float] = field(default_factory=list)
    _looked_s: float | None = None

    def look(self, now_s: float, *, has_ended: bool, is_alive: bool) -> Action:
        """Say what to do.

        Parameters
        ----------
        now_s
            A monotonic clock's seconds.
        has_ended
            Whether its process is gone; how it ended makes no difference.
        is_alive
            Whether it has answered `/live` with 200.
        """
        passed_s = 0.0 if self._looked_s is None else now_s - self._looked_s
        self._looked_s = now_s
        if has_ended:
            return self._ended(now_s)
        if is_alive:
            self.has_answered, self.silent_s = True, 0.0
            return Action.NOTHING
        self.silent_s += min(passed_s, _LONGEST_LOOK_S)
        allowed_s = self.policy.hung_s if self.has_answered else self.policy.start_s
        return Action.KILL if self.silent_s >= allowed_s else Action.NOTHING

    def _ended(self, now_s: float) -> Action:
        if self.due_s is None:
            self._recent = [s for s in self._recent if now_s - s < self.policy.window_s]
            if len(self._recent) >= self.policy.max_restarts:
                return Action.GIVE_UP
            self.due_s = now_s + self.policy.wait_s * 2 ** len(self._recent)
            return Action.WAIT
        if now_s < self.due_s:
            return Action.NOTHING
        self.due_s = None
        self._recent.append(now_s)
        self.n_restarts += 1
        self.has_answered, self.silent_s = False, 0.0
        return Action.START
