"""What an event does: how it counts, and the messages that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal, Protocol

from cherryrec.events import Evaluation, Event
from cherryrec.open_requests import Frozen
from cherryrec.pipeline.costs import spent_s
from cherryrec.profile.update import Outcome
from cherryrec.seen import Weight

__all__ = [
    "Choice",
    "ChoiceOutcome",
    "Closed",
    "Counted",
    "Effects",
    "Erased",
    "Header",
    "MemoryStore",
    "Pending",
    "Position",
    "Selected",
    "Send",
    "Spent",
    "Store",
    "Taken",
]

Counted = Literal["applied", "duplicate", "late", "unchanged"]
"""How an event is counted; with dead-lettered ones these make up all that came in.

`applied`: state or outputs followed from it for the first time; an article is applied by every
worker, and counted once for the group. `duplicate`: known already, because it was sent again, or
read again after a crash. `late`: past what it may change; it changes nothing, or less. `unchanged`:
there was nothing to change, as by the deadline of a request that is answered.
"""


ChoiceOutcome = Literal[
    "asked", "over_budget", "user_limit", "no_text", "no_candidates", "not_wanted"
]
"""Whether CnLE was asked about a request, or why not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a request; `gain` is what an answer is expected to bring.

    The gain is None where there is no budget, or the request did not come so far.
    """

    outcome: ChoiceOutcome
    gain: float | None = None


SpentOutcome = Literal["evaluated", "cached", "failed", "late"]
"""What became of an answer of CnLE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one answer of CnLE took, and whether it was of use: it failed or came late otherwise."""

    outcome: SpentOutcome
    tokens: int
    compute_s: float
    wait_s: float

    @classmethod
    def of(cls, answer: Evaluation, *, is_late: bool) -> Spent:
        """Read it off an answer; what was known before took no tokens."""
        has_failed = answer.error is not None or not answer.evaluations
        known: SpentOutcome = "cached" if answer.cached else "evaluated"
        return cls(
            outcome="late" if is_late else "failed" if has_failed else known,
            tokens=0 if answer.cached else answer.tokens,
            compute_s=spent_s(answer),
            wait_s=answer.wait_ms / 1e3,
        )


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stood: partition and offset of its topic, and when it arrived there.

    `arrived_s` is the broker's clock, in epoch seconds; in a replay events arrive at their own
    time, whatever that is.
    """

    partition: int
    offset: int
    arrived_s: float = inf


@dataclass(frozen=True, slots=True)
class Send:
    """A message to send; `partition` None leaves the choice to the key."""

    topic: str
    key: str
    event: Event
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A request that has ended: to be forgotten once its example is safe (`Pipeline.forget`).

    `n_clicks` is how many clicks its labels knew of, where they may be corrected yet; None where
    nothing more can come.
    """

    partition: int
    user_id: str
    request_id: str
    n_clicks: int | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """A user of whom nothing is to be kept: sealed once that is safe (`Pipeline.seal`)."""

    partition: int
    user_id: str


@dataclass(frozen=True, slots=True, order=True)
class Pending:
    """A request waiting for evaluations until a wall-clock time; `headers` as of its effects."""

    expires_at: float
    partition: int
    user_id: str
    request_id: str
    headers: tuple[Header, ...] = field(default=(), compare=False)


Header = tuple[str, bytes]
"""A name and a value beside a record; the core neither reads nor sets one."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selection kept, of how many articles that its reader might have got, and its end.

    `ended_s` is what the pipeline's stopwatch said then, 0.0 where it has none.
    """

    n_live: int
    n_kept: int
    ended_s: float


Taken = Literal["frozen", "too_late", "no_article"]
"""What became of an event that is of no request of ours: an example was opened; it was read when
others had gone further than its attribution window; or no article of it may be shown."""


@dataclass(slots=True)
class Effects:
    """What followed from one event.

    `closed` are requests to forget once `sends` are acknowledged; `pending` one that now waits;
    `choice` whether CnLE was asked, of a request; `spent` what CnLE took, of its answer; `weight`
    whether a view or a click counts for everyone, or why its reader's alone; `erased` a user to
    seal once the deletion is acknowledged; `taken` what became of the features of a slate of the
    site's own, or of a click alone; `selected` what a request's selection kept. `headers` go beside
    all of `sends`: the core sets none, whoever called it may.
    """

    counted: Counted = "applied"
    sends: list[Send] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    pending: Pending | None = None
    choice: Choice | None = None
    spent: Spent | None = None
    weight: Weight = "counted"
    erased: Erased | None = None
    taken: Taken | None = None
    selected: Selected | None = None
    headers: tuple[Header, ...] = ()

    @classmethod
    def after(cls, outcome: Outcome, sends: Sequence[Send] = ()) -> Effects:
        """Return the effects of an event that did this to a profile."""
        counted: Counted = "duplicate" if outcome == "again" else outcome
        return cls(counted, sends=[*sends])

    def chose(self, choice: Choice | None, frozen: Frozen, selected_s: float | None) -> None:
        """Note whether CnLE was asked, and what a selection that ended then has kept."""
        self.choice = choice
        if selected_s is not None:
            n_kept, others = len(frozen.articles), frozen.others
            n_live = n_kept if others is None else others.n_all
            self.selected = Selected(n_live, n_kept, selected_s)

    def spend(self, answer: Evaluation) -> None:
        """Note what an answer of CnLE took; it came late where nothing follows from it."""
        self.spent = Spent.of(answer, is_late=not self.sends)


class Store(Protocol):
    """State of users by partition, as bytes; `put` of None deletes."""

    def get(self, partition: int, key: str) -> bytes | None:
        """Return what was put last."""

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        """Set or delete."""


class MemoryStore:
    """A `Store` in a dict, for replay in one process and for tests.

    Examples
    --------
    >>> store = MemoryStore()
    >>> store.put(0, "u", b"x")
    >>> store.get(0, "u"), store.get(1, "u")
    (b'x', None)
    """

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], bytes] = {}

    def get(self, partition: int, key: str) -> bytes | None:
        """Return what was put last."""
        return self.values.get((partition, key))

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        """Set or delete."""
        if value is None:
            self.values.pop((partition, key), None)
        else:
            self.values[partition, key] = value
