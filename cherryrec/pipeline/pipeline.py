"""The whole way of an event through a worker, topic by topic; reads like the diagram of README.

Every method takes an event with its position and returns what follows: how it counts, and the
messages to send. State of users lives behind two stores, everything else in the catalogue and its
shards; no method reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from cherryrec.feedback import close, note_click, note_impression
from cherryrec.open_requests import (
    OpenRequest,
    OpenRequests,
    decode_open,
    encode_open,
    opened,
    with_entry,
)
from cherryrec.pipeline.config import PipelineConfig
from cherryrec.pipeline.effects import Counted, Effects, Position, Send, Store
from cherryrec.pipeline.ranking import Models, ask, open_request, recommend
from cherryrec.pipeline.windows import Windows
from cherryrec.profile import Profile, apply_click, apply_update, decode_profile, encode_profile
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
        self, config: PipelineConfig, models: Models, *, profiles: Store, requests: Store
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
            impression.impression_id, impression.articles, time_s=shown_s, offset=at.offset
        )
        if not is_new:
            return Effects("duplicate")
        state = self._open(at.partition, impression.user_id)
        changed, shown = note_impression(state, impression)
        windows = self._windows(at.partition)
        if shown is not None:
            self._keep(at.partition, impression.user_id, changed)
            ends_s = shown_s + self.config.feedback.attribution_window_s
            windows.open(impression.user_id, ends_s=ends_s)
        windows.reach("impressions", shown_s)
        return Effects("applied", list(self._close_ended(at.partition)))

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
        return Effects(_counted(outcome), list(self._close_ended(at.partition)))

    def profile_update(
        self, at: Position, user_id: str, update: ProfileUpdate | None
    ) -> Effects:
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

    def request(
        self, at: Position, request: RecommendationRequest, *, clock_s: float
    ) -> Effects:
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
            self.catalogue, profile, request, self.config.knrs, self.models, expires_at=expires_at
        )
        if entry.expires_at is None or not entry.articles:
            return self._rank(at.partition, user_id, state, entry, None, None)
        self._keep(at.partition, user_id, with_entry(state, entry))
        question = ask(
            self.catalogue,
            profile,
            entry,
            user_id=user_id,
            n_evaluated=self.config.knrs.n_evaluated,
            expires_at=entry.expires_at,
        )
        return Effects("applied", [Send("evaluation-requests", user_id, question)])

    def evaluation(self, at: Position, evaluation: Evaluation) -> Effects:
        """Rank a pending request with its evaluations; late ones are counted and dropped."""
        state = self._open(at.partition, evaluation.user_id)
        entry = opened(state, evaluation.request_id)
        if entry is None or entry.expires_at is None:
            return Effects("late")
        degraded: Degraded | None = None
        if evaluation.error is not None:
            degraded = "evaluation_failed"
        elif not evaluation.evaluations:
            degraded = "evaluation_failed"
        return self._rank(at.partition, evaluation.user_id, state, entry, evaluation, degraded)

    def deadline(self, at: Position, deadline: Deadline) -> Effects:
        """Rank a request that is still pending without evaluations."""
        state = self._open(at.partition, deadline.user_id)
        entry = opened(state, deadline.request_id)
        if entry is None or entry.expires_at is None:
            return Effects("duplicate")
        return self._rank(at.partition, deadline.user_id, state, entry, None, "evaluation_late")

    def tick(self, tick: FeedbackTick) -> Effects:
        """Let event time reach the tick's on its partition, and close what has ended."""
        windows = self._windows(tick.partition)
        windows.reach("impressions", seconds(tick.time))
        windows.reach("clicks", seconds(tick.time))
        return Effects("applied", list(self._close_ended(tick.partition)))

    def flush(self, partitions: Iterable[int]) -> list[Send]:
        """Take what the shards have counted since the last flush, as messages."""
        sends = []
        for partition in partitions:
            for message in self.shard(partition).flush():
                sends.append(Send("article-activity", f"{partition}:{message.bucket}", message))
        return sends

    def restore(self, partition: int, requests: Iterable[tuple[str, bytes]]) -> list[tuple[float, str, str]]:
        """Rebuild a partition's windows from its open requests, after a crash or a rebalance.

        Returns
        -------
        The requests still pending, as (wall-clock deadline, user id, request id).
        """
        windows = self.windows[partition] = Windows()
        pending = []
        for user_id, raw in requests:
            for entry in decode_open(raw).entries:
                if entry.shown_s is not None:
                    ends_s = entry.shown_s + self.config.feedback.attribution_window_s
                    windows.open(user_id, ends_s=ends_s)
                elif entry.expires_at is not None:
                    pending.append((entry.expires_at, user_id, entry.request_id))
        return sorted(pending)

    def shard(self, partition: int) -> Shard:
        """Return the counters of a source partition, made if there are none."""
        shard = self.shards.get(partition)
        if shard is None:
            shard = self.shards[partition] = Shard(
                partition, self.catalogue, self.config.attention
            )
        return shard

    def _rank(
        self,
        partition: int,
        user_id: str,
        state: OpenRequests,
        entry: OpenRequest,
        evaluation: Evaluation | None,
        degraded: Degraded | None,
    ) -> Effects:
        recommendation, ranked = recommend(
            self.catalogue,
            entry,
            self.models,
            user_id=user_id,
            evaluation=evaluation,
            degraded=degraded,
        )
        self._keep(partition, user_id, with_entry(state, ranked))
        return Effects("applied", [Send("recommendations", user_id, recommendation, partition)])

    def _close_ended(self, partition: int) -> Iterator[Send]:
        windows = self._windows(partition)
        for user_id in windows.ended():
            state, examples = close(
                self._open(partition, user_id),
                user_id=user_id,
                before_s=windows.reached_s,
                config=self.config.feedback,
                feature_set=FEATURE_SET,
            )
            self._keep(partition, user_id, state)
            for example in examples:
                yield Send("examples", user_id, example)

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
        return self.catalogue.embeddings[row]


def _counted(outcome: Outcome) -> Counted:
    return "late" if outcome == "late" else "applied"
