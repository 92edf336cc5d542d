"""The whole system in one process, without Kafka: pipeline, learner, stores, and what is between.

Workers, learner and CnLE send one another messages through topics. Here each is taken at once, by
the same code: an example is learned as it comes, labels and co-reads are counted for the next
slate. Deterministic: the same events give the same recommendations.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import BadMessage
from cherryrec.events import (
    ArticlePublished,
    Click,
    CoRead,
    Deadline,
    Evaluation,
    EvaluationRequest,
    Event,
    Example,
    FeedbackTick,
    Impression,
    Inquiry,
    InquiryAnswer,
    ProfileUpdate,
    Recommendation,
    RecommendationRequest,
    SlateLabelled,
    instant,
    seconds,
)
from cherryrec.inquiries import inquire
from cherryrec.learner import Learner, vans_features
from cherryrec.pipeline import (
    Effects,
    MemoryStore,
    Models,
    Pipeline,
    PipelineConfig,
    Position,
    Send,
)
from cherryrec.snapshots import SERVING
from cherryrec.text import load_sentence_model

__all__ = ["PARTITION", "Embed", "Evaluate", "Input", "LocalSystem"]

PARTITION = 0
"""Where events come from that are sent without a position."""

Evaluate = Callable[[EvaluationRequest], Evaluation]
"""CnLE in this process."""

Embed = Callable[[str], NDArray[np.int8]]
"""A sentence model, or what remembers its vectors."""

Input = (
    ArticlePublished
    | ProfileUpdate
    | RecommendationRequest
    | Evaluation
    | Deadline
    | Impression
    | Click
    | FeedbackTick
)
"""What the system is sent."""


class LocalSystem:
    """One pipeline and one learner, with all state in memory.

    Parameters
    ----------
    config
        Settings of every part; absent, the defaults.
    is_learning
        Whether examples are learned; if not, the models stay as they begin.
    is_live
        Whether what was learned ranks from the next request on; if not, from `publish` on, as
        workers do.
    evaluate
        Answers the questions of `recommend` to CnLE, where the settings enable it.
    on_send
        Called with everything that is sent, before it is taken.
    embed
        Title → its sentence vector; absent, by the model of the settings, where they name one.

    Examples
    --------
    >>> system = LocalSystem()
    >>> for number in (1, 2):
    ...     article = ArticlePublished(
    ...         article_id=f"a{number}", title=f"Story {number}", category="news",
    ...         published_at=instant(100.0 * number),
    ...     )
    ...     _ = system.send(article)
    >>> asked = RecommendationRequest(request_id="r", user_id="u", requested_at=instant(300.0))
    >>> slate = system.recommend(asked).slate
    >>> sorted(item.article_id for item in slate)
    ['a1', 'a2']

    A click is learned when its slate is labelled, a minute after it was shown by default:

    >>> shown = Impression(
    ...     impression_id="i", request_id="r", user_id="u", articles=("a1", "a2"),
    ...     shown_at=instant(300.0),
    ... )
    >>> click = Click(
    ...     event_id="c", user_id="u", article_id="a1", clicked_at=instant(310.0), impression_id="i"
    ... )
    >>> _ = system.send(shown), system.send(click)
    >>> system.learner.n_examples
    0
    >>> _ = system.advance(300.0 + 61.0)
    >>> system.learner.n_examples
    1
    """

    def __init__(
        self,
        config: PipelineConfig | None = None,
        *,
        is_learning: bool = True,
        is_live: bool = True,
        evaluate: Evaluate | None = None,
        on_send: Callable[[Send], None] | None = None,
        embed: Embed | None = None,
    ) -> None:
        self.config = config or PipelineConfig()
        model = load_sentence_model(self.config.catalogue.sentence_model) if embed is None else None
        self.embed = embed if model is None else model.embed
        self.is_learning = is_learning
        self.is_live = is_live
        self.evaluate = evaluate
        self.on_send = on_send
        self.profiles, self.requests = MemoryStore(), MemoryStore()
        features = vans_features(self.config.catalogue)
        self.learner = Learner(
            self.config.knrs,
            self.config.vans,
            features,
            sentence_model=self.config.catalogue.sentence_model,
        )
        learns_apart = is_learning and not is_live
        ranking = self.learner
        if learns_apart:
            ranking = Learner(self.config.knrs, self.config.vans, features)
        self.pipeline = Pipeline(
            self.config,
            Models(scorer=ranking.vans),
            profiles=self.profiles,
            requests=self.requests,
        )
        self._offsets: dict[type[Event], int] = {}

    def send(
        self, event: Input, at: Position | None = None, *, now: float | None = None
    ) -> Effects:
        """Take an event as a worker does, and all that follows from it.

        Parameters
        ----------
        event
            A question to CnLE that follows from a request is left open: see `recommend`.
        at
            Where it stood; absent, it follows the newest one of its kind in `PARTITION`.
        now
            Seconds: the clock at a request, and when an article without `published_at` came.
            Absent, the request's own time, and the newest view or click.

        Raises
        ------
        BadMessage
            An article is of no time: it has none, and nothing has happened yet.
        """
        effects = self.apply(event, at, now=now)
        self.follow(effects)
        return effects

    def recommend(
        self,
        request: RecommendationRequest,
        at: Position | None = None,
        *,
        now: float | None = None,
    ) -> Recommendation:
        """Return the slate of a request, which is sent as by `send`.

        A question to CnLE is answered by `evaluate`; without it the request's deadline passes.

        Raises
        ------
        BadMessage
            A request of its id was answered before, or `evaluate` has answered another one.
        """
        effects = self.send(request, at, now=now)
        if effects.pending is not None:
            (question,) = (send.event for send in effects.sends)
            assert isinstance(question, EvaluationRequest), "only a question is waited for"
            effects = self.send(self._answer(question))
        for send in effects.sends:
            if isinstance(send.event, Recommendation):
                return send.event
        msg = (
            f"request_id {request.request_id!r} of user {request.user_id!r} must be new, and was "
            "answered before: give every request an id of its own"
        )
        raise BadMessage(msg)

    def ask(self, inquiry: Inquiry, at: Position | None = None) -> InquiryAnswer:
        """Return what is asked about a user, and leave everything as it was.

        Raises
        ------
        BadMessage
            It names a part to be left out that there is not.
        """
        (send,) = inquire(self.pipeline, at or Position(PARTITION, 0), inquiry).sends
        assert isinstance(send.event, InquiryAnswer), "an answer follows, and nothing else"
        return send.event

    def advance(self, time_s: float) -> Effects:
        """Let event time reach a time, in epoch seconds: windows that end by then are closed."""
        return self.send(FeedbackTick(partition=PARTITION, time=instant(time_s)))

    def retract(self, article_id: str, at: Position | None = None) -> None:
        """Take an article out of the catalogue."""
        at = self._placed(ArticlePublished, at)
        now = self.pipeline.newest_s or (at.arrived_s if at.arrived_s < inf else 0.0)
        self.pipeline.article(article_id, None, now=now, arrived_s=at.arrived_s)

    def erase(self, user_id: str, at: Position | None = None) -> Effects:
        """Keep nothing of a user."""
        effects = self.pipeline.profile_update(self._placed(ProfileUpdate, at), user_id, None)
        self.follow(effects)
        return effects

    def publish(self) -> None:
        """Rank from now on with a snapshot of what was learned so far, a new version."""
        snapshot = self.learner.snapshot(SERVING)
        models = Models.of_snapshot(
            snapshot,
            self.config.vans,
            self.learner.features,
            sentence_model=self.learner.sentence_model,
        )
        self.pipeline.rank_with(models)

    def apply(
        self, event: Input, at: Position | None = None, *, now: float | None = None
    ) -> Effects:
        """Return what follows from an event, as `send` but without taking it."""
        at, pipeline = self._placed(type(event), at), self.pipeline
        match event:
            case ArticlePublished():
                now = _published_s(event, at, now, pipeline.newest_s)
                pipeline.article(event.article_id, event, now=now, arrived_s=at.arrived_s)
                self._read_titles()
                return Effects()
            case ProfileUpdate():
                return pipeline.profile_update(at, event.user_id, event)
            case RecommendationRequest():
                clock_s = seconds(event.requested_at) if now is None else now
                return pipeline.request(at, event, clock_s=clock_s)
            case Evaluation():
                return pipeline.evaluation(at, event)
            case Deadline():
                return pipeline.deadline(at, event)
            case Impression():
                return pipeline.impression(at, event)
            case Click():
                return pipeline.click(at, event)
            case FeedbackTick():
                return pipeline.tick(event)

    def follow(self, effects: Effects) -> None:
        """Take all that followed from an event; what has ended by it is forgotten."""
        self.route(effects)
        self.settle(effects)

    def route(self, effects: Effects) -> None:
        """Hand each message to who reads its topic: the learner, or the pipeline itself."""
        for send in effects.sends:
            if self.on_send is not None:
                self.on_send(send)
            match send.event:
                case Example():
                    self._learn(send.event)
                case SlateLabelled():
                    self.pipeline.labelled(send.event)
                case CoRead():
                    self.pipeline.co_read(send.event)

    def settle(self, effects: Effects) -> None:
        """Forget what has ended, and seal who was erased: what was sent of them is safe."""
        self.pipeline.forget(effects.closed)
        if effects.erased is not None:
            self.pipeline.seal(effects.erased)

    def _read_titles(self) -> None:
        """Give each new title its vector at once, as workers do a moment later."""
        if self.embed is None:
            return
        sentences = self.pipeline.catalogue.sentences
        for one in sentences.unread(sentences.n_unread):
            sentences.put(one.article_id, one.key, self.embed(one.title))

    def _learn(self, example: Example) -> None:
        if not self.is_learning:
            return
        offset = self.learner.applied.get(str(PARTITION), -1) + 1
        self.learner.learn(example, partition=PARTITION, offset=offset)
        if self.is_live:
            self.pipeline.rank_with(Models.of_learner(self.learner))

    def _answer(self, question: EvaluationRequest) -> Evaluation | Deadline:
        """Ask CnLE; where there is none, the deadline passes."""
        if self.evaluate is None:
            return Deadline(request_id=question.request_id, user_id=question.user_id)
        answer = self.evaluate(question)
        wanted, got = (question.request_id, question.user_id), (answer.request_id, answer.user_id)
        if got != wanted:
            msg = (
                f"evaluate must answer the request_id and user_id that it is asked, {wanted!r}, "
                f"got {got!r}: take both from the question"
            )
            raise BadMessage(msg)
        return answer

    def _placed(self, kind: type[Event], at: Position | None) -> Position:
        """Return where an event stands: as given, or behind the newest of its kind."""
        newest = self._offsets.get(kind, -1)
        if at is None:
            at = Position(PARTITION, newest + 1)
        if at.partition == PARTITION:
            self._offsets[kind] = max(newest, at.offset)
        return at


def _published_s(
    article: ArticlePublished, at: Position, now: float | None, newest_s: float
) -> float:
    """Return the event time of an article's publication, or of what goes on."""
    if now is not None:
        return now
    if article.published_at is not None:
        return seconds(article.published_at)
    now = newest_s or at.arrived_s
    if now == inf:
        msg = (
            f"article {article.article_id!r} must have published_at, as nothing has happened yet "
            "by whose time it could have come; got none"
        )
        raise BadMessage(msg)
    return now
