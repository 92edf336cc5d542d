"""The whole way of an event through a worker, topic by topic; reads like the diagram of README.

Every method takes an event with its position and returns what follows: how it counts, and the
messages to send. State of users lives behind two stores, everything else in the catalogue and its
shards; no method reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

import msgspec

from cherryrec.activity import Shard
from cherryrec.catalogue import Catalogue
from cherryrec.co_reads import CoReads
from cherryrec.events import (
    ArticleActivity,
    ArticlePublished,
    Click,
    CoRead,
    Deadline,
    Degraded,
    Evaluation,
    FeedbackTick,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    SlateLabelled,
    seconds,
)
from cherryrec.feedback import opened_with
from cherryrec.knrs import KnrsConfig
from cherryrec.open_requests import Frozen, OpenRequest, opened
from cherryrec.pipeline.attribution import Attribution
from cherryrec.pipeline.co_reads import co_reads_of, count_co_read
from cherryrec.pipeline.config import PipelineConfig
from cherryrec.pipeline.effects import Closed, Effects, Erased, Pending, Position, Send, Store
from cherryrec.pipeline.erasures import Erasures
from cherryrec.pipeline.evaluation_policy import EvaluationPolicy
from cherryrec.pipeline.lessons import Lessons
from cherryrec.pipeline.models import Models
from cherryrec.pipeline.popular import PopularSlates
from cherryrec.pipeline.preview import Preview, preview
from cherryrec.pipeline.ranking import open_request, recommend
from cherryrec.pipeline.site_slates import SiteSlates
from cherryrec.pipeline.times import as_of, not_ahead
from cherryrec.pipeline.users import User, Users
from cherryrec.profile import apply_click, apply_update, weight_of
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory

__all__ = ["Pipeline"]


class Pipeline:
    """The core of one worker, over all partitions it owns.

    Parameters
    ----------
    config
        Settings of every part.
    models
        The models to rank with, until `rank_with` brings others.
    profiles, requests
        Where profiles and open requests of users are kept.
    """

    def __init__(
        self, config: PipelineConfig, models: Models, *, profiles: Store, requests: Store
    ) -> None:
        self.config = config
        self.models = models
        self.stopwatch: Callable[[], float] = float  # 0.0: nobody asks how long stages take
        self.users = Users(profiles, requests)
        self.erasures = Erasures(requests)
        self.catalogue = Catalogue(config.attention.half_lives_s, config.catalogue)
        self.popular = PopularSlates(self.catalogue)
        self.shards: dict[int, Shard] = {}
        self.attribution = Attribution(config.feedback, self.users, self.catalogue)
        self.slates = SlateMemory(config.slates)
        self.co_reads = CoReads(config.co_reads)
        self.lessons = Lessons(config.knrs.rivals_per_s)
        self.site = SiteSlates(config, self.catalogue, self.slates, self.co_reads, self.lessons)
        self.evaluation_policy = EvaluationPolicy(
            config.evaluator, self.catalogue, n_evaluated=config.knrs.n_evaluated
        )

    def rank_with(self, models: Models) -> None:
        """Rank with these models from the next event on."""
        self.models = models

    def own(self, fraction: float) -> None:
        """Take this share of all partitions: that of CnLE's budget may be spent, in [0, 1]."""
        self.evaluation_policy.own(fraction)

    def article(
        self,
        article_id: str,
        article: ArticlePublished | None,
        *,
        now: float,
        arrived_s: float = inf,
    ) -> None:
        """Store an article, or retract it where the message has no value: `Catalogue.put`."""
        self.catalogue.put(article_id, article, now, arrived_s=arrived_s)

    def activity(self, message: ArticleActivity) -> None:
        """Take over one bucket of counters from the owner of its partition."""
        self.shard(message.partition).follow(message)

    def labelled(self, slate: SlateLabelled) -> None:
        """Count a labelled slate, this worker's or another's, into what the next ones learn of."""
        self.slates.add(
            slate.slate_id,
            slate.articles,
            slate.clicked,
            categories=slate.categories,
            time_s=seconds(slate.shown_at),
            is_correction=slate.is_correction,
            is_given=slate.is_given,
        )

    def co_read(self, pair: CoRead) -> None:
        """Pair a click, this worker's or another's, with what its reader had read before."""
        count_co_read(self.co_reads, pair)

    def impression(self, at: Position, impression: Impression) -> Effects:
        """Count views, and open the attribution window of the request it shows, or its own."""
        impression = not_ahead(impression, "shown_at", at.arrived_s)
        shown_s = seconds(impression.shown_at)
        shard, name = self.shard(at.partition), impression.impression_id
        if shard.is_duplicate(name, at.offset):
            return Effects("duplicate")
        if self.erasures.covers(at.partition, impression.user_id, at.arrived_s):
            shard.view(name, impression.articles, time_s=shown_s, offset=at.offset)
            self.attribution.reach(at.partition, "impressions", shown_s)
            return self.attribution.closing(Effects("late"), at.partition)
        before = self.users.load(at.partition, impression.user_id)
        user, taken = self.site.impression(at, impression, before, self.models)
        shard.view(name, impression.articles, time_s=shown_s, offset=at.offset)
        self.users.keep(before, self.attribution.impression(at, impression, user))
        return self.attribution.closing(Effects(taken=taken), at.partition)

    def click(self, at: Position, click: Click) -> Effects:
        """Move the user's profile, count the click, label the exposure it belongs to."""
        click = not_ahead(click, "clicked_at", at.arrived_s)
        if self.erasures.covers(at.partition, click.user_id, at.arrived_s):
            return self._click_of_nobody(at, click)
        before = self.users.load(at.partition, click.user_id)
        profile, outcome = apply_click(
            before.profile,
            click,
            offset=at.offset,
            config=self.config.profile,
            embed=self.catalogue.embedding,
            topics=self.catalogue.topics,
        )
        if outcome == "duplicate":
            return Effects("duplicate")
        if outcome == "late":
            self.users.keep(before, before.with_profile(profile))
            return Effects.after(outcome)
        weight = weight_of(profile, click, offset=at.offset)
        is_counted = weight == "counted"
        user, taken = self.site.click(at, click, before, self.models, counts=is_counted)
        if is_counted:
            time_s = seconds(click.clicked_at)
            self.shard(at.partition).click(click.article_id, time_s=time_s, offset=at.offset)
        user, corrections = self.attribution.click(at, click, user.with_profile(profile))
        self.users.keep(before, user)
        effects = Effects.after(outcome, sends=corrections)
        effects.weight, effects.taken = weight, taken
        if is_counted:
            effects.sends += co_reads_of(profile, click, self.config.co_reads)
        return self.attribution.closing(effects, at.partition)

    def profile_update(self, at: Position, user_id: str, update: ProfileUpdate | None) -> Effects:
        """Set what the site says of a user; no value erases the user's profile and requests."""
        is_erased = self.erasures.covers(at.partition, user_id, at.arrived_s)
        if update is None and is_erased:  # read again, or sent twice: what came since stays
            return Effects("duplicate")
        if update is None:
            self.users.erase(at.partition, user_id)
            self.erasures.note(at.partition, user_id, at.arrived_s)
            return Effects(erased=Erased(at.partition, user_id))
        update = not_ahead(update, "updated_at", at.arrived_s)
        if is_erased:
            return Effects("late")
        profile, outcome, imported = apply_update(
            self.users.profile(at.partition, user_id),
            update,
            offset=at.offset,
            config=self.config.profile,
            embed=self.catalogue.embedding,
            topics=self.catalogue.topics,
        )
        self.users.keep_profile(at.partition, user_id, profile)
        if imported:
            self.shard(at.partition).read_by(
                imported, time_s=seconds(update.updated_at), offset=at.offset
            )
        return Effects.after(outcome)

    def request(
        self, at: Position, request: RecommendationRequest, *, clock_s: float, waited_s: float = 0.0
    ) -> Effects:
        """Select candidates; then ask CnLE, or rank at once where it is not used.

        A new request whose deadline has passed is answered with what is popular, and so is one of
        a user who was erased after it had come: neither is kept.

        Parameters
        ----------
        at
            Where the request stood.
        request
            The request; one that is open already (read again after a crash) keeps its features,
            and one that an evaluation or its deadline has answered is a duplicate. A new one is
            asked as of its time, within what `as_of` allows.
        clock_s
            Wall-clock time of its arrival, for the deadline and CnLE's budget only.
        waited_s
            How long it lay at the broker, in seconds.
        """
        user_id = request.user_id
        user = self.users.load(at.partition, user_id)
        entry = opened(user.requests, request.request_id)
        selected_s: float | None = None
        if entry is not None and entry.expires_at is None:
            if entry.answered_by is not None:  # what answered it will be read again, if it must
                return Effects("duplicate")
            return self._rank(user, entry, degraded=entry.degraded)
        if entry is not None:
            frozen = user.frozen_of(entry.request_id)
            asked = self.evaluation_policy.again(request, entry, frozen, user.profile)
        else:
            request = as_of(request, self.catalogue.reached_s, arrived_s=at.arrived_s)
            is_erased = self.erasures.covers(at.partition, user_id, at.arrived_s)
            if is_erased or self.evaluation_policy.is_late(request, waited_s):
                late = self.popular.answer(request, clock_s=clock_s, degraded="request_late")
                return Effects("late", [Send("recommendations", user_id, late, at.partition)])
            self.catalogue.release(seconds(request.requested_at))
            entry, frozen = open_request(
                self.catalogue,
                Reader.of(user.profile, self.catalogue, user.requests.exposures),
                self.slates,
                request,
                config=self.config.knrs,
                models=self.models,
                co_reads=self.co_reads,
                taught_share=self.lessons.share(seconds(request.requested_at)),
            )
            selected_s = self.stopwatch()
            asked = self.evaluation_policy.choose(
                request, frozen, user.profile, user.requests, self.models, clock_s=clock_s
            )
        if (question := asked.question) is None:
            effects = self._rank(user, entry, frozen, degraded=asked.degraded)
        else:
            entry = msgspec.structs.replace(entry, expires_at=question.expires_at)
            state = opened_with(user.requests, entry, self.config.feedback)
            self.users.keep(user, user.with_requests(state, {entry.request_id: frozen}))
            pending = Pending(question.expires_at, at.partition, user_id, entry.request_id)
            send = Send("evaluation-requests", user_id, question, at.partition)
            effects = Effects(sends=[send], pending=pending)
        effects.chose(asked.choice, frozen, selected_s)
        return effects

    def preview(
        self, partition: int, request: RecommendationRequest, *, config: KnrsConfig | None = None
    ) -> Preview:
        """Answer a request as of its own time, without CnLE; keep nothing of it, change nothing.

        Other settings of KnRS than the pipeline's own may be tried with `config`.
        """
        user = self.users.load(partition, request.user_id)
        with self.catalogue.looked_at():
            return preview(
                self.catalogue,
                Reader.of(user.profile, self.catalogue, user.requests.exposures),
                self.slates,
                request,
                config=config or self.config.knrs,
                models=self.models,
                co_reads=self.co_reads,
                trials=self.config.trials,
            )

    def evaluation(self, at: Position, evaluation: Evaluation) -> Effects:
        """Rank a pending request with its evaluations; late ones are counted and dropped."""
        self.evaluation_policy.answered(evaluation)
        has_failed = evaluation.error is not None or not evaluation.evaluations
        degraded: Degraded | None = "evaluation_failed" if has_failed else None
        cause = f"evaluations:{at.offset}"
        effects = self._answer(
            at.partition, evaluation, cause=cause, evaluation=evaluation, degraded=degraded
        )
        effects.spend(evaluation)
        return effects

    def deadline(self, at: Position, deadline: Deadline) -> Effects:
        """Rank a request that is still pending without evaluations."""
        cause = f"deadlines:{at.offset}"
        return self._answer(at.partition, deadline, cause=cause, degraded="evaluation_late")

    def tick(self, tick: FeedbackTick) -> Effects:
        """Let event time reach the tick's on its partition, and close what has ended."""
        self.attribution.tick(tick)
        self.erasures.expire(tick.partition, seconds(tick.time))
        return self.attribution.closing(Effects(), tick.partition)

    def flush(self, partitions: Iterable[int]) -> list[Send]:
        """Take what the shards have counted since the last flush, as messages.

        The event time that each partition has reached is stored with it.
        """
        sends = []
        for partition in partitions:
            self.attribution.keep_reached(partition)
            for message in self.shard(partition).flush():
                sends.append(Send("article-activity", f"{partition}:{message.bucket}", message))
        return sends

    def seal(self, erased: Erased) -> None:
        """Store who was erased, once the deletion itself is acknowledged."""
        self.erasures.seal(erased.partition, erased.user_id)

    def forget(self, closed: Iterable[Closed]) -> None:
        """Drop ended requests whose examples are safe."""
        self.attribution.forget(closed)

    def restore(self, partition: int, requests: Iterable[tuple[str, bytes]]) -> list[Pending]:
        """Rebuild a partition's windows from its open requests, after a crash or a rebalance.

        Returns the requests still pending, the next deadline first.
        """
        return self.attribution.restore(partition, self.erasures.restore(partition, requests))

    @property
    def newest_s(self) -> float:
        """The newest event time of impressions and clicks; 0 before any."""
        return self.attribution.newest_s

    def shard(self, partition: int) -> Shard:
        """Return the counters of a source partition, made if there are none."""
        if partition not in self.shards:
            self.shards[partition] = Shard(partition, self.catalogue, self.config.attention)
        return self.shards[partition]

    def _click_of_nobody(self, at: Position, click: Click) -> Effects:
        """Count a click into its article alone: its reader was erased after it had arrived."""
        time_s = seconds(click.clicked_at)
        self.shard(at.partition).click(click.article_id, time_s=time_s, offset=at.offset)
        self.attribution.reach(at.partition, "clicks", time_s)
        return self.attribution.closing(Effects("late"), at.partition)

    def _answer(
        self,
        partition: int,
        about: Evaluation | Deadline,
        *,
        cause: str,
        evaluation: Evaluation | None = None,
        degraded: Degraded | None = None,
    ) -> Effects:
        """Rank a pending request; one answered by this very event is answered again."""
        user = self.users.load(partition, about.user_id)
        entry = opened(user.requests, about.request_id)
        if entry is None or (entry.expires_at is None and entry.answered_by != cause):
            return Effects("unchanged" if evaluation is None else "late")
        return self._rank(user, entry, evaluation=evaluation, degraded=degraded, cause=cause)

    def _rank(
        self,
        user: User,
        entry: OpenRequest,
        frozen: Frozen | None = None,
        *,
        evaluation: Evaluation | None = None,
        degraded: Degraded | None = None,
        cause: str | None = None,
    ) -> Effects:
        recommendation, ranked, frozen = recommend(
            self.catalogue,
            entry,
            frozen or user.frozen_of(entry.request_id),
            self.models,
            user_id=user.user_id,
            evaluation=evaluation,
            degraded=degraded,
            answered_by=cause,
            trials=self.config.trials,
        )
        self.users.keep(user, self.attribution.ranked(user, ranked, frozen))
        send = Send("recommendations", user.user_id, recommendation, user.partition)
        return Effects(sends=[send])
