"""What CherryRec's own parts tell each other: activity, evaluations, examples, models, ticks.

Arrays travel as raw little-endian bytes (base64 in JSON), with their names beside them: counters
and features are many, and a JSON number each would cost more than everything else together.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from cherryrec.events.base import Count, Event, Fraction, Id, Text, Time
from cherryrec.events.inputs import MAX_CANDIDATES

__all__ = [
    "ArticleActivity",
    "CandidateText",
    "CoRead",
    "Contrast",
    "Deadline",
    "Evaluation",
    "EvaluationRequest",
    "Example",
    "FeedbackTick",
    "ModelSnapshot",
    "Origin",
    "PackedArray",
    "PromptProfile",
    "Shadow",
    "SlateLabelled",
    "TitleVector",
    "TopicEpoch",
]


Origin = Literal["request", "slate", "click"]
"""Where an example comes from: a request of ours, a slate of the site's own, a click alone."""


class ArticleActivity(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Absolute decayed counters of one bucket of articles, as one source partition counted them.

    `counters` is float64 (articles, 2·half-lives + 5): views, clicks by half-life as of `as_of`,
    then all views, all clicks, readers, the whole seconds from `as_of` to each click summed, and
    the first exposure in epoch seconds (NaN: never shown).
    `applied` is the last offset of each source topic in them; `seen` the recent ids, for
    duplicates: uint64 (k, 2) of id hash and offset.
    """

    schema: Literal[1] = 1
    partition: Count
    bucket: Count
    as_of: float
    articles: tuple[Id, ...]
    counters: bytes
    applied: dict[str, int]
    seen: bytes = b""


class CandidateText(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A candidate as CnLE reads it."""

    article_id: Id
    title: Text
    category: str = ""


class PromptProfile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The profile library of the paper as CnLE reads it: explicit where the site said it."""

    role: Text | None = None
    fields: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    history: tuple[str, ...] = ()


class EvaluationRequest(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Asks CnLE to judge the candidates of one request for one user.

    `profile.history` are titles, oldest first. `expires_at` is wall-clock time in epoch seconds:
    an answer after it has no reader.
    """

    schema: Literal[1] = 1
    request_id: Id
    user_id: Id
    candidates: Annotated[tuple[CandidateText, ...], Meta(min_length=1, max_length=MAX_CANDIDATES)]
    profile: PromptProfile
    expires_at: float
    seed: int = 0


class Evaluation(Event, frozen=True, kw_only=True, omit_defaults=True):
    """CnLE's answer: one evaluation in [0, 1] per candidate that was judged, or an error.

    `wait_ms` is how long it waited for its batch, `compute_ms` how long that took; `share_ms` its
    part of that by tokens, so that those of all answers sum to the model's time.
    """

    schema: Literal[1] = 1
    request_id: Id
    user_id: Id
    evaluations: dict[str, Fraction] = {}
    model: str = ""
    prompt: str = ""
    cached: bool = False
    error: Text | None = None
    tokens: Count = 0
    wait_ms: float = 0.0
    compute_ms: float = 0.0
    share_ms: float = 0.0


class Deadline(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A pending request's time is up: rank it with what is there."""

    schema: Literal[1] = 1
    request_id: Id
    user_id: Id


class FeedbackTick(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Event time has reached `time` on a partition: label and close what is due before it."""

    schema: Literal[1] = 1
    partition: Count
    time: Time


class Contrast(Struct, frozen=True, array_like=True):
    """Articles drawn to stand for many: what else a reader could have clicked.

    `signals` is float32 (articles, signals), `n_all` how many the drawn stand for; `scores` float32
    (articles,), VaNS's, where they were scored together with the example's own.
    """

    articles: tuple[Id, ...]
    signals: bytes
    n_all: Count
    scores: bytes = b""


class Example(Event, frozen=True, kw_only=True, omit_defaults=True):
    """One labelled impression: features as they were at scoring time, and what was clicked.

    `features` is float32 (articles, features) in the order of `feature_set`; `metrics` float32
    (articles, 5), KnRS's f1…f5; `signals` float32 (articles, signals), what KnRS retrieves by, and
    `scores` VaNS's, float32 (articles,), NaN for what would not have been kept. `others` were drawn
    of everything live then, `rivals` of what KnRS would have kept. `evaluator` is the version of
    CnLE whose evaluations are in the features, "" without any, and `temperature` what their
    log-odds were divided by. Of origin `click` it holds one article. With a sentence model
    `reader` is the reader's vector of titles, float16 (384,), and `titles` those of the articles,
    int8 (articles, 384), both by `sentence_model`.
    """

    schema: Literal[1] = 1
    example_id: Id
    user_id: Id
    shown_at: Time
    articles: tuple[Id, ...]
    clicked: tuple[bool, ...]
    feature_set: Id
    features: bytes
    metrics: bytes
    evaluator: str = ""
    temperature: Annotated[float, Meta(gt=0)] = 1.0
    origin: Origin = "request"
    signals: bytes = b""
    scores: bytes = b""
    others: Contrast | None = None
    rivals: Contrast | None = None
    reader: bytes = b""
    titles: bytes = b""
    sentence_model: str = ""


class CoRead(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A click and what its reader had read before, the newest first: what pairs are counted from.

    It names no reader; `event` is a hash of the click's id, by which one sent again is known.
    `begins_session` says that the reader had read nothing for a while.
    """

    schema: Literal[1] = 1
    event: Count
    article_id: Id
    reads: Annotated[tuple[Id, ...], Meta(max_length=100)]
    clicked_at: Time
    begins_session: bool = False


class Shadow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How CherryRec would have ranked a slate of the site's own, said before it was clicked.

    `ranks` are int32 (n,), one per article, 1 the best; `version` that of the models they come
    from, 0 for models that had learned nothing. `places` are int32 (n,): where KnRS put each
    article among the `n_kept` that it kept of the whole catalogue at that moment, -1 for what it
    did not keep; empty where it was not asked.
    """

    ranks: bytes
    version: Count = 0
    places: bytes = b""
    n_kept: Count = 0

    def rank_array(self) -> NDArray[np.int32]:
        """Ranks, int32 (n,)."""
        return np.frombuffer(self.ranks, "<i4")

    def place_array(self) -> NDArray[np.int32]:
        """Places, int32 (n,); empty where the catalogue was not asked."""
        return np.frombuffer(self.places, "<i4")

    def of(self, kept: NDArray[np.intp]) -> Shadow:
        """Return the same of some articles, by their index, (k,)."""
        places = self.place_array()
        return Shadow(
            ranks=self.rank_array()[kept].tobytes(),
            version=self.version,
            places=places[kept].tobytes() if len(places) else b"",
            n_kept=self.n_kept,
        )


class SlateLabelled(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What was clicked of one slate, as far as is known: what slate evidence is counted from.

    A later message of the same `slate_id` replaces it: a click that came after its labels. It
    `is_correction` then, which means nothing to who hasn't the slate. `categories` are names, ""
    for none: with them a message says all that it counts, whatever else its reader has read. The
    articles stand in the order in which they were shown; `shadow` is of a slate of the site's own.
    `is_given` says that the site had chosen its articles, which we had ranked at most.
    """

    schema: Literal[1] = 1
    slate_id: Id
    shown_at: Time
    articles: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=MAX_CANDIDATES)]
    clicked: tuple[bool, ...]
    categories: tuple[str, ...]
    is_correction: bool = False
    origin: Origin = "request"
    is_given: bool = False
    shadow: Shadow | None = None

    def __post_init__(self) -> None:
        wanted = len(self.articles)
        if self.shadow is not None:
            got = (len(self.shadow.ranks), len(self.shadow.places))
            if got[0] != 4 * wanted or got[1] not in {0, 4 * wanted}:
                msg = f"shadow must be of {wanted} articles, 4 bytes each, got {got} bytes"
                raise ValueError(msg)
        for name in ("clicked", "categories"):
            if len(getattr(self, name)) != wanted:
                msg = f"{name} must be one per article, {wanted}, got {len(getattr(self, name))}"
                raise ValueError(msg)


class TitleVector(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What a sentence model makes of an article's title: a direction, int8 (384,).

    `model` is the model with its version: vectors of two are not compared. `title` is the stable
    hash of the title that was read, 16 hexadecimal digits: an article may have another one since.
    """

    schema: Literal[1] = 1
    article_id: Id
    model: Id
    title: Id
    vector: bytes


class PackedArray(Struct, frozen=True, kw_only=True):
    """A numpy array as bytes: dtype string, shape, little-endian C-order values."""

    dtype: str
    shape: tuple[int, ...]
    values: bytes


class FeatureColumn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of the features a model has learned of, of the kinds of VaNS's `Feature`."""

    name: Id
    is_context: bool = False
    is_gated: bool = False


class ModelSnapshot(Event, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a learner as plain arrays; `serving` is what scoring needs.

    `features` are the columns of its `feature_set`, in order: by their names a worker of another
    version ranks with it until the learner of that version has caught up. `applied` holds the last
    offset of `examples` learned, by partition, so that a restarted learner goes on exactly there.
    `sentence_model` is the one by whose vectors it learned of titles, "" without one.
    """

    schema: Literal[1] = 1
    model: Id
    version: Count
    feature_set: Id
    n_examples: Count
    created_at: Time
    arrays: dict[str, PackedArray]
    applied: dict[str, int] = {}
    metrics: dict[str, float] = {}
    features: tuple[FeatureColumn, ...] = ()
    sentence_model: str = ""


class TopicEpoch(Event, frozen=True, kw_only=True):
    """Which epoch an incarnation of a topic is: its offsets count above those of earlier epochs.

    `topic` is the full name, `topic_id` Kafka's id, another one when a topic of the name is made
    anew or lives on another cluster.
    """

    schema: Literal[1] = 1
    topic: Id
    topic_id: Id
    epoch: Count
