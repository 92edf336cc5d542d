"""Ablations: the same log and seed once more, each time without one part of the system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cherryrec.evaluation.logs import LogSource
from cherryrec.evaluation.metrics import PrequentialMetrics
from cherryrec.evaluation.replay import OURS, Judge, LocalReplay, LogMessages
from cherryrec.evaluation.retrieval import RetrievalJudge, RetrievalRecord, Selector
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.pipeline import PipelineConfig

__all__ = ["Ablated", "replay_without"]


@dataclass(frozen=True, slots=True)
class Ablated:
    """What was measured without a part: by protocol A, and by C where that was judged."""

    metrics: PrequentialMetrics
    retrieval: RetrievalRecord | None = None


def replay_without(
    log: LogSource,
    config: PipelineConfig,
    *,
    limit: int | None,
    label_delay_s: float,
    evaluate: Callable[[EvaluationRequest], Evaluation] | None = None,
    evaluate_from: float = 0.0,
    from_catalogue: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Ablated:
    """Replay a log in this process and keep the metrics of its impressions only.

    Parameters
    ----------
    log
        Of slates.
    config
        Settings without a part.
    limit
        Impressions, as in `ImpressionLog.impressions`.
    label_delay_s, evaluate
        As in `LocalReplay`; settings without an evaluator ask none.
    evaluate_from
        Share of the impressions, in time order, before CnLE is asked; from 0 to 1.
    from_catalogue
        Whether protocol C is judged beside, without baselines.
    progress
        Called with 1 after each impression.
    """
    read = log.impressions()
    rows = list(read.impressions(limit))
    messages = LogMessages(read.articles(), n_unasked=round(evaluate_from * len(rows)))
    judge = Judge()
    retrieval = RetrievalJudge([Selector(OURS)]) if from_catalogue else None
    engine = LocalReplay(
        config,
        label_delay_s=label_delay_s,
        evaluate=evaluate if config.evaluator.enabled else None,
        retrieval=retrieval,
    )
    engine.run(rows, messages, judge, progress)
    return Ablated(judge.metrics[OURS], retrieval.record if retrieval is not None else None)
