"""Replay in one process: the pipeline and the learner in event-time order, deterministic.

The very code the workers run, with stores in memory and a clock that is the log's own time. Same
log, seed and recorded evaluations give the same bytes out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay.frozen import frozen_features
from cherryrec.evaluation.replay.judge import Judge
from cherryrec.evaluation.replay.messages import LogMessages, Turn
from cherryrec.evaluation.replay.process import PARTITION, ReplayedSystem
from cherryrec.evaluation.retrieval import Moment, RetrievalJudge
from cherryrec.events import Evaluation, EvaluationRequest, Recommendation
from cherryrec.open_requests import without
from cherryrec.pipeline import PipelineConfig
from cherryrec.system import Embed, Evaluate

__all__ = ["LocalReplay"]

Progress = Callable[[int], None]


@dataclass(slots=True)
class _Delayed:
    """A turn whose clicks become known at a time, with its features where a baseline learns."""

    known_s: float
    turn: Turn
    features: NDArray[np.float32] | None


class LocalReplay(ReplayedSystem):
    """Runs a log of impressions through one system.

    Parameters
    ----------
    config, label_delay_s, evaluate, embed
        As for `ReplayedSystem`.
    retrieval
        Judges protocol C beside protocol A, in the same state; None leaves it out.
    """

    def __init__(
        self,
        config: PipelineConfig,
        *,
        label_delay_s: float = 0.0,
        evaluate: Evaluate | None = None,
        embed: Embed | None = None,
        retrieval: RetrievalJudge | None = None,
    ) -> None:
        timed = None if evaluate is None else self._timed(evaluate)
        super().__init__(config, label_delay_s=label_delay_s, evaluate=timed, embed=embed)
        self.retrieval = retrieval
        self.latencies_s: list[float] = []
        self.n_read: list[int] = []
        self.evaluate_s = 0.0
        self._delayed: deque[_Delayed] = deque()

    def run(
        self,
        rows: Iterable[MindImpression],
        messages: LogMessages,
        judge: Judge,
        progress: Progress | None = None,
    ) -> None:
        """Replay rows in time order, judging each before its labels are known.

        Parameters
        ----------
        rows
            The log's impressions, by time.
        messages
            Where their messages come from.
        judge
            Where scores are kept.
        progress
            Called with 1 after each row.
        """
        for row in rows:
            turn = messages.turn(row)
            self._learn_known(turn.time_s, judge)
            judge.rank(row, self._ask(turn))
            if self.retrieval is not None:
                self.retrieval.rank(self.pipeline, PARTITION, Moment.of(row, turn.time_s))
            features = self._features(turn) if judge.feature_baselines else None
            judge.rank_baselines(row, features)
            if turn.impression.request_id is None:
                self._withdraw(turn)
            self.send(turn.impression)
            self._delayed.append(_Delayed(turn.time_s + self.label_delay_s, turn, features))
            if self.label_delay_s == 0:
                self._learn_known(turn.time_s, judge)
            if progress is not None:
                progress(1)

    def _ask(self, turn: Turn) -> Recommendation:
        """Send what comes before the request, then the request; return the answer."""
        now = turn.time_s
        for article in turn.articles:
            self.send(article, now=now)
        if turn.profile is not None:
            self.send(turn.profile)
        profile = self.pipeline.users.profile(PARTITION, turn.request.user_id)
        self.n_read.append(profile.n_clicks)
        self._check_times(turn.request, profile)
        started = perf_counter()
        answer = self.recommend(turn.request)
        self.latencies_s.append(perf_counter() - started)
        return answer

    def _timed(self, evaluate: Evaluate) -> Evaluate:
        """Return CnLE with a clock that it stops."""

        def timed(question: EvaluationRequest) -> Evaluation:
            asked = perf_counter()
            evaluation = evaluate(question)
            self.evaluate_s += perf_counter() - asked
            return evaluation

        return timed

    def _features(self, turn: Turn) -> NDArray[np.float32]:
        """Return the features of the request that was just answered, by the row's candidates."""
        asked = turn.request
        frozen = self.pipeline.users.frozen(PARTITION, asked.user_id, asked.request_id)
        return frozen_features(frozen, turn.row.candidates)

    def _withdraw(self, turn: Turn) -> None:
        """Forget a request that was judged only: nothing will ever show it."""
        users = self.pipeline.users
        user = users.load(PARTITION, turn.request.user_id)
        users.keep(user, user.with_requests(without(user.requests, turn.request.request_id)))

    def _learn_known(self, now: float, judge: Judge) -> None:
        """Deliver the clicks that are known by `now`, and learn from them."""
        while self._delayed and self._delayed[0].known_s <= now:
            known = self._delayed.popleft()
            self._deliver(known.turn.clicks, known.known_s)
            judge.learn(known.turn.row, known.features)
            if self.retrieval is not None:
                self.retrieval.learn(Moment.of(known.turn.row, known.turn.time_s))
