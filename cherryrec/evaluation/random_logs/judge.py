"""Runs policies over a log of random displays, each learning from its own matches alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import ClickLog, DisplayLog, Log, LoggedDisplay
from cherryrec.evaluation.random_logs.estimates import Evidence
from cherryrec.evaluation.random_logs.policy import Policy, Question
from cherryrec.evaluation.random_logs.reward_model import ArticleRates
from cherryrec.evaluation.random_logs.uniformity import Uniformity

__all__ = ["Judged", "displays_of", "judge"]


@dataclass(slots=True)
class Judged:
    """What a log says of each policy.

    Parameters
    ----------
    evidence
        Name of a policy → its sums.
    uniformity
        Whether the log was drawn as the propensities say.
    n_displays
        Displays read.
    first_s, last_s
        Event times of the first and the last; NaN before there is one.
    fewest, most
        Articles of the smallest and the largest pool.
    """

    evidence: dict[str, Evidence]
    uniformity: Uniformity = field(default_factory=Uniformity)
    n_displays: int = 0
    first_s: float = float("nan")
    last_s: float = float("nan")
    fewest: int = 0
    most: int = 0

    def add(self, display: LoggedDisplay) -> None:
        """Count one display."""
        n = len(display.pool)
        if not self.n_displays:
            self.first_s, self.fewest = display.shown_at, n
        self.n_displays += 1
        self.last_s = display.shown_at
        self.fewest, self.most = min(self.fewest, n), max(self.most, n)
        self.uniformity.add(display)


def displays_of(log: Log) -> DisplayLog:
    """Return a log of random displays, and refuse any other.

    Raises
    ------
    LogError
        The log does not tell with which chance an article was displayed.
    """
    if isinstance(log, DisplayLog):
        return log
    what = "clicks alone" if isinstance(log, ClickLog) else "slates that its site ranked"
    msg = (
        "estimates of another policy need the chance with which each article was displayed, got "
        f"{str(log.path)!r} in the format of {log.title}, which records {what} and no "
        "propensities: take a log of random displays (r6a, r6b), or `cherryrec replay` for this one"
    )
    raise LogError(msg)


def judge(
    displays: Iterable[LoggedDisplay],
    policies: Sequence[Policy],
    *,
    model: ArticleRates | None = None,
    progress: Callable[[int], None] | None = None,
) -> Judged:
    """Ask each policy at each display, and let it learn where the log displayed its choice.

    Parameters
    ----------
    displays
        In time order.
    policies
        Of different names.
    model
        Of the reward, for the doubly robust estimate; it learns from every display after it was
        judged. Absent, a new one.
    progress
        Called with 1 after each display.

    Examples
    --------
    >>> from cherryrec.evaluation.random_logs.simple_policies import NewestPolicy
    >>> log = [
    ...     LoggedDisplay(str(n), 60.0 * n, ("a", "b"), "ab"[n % 2], n < 2, ()) for n in range(4)
    ... ]
    >>> found = judge(log, [NewestPolicy()]).evidence["newest"]
    >>> found.n, found.n_clicks
    (4, 2)
    """
    model = model or ArticleRates()
    judged = Judged({policy.name: Evidence() for policy in policies})
    assert len(judged.evidence) == len(policies), "policies have different names"
    for display in displays:
        judged.add(display)
        question = Question.of(display)
        expected = model.predict(display.displayed)
        for policy in policies:
            chosen = policy.choose(question)
            is_match = chosen == display.displayed
            judged.evidence[policy.name].add(
                display.propensity,
                is_match=is_match,
                is_clicked=display.is_clicked,
                expected_chosen=model.predict(chosen),
                expected_displayed=expected,
            )
            if is_match:
                policy.learn(question, chosen, is_clicked=display.is_clicked)
        model.learn(display.displayed, is_clicked=display.is_clicked)
        if progress is not None:
            progress(1)
    return judged
