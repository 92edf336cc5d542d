"""What CnLE would have been asked of a recorded log, by the very pipeline that asks it.

The log is replayed in event-time order with an evaluator that answers nothing and writes the
question down: profile, history and candidates are those of the request's time, selected by KnRS
as it stood then, so that no example knows more than the worker will when it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.logs import ImpressionLog
from cherryrec.evaluation.mind import MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.pipeline import PipelineConfig

__all__ = ["Question", "Split", "ask_log"]

Progress = Callable[[int], None]

_MEMBER = "linear"
"""The one member of VaNS that runs along; the questions do not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A log cut by time: train on the first part, choose on the second, never see the rest.

    Parameters
    ----------
    train, choose
        Shares of the impressions in time order; each above 0, together at most 1.

    Examples
    --------
    >>> Split(train=0.6, choose=0.1).bounds(10)
    (6, 7)
    """

    train: float = 0.6
    choose: float = 0.1

    def __post_init__(self) -> None:
        if not (self.train > 0 and self.choose > 0 and self.train + self.choose <= 1 + 1e-9):
            msg = (
                "the split's parts to train on and to choose on must be above 0 and together at "
                f"most 1, got {self.train!r} and {self.choose!r}"
            )
            raise ConfigError(msg)

    def bounds(self, n: int) -> tuple[int, int]:
        """Return how many impressions of n are before the end of each part."""
        return round(self.train * n), round((self.train + self.choose) * n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to CnLE and what came of it.

    Parameters
    ----------
    request
        As the pipeline asked it.
    shown_at
        Event time, epoch seconds.
    clicked
        Ids of the candidates that were clicked; some may not be among the request's.
    """

    request: EvaluationRequest
    shown_at: float
    clicked: frozenset[str]


def ask_log(
    log: ImpressionLog,
    split: Split,
    core: PipelineConfig,
    *,
    progress: Progress | None = None,
) -> tuple[list[Question], list[Question]]:
    """Replay the log up to the end of the second part.

    Parameters
    ----------
    log
        The recorded log.
    split
        Where its parts end.
    core
        Settings of the pipeline; the evaluator is turned on.
    progress
        Called with 1 after each impression.

    Returns
    -------
    The questions of the part to train on and of the part to choose on, in time order.

    Raises
    ------
    LogError
        The log has no labels, or a part of it has no impression.
    """
    rows = list(log.impressions())
    train, choose = split.bounds(len(rows))
    if not 0 < train < choose:
        msg = f"a log to fine-tune on must have impressions in both parts, got {len(rows)} in all"
        raise LogError(msg)
    asked = _asked(rows[:choose], LogMessages(log.articles()), core, progress)
    found = [asked.get(row.impression_id) for row in rows[:choose]]
    parts = found[:train], found[train:]
    return ([one for one in parts[0] if one], [one for one in parts[1] if one])


def _asked(
    rows: Sequence[MindImpression],
    messages: LogMessages,
    core: PipelineConfig,
    progress: Progress | None,
) -> dict[str, Question]:
    """Replay rows and return the questions by impression."""
    by_id = {row.impression_id: row for row in rows if row.clicked is not None}
    if not by_id:
        msg = "a log to fine-tune on must say what was clicked, got one without labels"
        raise LogError(msg)
    asked: dict[str, Question] = {}

    def write_down(request: EvaluationRequest) -> Evaluation:
        row = by_id.get(request.request_id)
        if row is not None and row.clicked is not None:
            pairs = zip(row.candidates, row.clicked, strict=True)
            clicked = frozenset(article_id for article_id, is_click in pairs if is_click)
            asked[row.impression_id] = Question(
                request=request, shown_at=row.shown_at, clicked=clicked
            )
        return Evaluation(
            request_id=request.request_id, user_id=request.user_id, error="only written down"
        )

    config = replace(core, vans=replace(core.vans, members=(_MEMBER,), without=()))
    replay = LocalReplay(config, evaluate=write_down)
    replay.run(rows, messages, Judge(), progress)
    return asked
