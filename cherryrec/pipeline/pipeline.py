"""The whole way of an event through a worker, topic by topic; reads like the diagram of README.

Every method takes an event with its position and returns what follows: how it counts, and the
messages to send. State of users lives behind two stores, everything else in the catalogue and its
shards; no method reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cherryrec.activity import Shard
from cherryrec.catalogue import Catalogue
from cherryrec.events import (
    ArticleActivity,
    ArticlePublished,
    Click,
    Deadline,
    Degraded,
    Evaluation,
    FeedbackTick,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    seconds,
)
from cherryrec.features import FEATURE_SET
from cherryrec.feedback import ended, ends_s, example_of, note_click, note_impression
from cherryrec.open_requests import (
    OpenRequest,
    OpenRequests,
    decode_open,
    encode_open,
    opened,
    with_entry,
    without,
)
from cherryrec.pipeline.config import PipelineConfig
from cherryrec.pipeline.effects import (
    Closed,
    Counted,
    Effects,
    Pending,
    Position,
    Send,
    Store,
)
from cherryrec.pipeline.ranking import Models, ask, open_request, recommend
from cherryrec.pipeline.windows import Windows
from cherryrec.profile import (
    Profile,
    apply_click,
    apply_update,
    decode_profile,
    encode_profile,
)
from cherryrec.profile.update import Outcome

__all__ = ["Pipeline"]


class Pipeline:
    """The core of one worker, over all partitions it owns.

    Parameters
    ----------
    config
        Settings of every part.
    models
        The models to rank with; `models` may be replaced at any time between two events.
    profiles, requests
        Where profiles and open requests of users are kept.
    """

    def __init__(
        self,
        config: PipelineConfig,
        models: Models,
        *,
        profiles: Store,
        requests: Store,
    ) -> None:
        self.config = config
        self.models = models
        self.profiles = profiles
        self.requests = requests
        self.catalogue = Catalogue(config.attention.half_lives_s, config.catalogue)
        self.shards: dict[int, Shard] = {}
        self.windows: dict[int, Windows] = {}

    def article(self, article_id: str, article: ArticlePublished | None, *, now: float) -> None:
        """Store an article, or retract it where the message has no value."""
        if article is None:
            self.catalogue.retract(article_id, now)
        else:
            self.catalogue.publish(article, now)

    def activity(self, message: ArticleActivity) -> None:
        """Take over one bucket of counters from the owner of its partition."""
        self.shard(message.partition).follow(message)

    def impression(self, at: Position, impression: Impression) -> Effects:
        """Count views, and open the attribution window of the request it shows."""
        shown_s = seconds(impression.shown_at)
        is_new = self.shard(at.partition).view(
            impression.impression_id,
            impression.articles,
            time_s=shown_s,
            offset=at.offset,
        )
        if not is_new:
            return Effects("duplicate")
        state = self._open(at.partition, impression.user_id)
        changed, shown = note_impression(state, impression)
        if shown is not None:
            self._keep(at.partition, impression.user_id, changed)
            self._open_window(at.partition, impression.user_id, shown)
        self._windows(at.partition).reach("impressions", shown_s)
        return self._closing(Effects(), at.partition)

    def click(self, at: Position, click: Click) -> Effects:
        """Count a click, move the user's profile, label the exposure it belongs to."""
        clicked_s = seconds(click.clicked_at)
        profile, outcome = apply_click(
            self._profile(at.partition, click.user_id),
            click,
            offset=at.offset,
            config=self.config.profile,
            embed=self._embedding,
        )
        if outcome == "duplicate":
            return Effects("duplicate")
        self.profiles.put(at.partition, click.user_id, encode_profile(profile))
        self.shard(at.partition).click(click.article_id, time_s=clicked_s, offset=at.offset)
        state = self._open(at.partition, click.user_id)
        changed = note_click(state, click, self.config.feedback)
        if changed is not state:
            self._keep(at.partition, click.user_id, changed)
        self._windows(at.partition).reach("clicks", clicked_s)
        return self._closing(Effects(_counted(outcome)), at.partition)

    def profile_update(self, at: Position, user_id: str, update: ProfileUpdate | None) -> Effects:
        """Set what the site says of a user; no value erases the user's profile and requests."""
        if update is None:
            self.profiles.put(at.partition, user_id, None)
            self.requests.put(at.partition, user_id, None)
            return Effects()
        profile, outcome, imported = apply_update(
            self._profile(at.partition, user_id),
            update,
            offset=at.offset,
            config=self.config.profile,
            embed=self._embedding,
        )
        self.profiles.put(at.partition, user_id, encode_profile(profile))
        if imported:
            self.shard(at.partition).read_by(
                imported, time_s=seconds(update.updated_at), offset=at.offset
            )
        return Effects(_counted(outcome))

    def request(self, at: Position, request: RecommendationRequest, *, clock_s: float) -> Effects:
        """Select candidates; then ask CnLE, or rank at once where it is not used.

        Parameters
        ----------
        at
            Where the request stood.
        request
            The request; one that is open already (read again after a crash) keeps its features.
        clock_s
            Wall-clock time of its arrival, for the deadline only.
        """
        user_id = request.user_id
        state = self._open(at.partition, user_id)
        evaluator = self.config.evaluator
        wait_s = (request.deadline_ms or evaluator.deadline_ms) / 1_000.0
        expires_at = clock_s + wait_s if evaluator.enabled else None
        profile = self._profile(at.partition, user_id)
        entry = opened(state, request.request_id) or open_request(
            self.catalogue,
            profile,
            request,
            self.config.knrs,
            self.models,
            expires_at=expires_at,
        )
        if entry.expires_at is None or not entry.articles:
            return self._rank(at.partition, user_id, state, entry)
        self._keep(at.partition, user_id, with_entry(state, entry))
        question = ask(
            self.catalogue,
            profile,
            entry,
            user_id=user_id,
            n_evaluated=self.config.knrs.n_evaluated,
            expires_at=entry.expires_at,
        )
        return Effects(
            sends=[Send("evaluation-requests", user_id, question, at.partition)],
            pending=Pending(entry.expires_at, at.partition, user_id, entry.request_id),
        )

    def evaluation(self, at: Position, evaluation: Evaluation) -> Effects:
        """Rank a pending request with its evaluations; late ones are counted and dropped."""
        reason = f"evaluations:{at.offset}"
        degraded: Degraded | None = None
        if evaluation.error is not None or not evaluation.evaluations:
            degraded = "evaluation_failed"
        user_id, request_id = evaluation.user_id, evaluation.request_id
        return self._answer(at, user_id, request_id, reason, evaluation, degraded)

    def deadline(self, at: Position, deadline: Deadline) -> Effects:
        """Rank a request that is still pending without evaluations."""
        reason = f"deadlines:{at.offset}"
        user_id, request_id = deadline.user_id, deadline.request_id
        return self._answer(at, user_id, request_id, reason, None, "evaluation_late")

    def tick(self, tick: FeedbackTick) -> Effects:
        """Let event time reach the tick's on its partition, and close what has ended."""
        windows = self._windows(tick.partition)
        windows.reach("impressions", seconds(tick.time))
        windows.reach("clicks", seconds(tick.time))
        return self._closing(Effects(), tick.partition)

    def flush(self, partitions: Iterable[int]) -> list[Send]:
        """Take what the shards have counted since the last flush, as messages."""
        sends = []
        for partition in partitions:
            for message in self.shard(partition).flush():
                sends.append(Send("article-activity", f"{partition}:{message.bucket}", message))
        return sends

    def forget(self, closed: Iterable[Closed]) -> None:
        """Drop ended requests whose examples are safe."""
        for one in closed:
            state = self._open(one.partition, one.user_id)
            self._keep(one.partition, one.user_id, without(state, one.request_id))

    def restore(self, partition: int, requests: Iterable[tuple[str, bytes]]) -> list[Pending]:
        """Rebuild a partition's windows from its open requests, after a crash or a rebalance.

        Returns
        -------
        The requests still pending, the next deadline first.
        """
        self.windows[partition] = Windows()
        pending = []
        for user_id, raw in requests:
            for entry in decode_open(raw).entries:
                if entry.expires_at is None:
                    self._open_window(partition, user_id, entry)
                else:
                    pending.append(Pending(entry.expires_at, partition, user_id, entry.request_id))
        return sorted(pending)

    @property
    def newest_s(self) -> float:
        """The newest event time of impressions and clicks; 0 before any."""
        return max((windows.newest_s for windows in self.windows.values()), default=0.0)

    def shard(self, partition: int) -> Shard:
        """Return the counters of a source partition, made if there are none."""
        shard = self.shards.get(partition)
        if shard is None:
            shard = self.shards[partition] = Shard(partition, self.catalogue, self.config.attention)
        return shard

    def _answer(
        self,
        at: Position,
        user_id: str,
        request_id: str,
        reason: str,
        evaluation: Evaluation | None,
        degraded: Degraded | None,
    ) -> Effects:
        """Rank a pending request; one answered by this very event is answered again."""
        state = self._open(at.partition, user_id)
        entry = opened(state, request_id)
        if entry is None or (entry.expires_at is None and entry.answered_by != reason):
            return Effects("duplicate" if evaluation is None else "late")
        return self._rank(at.partition, user_id, state, entry, evaluation, degraded, reason)

    def _rank(
        self,
        partition: int,
        user_id: str,
        state: OpenRequests,
        entry: OpenRequest,
        evaluation: Evaluation | None = None,
        degraded: Degraded | None = None,
        answered_by: str | None = None,
    ) -> Effects:
        recommendation, ranked = recommend(
            self.catalogue,
            entry,
            self.models,
            user_id=user_id,
            evaluation=evaluation,
            degraded=degraded,
            answered_by=answered_by,
        )
        self._keep(partition, user_id, with_entry(state, ranked))
        self._open_window(partition, user_id, ranked)
        return Effects(sends=[Send("recommendations", user_id, recommendation, partition)])

    def _open_window(self, partition: int, user_id: str, entry: OpenRequest) -> None:
        self._windows(partition).open(user_id, ends_s=ends_s(entry, self.config.feedback))

    def _closing(self, effects: Effects, partition: int) -> Effects:
        """Add the examples of windows that have ended."""
        windows = self._windows(partition)
        for user_id in dict.fromkeys(windows.ended()):
            state = self._open(partition, user_id)
            for entry in ended(state, before_s=windows.reached_s, config=self.config.feedback):
                effects.closed.append(Closed(partition, user_id, entry.request_id))
                example = example_of(entry, user_id=user_id, feature_set=FEATURE_SET)
                if example is not None:
                    effects.sends.append(Send("examples", user_id, example))
        return effects

    def _windows(self, partition: int) -> Windows:
        windows = self.windows.get(partition)
        if windows is None:
            windows = self.windows[partition] = Windows()
        return windows

    def _profile(self, partition: int, user_id: str) -> Profile:
        return decode_profile(self.profiles.get(partition, user_id))

    def _open(self, partition: int, user_id: str) -> OpenRequests:
        return decode_open(self.requests.get(partition, user_id))

    def _keep(self, partition: int, user_id: str, state: OpenRequests) -> None:
        self.requests.put(partition, user_id, encode_open(state))

    def _embedding(self, article_id: str) -> NDArray[np.float32] | None:
        row = self.catalogue.row_of.get(article_id)
        if row is None or not self.catalogue.titles[row]:
            return None
        return np.asarray(self.catalogue.embeddings[row])


def _counted(outcome: Outcome) -> Counted:
    return "late" if outcome == "late" else "applied"
