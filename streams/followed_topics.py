"""What a worker does with each message of the topics that it follows whole."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiokafka.structs import ConsumerRecord

from cherryrec.codec import decode
from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import (
    ArticleActivity,
    ArticlePublished,
    CoRead,
    ModelSnapshot,
    SlateLabelled,
    seconds,
)
from cherryrec.learner import vans_features
from cherryrec.pipeline import Models, Pipeline
from cherryrec.snapshots import SERVING
from cherryrec.topics import TopicNames, topic_named
from cherryrec.vans import VansConfig
from streams.agents import TopicRules
from streams.engine import Arrivals, Metrics
from streams.model_age import ModelAge
from streams.title_vectors import TitleVectors

__all__ = ["FollowedTopics"]

logger = logging.getLogger(__name__)


class FollowedTopics:
    """Feeds followed messages to the pipeline; none of its methods raises.

    Parameters
    ----------
    pipeline
        The worker's core.
    articles
        What is accepted as an article: the rules of its agent.
    vans
        Settings that snapshots must fit.
    metrics
        Where the version of the model is shown.
    arrivals
        When records arrived.
    model_age
        Told what came labelled and which versions came.
    is_ours
        Whether this worker counts a partition itself.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        articles: TopicRules,
        vans: VansConfig,
        *,
        metrics: Metrics,
        arrivals: Arrivals,
        model_age: ModelAge,
        is_ours: Callable[[int], bool],
    ) -> None:
        self.pipeline = pipeline
        self.articles = articles
        self.vans = vans
        self.features = vans_features(pipeline.config.catalogue)
        self.metrics = metrics
        self.arrivals = arrivals
        self.model_age = model_age
        self.is_ours = is_ours
        sentences = pipeline.catalogue.sentences
        self.titles = TitleVectors(sentences, metrics) if sentences else None
        self._learned_of = ""

    def by_topic(self, names: TopicNames) -> dict[str, Callable[[ConsumerRecord], None]]:
        """Return what follows each topic, by its full name."""
        follow = {
            "articles": self.article,
            "article-activity": self.activity,
            "labelled-slates": self.labelled,
            "co-reads": self.co_read,
            "models": self.model,
        }
        if self.titles is not None:
            follow["title-vectors"] = self.titles.follow
        return {names(topic): one for topic, one in follow.items()}

    def article(self, record: ConsumerRecord) -> None:
        """Follow what the agent of the same rules accepts; what it refuses it writes down."""
        stamped_s = record.timestamp / 1_000.0
        arrived_s = self.arrivals.of("articles", stamped_s, record.timestamp_type)
        try:
            article_id, article = self.articles.read(record.key, record.value, arrived_s=arrived_s)
        except BadMessage as error:
            logger.debug("article at offset %d is not followed: %s", record.offset, error)
            return
        now = max(self.pipeline.newest_s, 0.0) or arrived_s
        if article is not None:
            assert isinstance(article, ArticlePublished), "the rules of articles read no other"
            if article.published_at is not None:
                now = seconds(article.published_at)
        self.pipeline.article(article_id, article, now=now, arrived_s=arrived_s)

    def activity(self, record: ConsumerRecord) -> None:
        """Take over counters of partitions that others count."""
        partition = _partition_of(record.key)
        if record.value is None or (partition is not None and self.is_ours(partition)):
            return
        try:
            limit = topic_named("article-activity").max_message_bytes
            self.pipeline.activity(decode(ArticleActivity, record.value, max_bytes=limit))
        except BadMessage as error:
            logger.error("activity at offset %d is not followed: %s", record.offset, error)

    def labelled(self, record: ConsumerRecord) -> None:
        """Count a labelled slate, whoever labelled it."""
        try:
            limit = topic_named("labelled-slates").max_message_bytes
            self.pipeline.labelled(decode(SlateLabelled, record.value or b"", max_bytes=limit))
            self.model_age.labelled(record.timestamp / 1_000.0)
            self.metrics.labelled_slates.inc()
            self.metrics.site_share.set(self.pipeline.slates.site_share)
        except BadMessage as error:
            logger.error("labelled slate at offset %d is not followed: %s", record.offset, error)

    def co_read(self, record: ConsumerRecord) -> None:
        """Count what was read before a click, whoever took the click."""
        try:
            limit = topic_named("co-reads").max_message_bytes
            self.pipeline.co_read(decode(CoRead, record.value or b"", max_bytes=limit))
            self.metrics.co_reads.inc()
        except BadMessage as error:
            logger.error("co-read at offset %d is not followed: %s", record.offset, error)

    def model(self, record: ConsumerRecord) -> None:
        """Rank with a new snapshot from now on."""
        if record.key != SERVING.encode() or record.value is None:
            return
        try:
            limit = topic_named("models").max_message_bytes
            snapshot = decode(ModelSnapshot, record.value, max_bytes=limit)
            models = Models.of_snapshot(
                snapshot,
                self.vans,
                self.features,
                sentence_model=self.pipeline.catalogue.sentences.model,
            )
            if not models.order.is_learned:
                logger.info(
                    "model version %d brings no learned order of the catalogue: articles are kept "
                    "and ordered by the weights that every installation starts with",
                    snapshot.version,
                )
            self._look_at_sentence_model(snapshot)
            self.pipeline.rank_with(models)
            self.model_age.published(snapshot.version, record.timestamp / 1_000.0)
            self.metrics.model_version.set(snapshot.version)
            self.metrics.model_published_s.set(self.model_age.published_s)
        except (BadMessage, ModelError) as error:
            logger.error("model at offset %d is not used: %s", record.offset, error)

    def _look_at_sentence_model(self, snapshot: ModelSnapshot) -> None:
        """Say, once for each, where the learner learns of another sentence model's vectors."""
        ours, theirs = self.pipeline.catalogue.sentences.model, snapshot.sentence_model or "none"
        if theirs not in {ours, self._learned_of}:
            logger.warning(
                "the learner learns of titles by the sentence model %r, and this worker has %r: "
                "what it learns of them is passed over; set the same catalogue.sentence_model on "
                "stream workers and the learner",
                theirs,
                ours,
            )
        self._learned_of = theirs


def _partition_of(key: bytes | None) -> int | None:
    """Read the source partition from the key of an activity message, `partition:bucket`.

    A worker's own flushes come back to it; by the key they are passed over undecoded.
    """
    number = (key or b"").partition(b":")[0]
    return int(number) if number.isdigit() else None
