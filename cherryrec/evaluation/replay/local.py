"""Replay in one process: the pipeline and the learner in event-time order, deterministic.

The very code the workers run, with stores in memory and a clock that is the log's own time. Same
log, seed and recorded evaluations give the same bytes out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from cherryrec.codec import EARLIEST
from cherryrec.errors import ConfigError
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay.frozen import frozen_features
from cherryrec.evaluation.replay.judge import Judge
from cherryrec.evaluation.replay.messages import INSTANT_S, LogMessages, Turn
from cherryrec.events import (
    Evaluation,
    EvaluationRequest,
    Example,
    FeedbackTick,
    Recommendation,
    RecommendationRequest,
    SlateLabelled,
    instant,
    seconds,
)
from cherryrec.features import check_times, newest_used
from cherryrec.feedback import FeedbackConfig
from cherryrec.learner import Learner
from cherryrec.pipeline import (
    Effects,
    MemoryStore,
    Models,
    Pipeline,
    PipelineConfig,
    Position,
)
from cherryrec.profile import Profile

__all__ = ["LocalReplay"]

Evaluate = Callable[[EvaluationRequest], Evaluation]
Progress = Callable[[int], None]

_PARTITION = 0


@dataclass(slots=True)
class _Delayed:
    """A turn whose clicks become known at a time, with its features where a baseline learns."""

    known_s: float
    turn: Turn
    features: NDArray[np.float32] | None


class LocalReplay:
    """Runs a log through one pipeline and one learner.

    Parameters
    ----------
    config
        Settings of the pipeline; its attribution window is replaced by the label delay.
    label_delay_s
        Event time after which clicks, and that there were none, are known; 0 or more. What was
        shown is known at once.
    evaluate
        CnLE in this process; None replays without.
    """

    def __init__(
        self,
        config: PipelineConfig,
        *,
        label_delay_s: float = 0.0,
        evaluate: Evaluate | None = None,
    ) -> None:
        if not label_delay_s >= 0:
            msg = f"label delay must be at least 0 seconds, got {label_delay_s!r}"
            raise ConfigError(msg)
        self.label_delay_s = label_delay_s
        self.evaluate = evaluate
        config = replace(
            config,
            feedback=FeedbackConfig(attribution_window_s=label_delay_s, correction_s=0.0),
            evaluator=replace(config.evaluator, enabled=evaluate is not None),
        )
        self.learner = Learner(config.knrs, config.vans)
        self.pipeline = Pipeline(
            config,
            Models(scorer=self.learner.vans),
            profiles=MemoryStore(),
            requests=MemoryStore(),
        )
        self.latencies_s: list[float] = []
        self.n_read: list[int] = []
        self.evaluate_s = 0.0
        self._delayed: deque[_Delayed] = deque()
        self._offsets: dict[str, int] = {}

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
            features = self._features(turn) if judge.feature_baselines else None
            judge.rank_baselines(row, features)
            self._follow(
                "impressions",
                self.pipeline.impression(self._at("impressions"), turn.impression),
            )
            self._delayed.append(_Delayed(turn.time_s + self.label_delay_s, turn, features))
            if self.label_delay_s == 0:
                self._learn_known(turn.time_s, judge)
            if progress is not None:
                progress(1)

    def _ask(self, turn: Turn) -> Recommendation:
        """Send what comes before the request, then the request; return the answer."""
        now = turn.time_s
        for article in turn.articles:
            self.pipeline.article(article.article_id, article, now=now)
        if turn.profile is not None:
            at = self._at("profile-updates")
            self.pipeline.profile_update(at, turn.profile.user_id, turn.profile)
        profile = self.pipeline.users.profile(_PARTITION, turn.request.user_id)
        self.n_read.append(profile.n_clicks)
        self._check_times(turn.request, profile)
        started = perf_counter()
        effects = self.pipeline.request(self._at("requests"), turn.request, clock_s=now)
        answer = effects.sends[0].event
        if isinstance(answer, EvaluationRequest):
            assert self.evaluate is not None, "only an enabled evaluator is asked"
            asked = perf_counter()
            evaluation = self.evaluate(answer)
            self.evaluate_s += perf_counter() - asked
            effects = self.pipeline.evaluation(self._at("evaluations"), evaluation)
            answer = effects.sends[0].event
        self.latencies_s.append(perf_counter() - started)
        assert isinstance(answer, Recommendation), "a request is answered by a recommendation"
        return answer

    def _check_times(self, request: RecommendationRequest, profile: Profile) -> None:
        """Refuse to rank by anything that is not earlier than the request."""
        pipeline, users = self.pipeline, self.pipeline.users
        newest = newest_used(
            pipeline.catalogue,
            profile,
            users.requests(_PARTITION, request.user_id).exposures,
            pipeline.slates,
        )
        learned_s = self.learner.newest_s
        newest["model"] = learned_s if learned_s > seconds(EARLIEST) else 0.0  # else from nothing
        check_times(newest, seconds(request.requested_at))

    def _features(self, turn: Turn) -> NDArray[np.float32]:
        """Return the features of the request that was just answered, by the row's candidates."""
        asked = turn.request
        frozen = self.pipeline.users.frozen(_PARTITION, asked.user_id, asked.request_id)
        return frozen_features(frozen, turn.row.candidates)

    def _learn_known(self, now: float, judge: Judge) -> None:
        """Deliver the clicks that are known by `now`, and learn from them."""
        while self._delayed and self._delayed[0].known_s <= now:
            known = self._delayed.popleft()
            for click in known.turn.clicks:
                self._follow("clicks", self.pipeline.click(self._at("clicks"), click))
            reached = instant(known.known_s + INSTANT_S)
            self._follow(
                "feedback",
                self.pipeline.tick(FeedbackTick(partition=_PARTITION, time=reached)),
            )
            judge.learn(known.turn.row, known.features)

    def _follow(self, topic: str, effects: Effects) -> None:
        for send in effects.sends:
            if isinstance(send.event, SlateLabelled):
                self.pipeline.labelled(send.event)
                continue
            assert isinstance(send.event, Example), f"{topic} lead to examples only"
            self.learner.learn(send.event, partition=0, offset=self._next("examples"))
            self.pipeline.models.knrs_weights = self.learner.knrs_weights
            self.pipeline.models.temperatures = self.learner.temperatures
        self.pipeline.forget(effects.closed)

    def _at(self, topic: str) -> Position:
        return Position(_PARTITION, self._next(topic))

    def _next(self, topic: str) -> int:
        offset = self._offsets.get(topic, -1) + 1
        self._offsets[topic] = offset
        return offset
