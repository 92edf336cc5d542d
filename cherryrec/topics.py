"""The topics: name, key, cleanup policy, message type. One table that everything else reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cherryrec import events
from cherryrec.errors import ConfigError

__all__ = [
    "CHANGELOGS",
    "CHANGELOG_MAX_BYTES",
    "ERASABLE",
    "HEARTBEAT_KEY",
    "TOPICS",
    "Topic",
    "TopicNames",
    "record_limit",
    "retained_topics",
    "topic_named",
]

Cleanup = Literal["compact", "delete", "compact,delete"]

_OUTPUTS = (events.Recommendation, events.InquiryAnswer, events.DeadLetter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic of the system.

    Parameters
    ----------
    name
        Its name without the prefix.
    key
        What the message key holds.
    cleanup
        Kafka's `cleanup.policy`.
    message
        The struct its values decode into.
    tombstone
        What a null value means; None where null is refused.
    co_partitioned
        Whether it must have the partition count of the other user topics.
    is_public
        Whether sites read or write it; the others are internal.
    n_partitions
        A fixed partition count; None is the configured one. Topics that every worker follows whole
        have one partition, so that all see one order; `examples` one, for the one learner.
    retention_s
        Kafka's `retention.ms` for policies that delete, in seconds.
    max_message_bytes
        The longest value that is accepted; `max.message.bytes` is `record_limit`.
    """

    name: str
    key: str
    cleanup: Cleanup
    message: type[events.Event]
    summary: str
    tombstone: str | None = None
    co_partitioned: bool = True
    is_public: bool = False
    n_partitions: int | None = None
    retention_s: int = 7 * 86_400
    max_message_bytes: int = 1 << 20

    @property
    def is_input(self) -> bool:
        """Whether sites write it; they only read the other public topics."""
        return self.is_public and self.message not in _OUTPUTS

    def key_of(self, event: events.Event) -> bytes | None:
        """Return the key a message is sent with; None only for a dead letter without one.

        Examples
        --------
        >>> topic_named("deadlines").key_of(events.Deadline(request_id="r1", user_id="u1"))
        b'u1'
        """
        if isinstance(event, events.DeadLetter):
            return event.key
        return ":".join(str(getattr(event, name)) for name in self.key.split(":")).encode()


TOPICS: tuple[Topic, ...] = (
    Topic(
        name="articles",
        key="article_id",
        cleanup="compact",
        message=events.ArticlePublished,
        summary="articles as they stand now",
        tombstone="retracts the article",
        co_partitioned=False,
        n_partitions=1,
        is_public=True,
    ),
    Topic(
        name="impressions",
        key="user_id",
        cleanup="delete",
        message=events.Impression,
        summary="slates that users were shown",
        is_public=True,
    ),
    Topic(
        name="clicks",
        key="user_id",
        cleanup="delete",
        message=events.Click,
        summary="articles that users opened",
        is_public=True,
    ),
    Topic(
        name="profile-updates",
        key="user_id",
        cleanup="compact",
        message=events.ProfileUpdate,
        summary="what the site knows of a user",
        tombstone="erases the user everywhere",
        is_public=True,
    ),
    Topic(
        name="requests",
        key="user_id",
        cleanup="delete",
        message=events.RecommendationRequest,
        summary="requests for a slate",
        retention_s=86_400,
        is_public=True,
    ),
    Topic(
        name="article-activity",
        key="partition:bucket",
        cleanup="compact",
        message=events.ArticleActivity,
        summary="absolute decayed counters, by source partition",
        co_partitioned=False,
        n_partitions=1,
        max_message_bytes=4 << 20,
    ),
    Topic(
        name="evaluation-requests",
        key="user_id",
        cleanup="delete",
        message=events.EvaluationRequest,
        summary="what CnLE is asked",
        retention_s=3_600,
    ),
    Topic(
        name="evaluations",
        key="user_id",
        cleanup="delete",
        message=events.Evaluation,
        summary="what CnLE answered",
        retention_s=3_600,
    ),
    Topic(
        name="lora-weights",
        key="base",
        cleanup="compact",
        message=events.LoraPublished,
        summary="LoRA weights that CnLE's workers serve with",
        tombstone="goes back to the weights of the settings",
        co_partitioned=False,
        n_partitions=1,
    ),
    Topic(
        name="deadlines",
        key="user_id",
        cleanup="delete",
        message=events.Deadline,
        summary="pending requests whose time is up",
        retention_s=3_600,
    ),
    Topic(
        name="feedback",
        key="partition",
        cleanup="delete",
        message=events.FeedbackTick,
        summary="event-time ticks by which slates are labelled and attribution windows close",
        retention_s=3_600,
    ),
    Topic(
        name="examples",
        key="user_id",
        cleanup="delete",
        message=events.Example,
        summary="labelled impressions for the learner",
        co_partitioned=False,
        n_partitions=1,
        max_message_bytes=4 << 20,
    ),
    Topic(
        name="labelled-slates",
        key="slate_id",
        cleanup="delete",
        message=events.SlateLabelled,
        summary="what was clicked of each slate, for slate evidence",
        co_partitioned=False,
        n_partitions=1,
        max_message_bytes=4 << 20,
    ),
    Topic(
        name="co-reads",
        key="article_id",
        cleanup="delete",
        message=events.CoRead,
        summary="what was read before each click, for what readers alike went on to",
        co_partitioned=False,
        n_partitions=1,
        retention_s=2 * 86_400,
    ),
    Topic(
        name="title-vectors",
        key="article_id",
        cleanup="compact,delete",
        message=events.TitleVector,
        summary="titles as a sentence model reads them, where one is set",
        tombstone="says nothing",
        co_partitioned=False,
        n_partitions=1,
        retention_s=30 * 86_400,
    ),
    Topic(
        name="models",
        key="model",
        cleanup="compact",
        message=events.ModelSnapshot,
        summary="learner snapshots as plain arrays",
        co_partitioned=False,
        n_partitions=1,
        max_message_bytes=16 << 20,
    ),
    Topic(
        name="topic-epochs",
        key="topic",
        cleanup="compact",
        message=events.TopicEpoch,
        summary="which incarnation of each topic the offsets in states belong to",
        co_partitioned=False,
        n_partitions=1,
    ),
    Topic(
        name="recommendations",
        key="user_id",
        cleanup="compact,delete",
        message=events.Recommendation,
        summary="explained slates",
        tombstone="forgets the last slate of an erased user",
        is_public=True,
        retention_s=86_400,
        max_message_bytes=4 << 20,
    ),
    Topic(
        name="inquiries",
        key="user_id",
        cleanup="delete",
        message=events.Inquiry,
        summary="what editors ask about a user: profile, what if, why not",
        retention_s=3_600,
        is_public=True,
    ),
    Topic(
        name="inquiry-answers",
        key="user_id",
        cleanup="delete",
        message=events.InquiryAnswer,
        summary="answers to inquiries",
        retention_s=3_600,
        is_public=True,
        max_message_bytes=4 << 20,
    ),
    Topic(
        name="dead-letters",
        key="key of the refused message",
        cleanup="delete",
        message=events.DeadLetter,
        summary="messages that were refused, with the reason",
        co_partitioned=False,
        n_partitions=1,
        is_public=True,
        max_message_bytes=4 << 20,
    ),
)


CHANGELOGS: tuple[str, ...] = ("stream-profiles-changelog", "stream-requests-changelog")
"""Topics of the stream workers' tables, without the prefix: compacted, co-partitioned, no messages
of ours on them. Created before the workers start: a group that joins while its changelogs are being
made can be left without partitions."""

ERASABLE: tuple[str, ...] = (
    "profile-updates",
    "recommendations",
    *CHANGELOGS,
)
"""Compacted topics that are keyed by user, without the prefix: erasing must empty them, too."""

HEARTBEAT_KEY = b"\0heartbeat"
"""Key of records without a value that say nothing: they let Kafka compact a quiet partition."""

CHANGELOG_MAX_BYTES = 17 << 20
"""`max.message.bytes` of the changelogs: sixteen open requests fit that were shown a thousand
articles of the longest ids each, and what is frozen of one of a thousand candidates."""


RECORD_BYTES = 4 << 10
"""What a record adds to its value at most: the longest key (256 characters) and Kafka's own."""


def record_limit(topic: Topic) -> int:
    """Return Kafka's `max.message.bytes` of a topic: every value that is accepted fits.

    Examples
    --------
    >>> record_limit(topic_named("clicks")) - topic_named("clicks").max_message_bytes
    4096
    """
    return topic.max_message_bytes + RECORD_BYTES


def retained_topics() -> tuple[Topic, ...]:
    """Return the topics that hold events of users for a time, whatever is erased.

    Examples
    --------
    >>> [topic.name for topic in retained_topics()][:2]
    ['impressions', 'clicks']
    """
    return tuple(one for one in TOPICS if one.cleanup == "delete" and one.key != "partition")


def topic_named(name: str) -> Topic:
    """Return the topic of that name (without the prefix).

    Raises
    ------
    ConfigError
        There is no such topic.

    Examples
    --------
    >>> topic_named("clicks").key
    'user_id'
    """
    for topic in TOPICS:
        if topic.name == name:
            return topic
    known = ", ".join(topic.name for topic in TOPICS)
    msg = f"topic must be one of {known}, got {name!r}"
    raise ConfigError(msg)


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Full topic names under a prefix.

    Examples
    --------
    >>> TopicNames("cherryrec.")("clicks")
    'cherryrec.clicks'
    """

    prefix: str = "cherryrec."

    def __call__(self, name: str) -> str:
        """Full name of the topic called `name`."""
        return self.prefix + topic_named(name).name
