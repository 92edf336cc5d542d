"""Whether a replay through running workers measured what it was to measure: models that learn.

A learner that has died, a worker that no longer follows the models, clicks that never arrive: each
leaves a table of metrics that looks like any other. What is counted here tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LearnedRecord", "Pace"]

ALLOWED_BEHIND = 50
"""Examples that a model may always be behind: some are on their way at any time."""

ALLOWED_SHARE = 0.25
"""Share of all examples so far that a model may be behind."""

BEHIND_SHARE = 0.05
"""Share of the slates that may be ranked by a model further behind than that."""

LABELLED_SHARE = 0.98
"""Share of the clicked slates that must have come out labelled: a few clicks may be too late."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the models were behind the labels, over all slates of a replay.

    Parameters
    ----------
    n_slates
        Slates judged.
    n_untrained
        Those ranked by a model that had learned nothing although it could have.
    n_behind
        Those ranked by a model that was further behind than is allowed.
    most_behind
        Examples that were labelled and not in the model of a slate, the most.
    oldest_s
        Seconds since the model of a slate was published, the most.
    """

    n_slates: int
    n_untrained: int
    n_behind: int
    most_behind: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class _Ranked:
    version: int
    n_labelled: int
    at_s: float


class LearnedRecord:
    """Compares what was labelled with what was learned, and with what slates were ranked by.

    Parameters
    ----------
    window
        Requests in flight at once: their labels cannot be in the model that ranks them.

    Examples
    --------
    Three hundred slates are labelled; the learner stops after a hundred:

    >>> record = LearnedRecord(window=1)
    >>> for number in range(300):
    ...     record.labelled(f"slate-{number}", 1)
    ...     if number < 100:
    ...         record.published(number + 1, n_examples=number + 1, at_s=number)
    ...     record.ranked(min(number + 1, 100), at_s=number)
    >>> record.n_learned, record.n_labelled
    (100, 300)
    >>> record.is_behind
    True
    >>> for fault in record.faults():
    ...     print(fault)
    examples learned: 100 of 300 labelled slates
    models at each slate: 98 of 300 slates were ranked by a model that was more than 52 examples \
and a quarter of all behind (at most 5 % may), the last by version 100 of 100 examples
    """

    def __init__(self, *, window: int) -> None:
        self.window = window
        self.n_learned = 0
        self._labelled: set[tuple[str, int]] = set()
        self._slates: set[str] = set()
        self._expected: set[str] = set()
        self._n_before = 0
        self._models: dict[int, tuple[int, float]] = {0: (0, 0.0)}
        self._ranked: list[_Ranked] = []

    @property
    def n_labelled(self) -> int:
        """Examples that the workers have made: one for each labelled slate and correction."""
        return len(self._labelled)

    @property
    def is_behind(self) -> bool:
        """Whether the last slate came from a model that was further behind than is allowed."""
        return bool(self._ranked) and self._n_behind(self._ranked[-1]) > self._allowed(
            self._ranked[-1]
        )

    @property
    def is_unsettled(self) -> bool:
        """Whether labels that are due have not come, or some have not been learned."""
        return self.n_learned < self.n_labelled or self._lacks_labels

    @property
    def _lacks_labels(self) -> bool:
        return len(self._expected & self._slates) < LABELLED_SHARE * len(self._expected)

    def begin(self, version: int, *, n_examples: int, at_s: float) -> None:
        """Note the model that there was before: what it has learned does not count."""
        self._n_before = n_examples
        self.published(version, n_examples=n_examples, at_s=at_s)

    def expect(self, slate_id: str) -> None:
        """Note a slate that was clicked, and whose labels are due before the replay ends."""
        self._expected.add(slate_id)

    def labelled(self, slate_id: str, n_clicks: int) -> None:
        """Note a slate that came out labelled; the same again is one."""
        self._labelled.add((slate_id, n_clicks))
        self._slates.add(slate_id)

    def published(self, version: int, *, n_examples: int, at_s: float) -> None:
        """Note a version of the models, how much it has learned, and when it came."""
        self._models[version] = (n_examples, at_s)
        self.n_learned = n_examples - self._n_before

    def ranked(self, version: int, *, at_s: float) -> None:
        """Note the version that a slate was ranked by, when its predecessors were labelled."""
        self._ranked.append(_Ranked(version, self.n_labelled, at_s))

    def pace(self) -> Pace:
        """Sum up over the slates so far."""
        behind = [(one, self._n_behind(one)) for one in self._ranked]
        could = [one for one in self._ranked if one.n_labelled > self._allowed_at_first]
        return Pace(
            n_slates=len(self._ranked),
            n_untrained=sum(self._learned_by(one) + self._n_before == 0 for one in could),
            n_behind=sum(n > self._allowed(one) for one, n in behind),
            most_behind=max((n for _, n in behind), default=0),
            oldest_s=max(
                (one.at_s - self._models[one.version][1] for one in self._known()), default=0.0
            ),
        )

    def faults(self) -> tuple[str, ...]:
        """Say which checks do not carry, with the numbers reached; empty when all do."""
        return tuple(self._faults())

    def sentences(self, *, halted_s: float) -> tuple[str, ...]:
        """Say what the checks reached, for a report; `halted_s` were waited for models."""
        pace = self.pace()
        untrained = 100 * pace.n_untrained / max(pace.n_slates, 1)
        sentences = [
            f"examples learned: {self.n_learned:,} of {self.n_labelled:,} labelled slates; "
            f"slates by an untrained model after the first {self._allowed_at_first:,} examples: "
            f"{untrained:.1f} %; most examples that a slate's model was behind: "
            f"{pace.most_behind:,}; oldest model of a slate: {pace.oldest_s:.1f} s"
        ]
        if halted_s >= 1.0:
            sentences.append(f"halted for {halted_s:.0f} s until models had caught up")
        return tuple(sentences)

    def _faults(self) -> Iterator[str]:
        n_due, n_came = len(self._expected), len(self._expected & self._slates)
        if self._lacks_labels:
            yield f"labels: {n_came:,} of {n_due:,} clicked slates came out labelled"
        if self.n_learned < self.n_labelled:
            yield f"examples learned: {self.n_learned:,} of {self.n_labelled:,} labelled slates"
        pace = self.pace()
        if pace.n_behind > BEHIND_SHARE * pace.n_slates:
            last = self._ranked[-1]
            n_examples = self._models.get(last.version, (0, 0.0))[0]
            yield (
                f"models at each slate: {pace.n_behind:,} of {pace.n_slates:,} slates were ranked "
                f"by a model that was more than {self._allowed_at_first:,} examples and a quarter "
                f"of all behind (at most {100 * BEHIND_SHARE:g} % may), the last by version "
                f"{last.version:,} of {n_examples:,} examples"
            )

    @property
    def _allowed_at_first(self) -> int:
        return ALLOWED_BEHIND + 2 * self.window

    def _allowed(self, one: _Ranked) -> float:
        return self._allowed_at_first + ALLOWED_SHARE * one.n_labelled

    def _n_behind(self, one: _Ranked) -> int:
        return one.n_labelled - self._learned_by(one)

    def _learned_by(self, one: _Ranked) -> int:
        """Return what the model of a slate had learned; one that we have not read yet is new."""
        known = self._models.get(one.version)
        return one.n_labelled if known is None else known[0] - self._n_before

    def _known(self) -> Iterator[_Ranked]:
        return (one for one in self._ranked if one.version and one.version in self._models)
