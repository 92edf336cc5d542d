"""A sentence model in the whole system: what is learned of it, and what is open while it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as replace_fields
from numpy.typing import NDArray

from cherryrec.catalogue import CatalogueConfig
from cherryrec.codec import pack
from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import (
    Deadline,
    Evaluation,
    EvaluationRequest,
    Example,
    FeatureColumn,
    Recommendation,
)
from cherryrec.features import ALL_FEATURES, FEATURE_SET, FEATURES, column, set_of
from cherryrec.learner import Learner, vans_features
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig, Send
from cherryrec.snapshots import SERVING, STATE, fits_of, scorer_of
from cherryrec.stored_requests import decode_frozen, encode_frozen, frozen_key
from cherryrec.system import PARTITION, Evaluate, LocalSystem
from cherryrec.text import SENTENCE_DIMENSIONS, stable_hash
from cherryrec.title_fit import TitleFits
from cherryrec.vans import MappedScorer
from tests.worlds import START_S, article, click, impression, instant, request

N_ARTICLES = 10
SIDES = ("none", "minilm")
CHANGES = (SIDES, SIDES[::-1], ("minilm", "e5"))


def embed(title: str) -> NDArray[np.int8]:
    """Titles with an even number lie one way, the others another."""
    rng = np.random.default_rng(stable_hash(title) % 2**32)
    vector = rng.integers(-20, 21, SENTENCE_DIMENSIONS)
    side = slice(0, 40) if int(title.rsplit(maxsplit=1)[-1]) % 2 else slice(40, 80)
    vector[side] += 100
    return vector.clip(-127, 127).astype(np.int8)


def system_with(
    model: str,
    *,
    evaluator: bool = False,
    on_send: Callable[[Send], None] | None = None,
    evaluate: Evaluate | None = None,
) -> LocalSystem:
    config = PipelineConfig(
        catalogue=CatalogueConfig(sentence_model=model, token_vectors="none"),
        evaluator=EvaluatorConfig(enabled=evaluator),
    )
    system = LocalSystem(
        config,
        embed=None if model == "none" else embed,
        on_send=on_send,
        evaluate=evaluate,
    )
    for number in range(N_ARTICLES):
        published = article(number, published_at=instant(START_S), title=f"Title {number}")
        system.send(published)
    return system


def reads_of_one_side(system: LocalSystem, n_users: int = 60) -> None:
    """Let readers who have read two stories of a side open one of it, of a slate of both."""
    for number in range(n_users):
        user, side, begin_s = f"u{number}", number % 2, START_S + 60.0 * number
        read = [k for k in range(N_ARTICLES) if k % 2 == side]
        first = read[number // 2 % len(read)]
        others = [k for k in read if k != first]
        opened = others[number // 4 % len(others)]
        against = [k for k in range(N_ARTICLES) if k % 2 != side][number % 5]
        system.send(click(f"a{first}", begin_s, user_id=user))
        asked = request(
            f"r{number}", begin_s + 1, user_id=user, candidates=[f"a{opened}", f"a{against}"]
        )
        system.recommend(asked)
        shown = impression(
            f"i{number}",
            [f"a{opened}", f"a{against}"],
            begin_s + 2,
            user_id=user,
            request_id=f"r{number}",
        )
        system.send(shown)
        system.send(click(f"a{opened}", begin_s + 3, user_id=user, impression_id=f"i{number}"))
    system.advance(START_S + 60.0 * n_users + 3_600.0)


def test_what_titles_say_is_learned_and_explained() -> None:
    examples: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example):
            examples.append(send.event)

    system = system_with("minilm", on_send=note)
    reads_of_one_side(system)
    now = START_S + 7_300.0
    system.send(click("a1", now, user_id="new"))
    answer = system.recommend(
        request("last", now + 1, user_id="new", candidates=["a2", "a3", "a4", "a5"])
    )

    assert system.learner.n_examples == len(examples) >= 60
    assert {one.feature_set for one in examples} == {set_of(ALL_FEATURES)}
    ranked = [item.article_id for item in answer.slate]
    assert {*ranked[:2]} == {"a3", "a5"}, "of the side that was read"
    named = {name for item in answer.slate[:2] for name in item.contributions}
    assert named & {*ALL_FEATURES[len(FEATURES) :]}


def test_examples_bring_what_is_learned_of_titles_and_reads() -> None:
    examples: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example):
            examples.append(send.event)

    system = system_with("minilm", on_send=note)
    reads_of_one_side(system, n_users=8)

    slates = [one for one in examples if one.origin == "request"]
    assert len(slates) == 8
    assert {len(one.reader) for one in slates} == {2 * SENTENCE_DIMENSIONS}
    assert {len(one.titles) for one in slates} == {2 * SENTENCE_DIMENSIONS}, "of two articles"
    assert all(np.frombuffer(one.reader, "<f2").any() for one in slates), "each had read one"
    clicks = {(one.reader, one.titles) for one in examples if one.origin == "click"}
    assert clicks <= {(b"", b"")}
    learned = system.learner.fit.fit
    assert learned.weights.any()
    served = fits_of(system.learner.snapshot(SERVING), sentence_model="minilm").fit
    assert served.weights == pytest.approx(learned.weights, abs=1e-3)
    again = Learner.restore(
        system.config.knrs,
        system.config.vans,
        system.learner.snapshot(STATE),
        system.learner.features,
        sentence_model="minilm",
    )
    assert (again.fit.fit.weights == learned.weights).all()


def likes_the_other_side(question: EvaluationRequest) -> Evaluation:
    """Judge by the side that the reader has not read."""
    read = {int(title.split()[1]) % 2 for title in question.profile.history}
    judged = {
        one.article_id: 0.1 if int(one.article_id[1:]) % 2 in read else 0.9
        for one in question.candidates
    }
    return Evaluation(
        request_id=question.request_id,
        user_id=question.user_id,
        evaluations=judged,
        model="teacher",
    )


def student_of(system: LocalSystem, name: str, now: float) -> list[float]:
    """Ask for one who has read a story of odd number; return what the student says of four."""
    asked = request(name, now, user_id="new", candidates=["a2", "a3", "a4", "a5"])
    system.send(asked)
    frozen = system.pipeline.users.frozen(0, "new", name)
    said = frozen.feature_array()[:, column("sentence_student")].tolist()
    by_article = dict(zip(frozen.articles, said, strict=True))
    return [by_article[article_id] for article_id in asked.candidates or ()]


def test_a_student_says_of_titles_what_the_language_model_said_of_others() -> None:
    system = system_with("minilm", evaluator=True, evaluate=likes_the_other_side)
    now = START_S + 7_300.0
    at_first = student_of(system, "first", START_S)
    reads_of_one_side(system)
    system.send(click("a1", now, user_id="new"))

    live = student_of(system, "live", now + 1)
    system.publish()
    served = student_of(system, "served", now + 2)

    assert not any(at_first)
    assert min(live[0], live[2]) > max(live[1], live[3]), "the side that was not read"
    assert served == pytest.approx(live, abs=1e-2)
    again = Learner.restore(
        system.config.knrs,
        system.config.vans,
        system.learner.snapshot(STATE),
        system.learner.features,
        sentence_model="minilm",
    )
    assert again.student.n_learned == system.learner.student.n_learned > 0
    assert (again.fits.student.weights == system.learner.fits.student.weights).all()


def test_workers_rank_by_what_was_learned_of_titles() -> None:
    system = system_with("minilm")
    reads_of_one_side(system)
    now = START_S + 7_300.0
    system.send(click("a1", now, user_id="new"))

    def fits(system: LocalSystem, name: str) -> NDArray[np.float32]:
        asked = request(name, now + 1, user_id="new", candidates=["a2", "a3", "a4", "a5"])
        system.send(asked)
        frozen = system.pipeline.users.frozen(0, "new", name)
        by_article = dict(
            zip(frozen.articles, frozen.feature_array()[:, column("sentence_fit")], strict=True)
        )
        return np.array([by_article[article_id] for article_id in asked.candidates or ()])

    live = fits(system, "live")
    system.publish()
    served = fits(system, "served")
    system.pipeline.rank_with(replace(system.pipeline.models, fits=TitleFits()))
    unlearned = fits(system, "unlearned")

    assert live == pytest.approx(served, abs=1e-2)
    assert min(live[1], live[3]) > max(live[0], live[2]), "of the side that was read"
    assert np.abs(live - unlearned).min() > 0.1


def test_without_a_model_nothing_is_named_or_sent_of_it() -> None:
    examples: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example):
            examples.append(send.event)

    system = system_with("none", on_send=note)
    reads_of_one_side(system)

    assert {one.feature_set for one in examples} == {FEATURE_SET}
    assert {(one.reader, one.titles) for one in examples} == {(b"", b"")}
    for name in (SERVING, STATE):
        arrays = system.learner.snapshot(name).arrays
        assert not [one for one in arrays if one.startswith(("fit/", "student/"))]
    assert system.learner.features == vans_features(CatalogueConfig())


@pytest.mark.parametrize(("before", "after"), [SIDES, SIDES[::-1]])
def test_a_request_that_is_open_meanwhile_is_answered(before: str, after: str) -> None:
    old, new = (system_with(model, evaluator=True) for model in (before, after))
    old.apply(request("r", START_S + 60, candidates=["a1", "a2", "a3"]))
    new.profiles.values |= old.profiles.values
    new.requests.values |= old.requests.values

    effects = new.apply(Deadline(request_id="r", user_id="u"))

    (answer,) = (one.event for one in effects.sends)
    assert isinstance(answer, Recommendation)
    assert answer.degraded == "evaluation_late"
    assert len(answer.slate) == 3


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_slate_that_is_open_meanwhile_is_learned(before: str, after: str) -> None:
    examples: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example) and send.event.origin == "request":
            examples.append(send.event)

    old, new = system_with(before), system_with(after, on_send=note)
    shown = ["a1", "a2", "a3"]
    old.recommend(request("r", START_S + 60, candidates=shown))
    old.send(impression("i", shown, START_S + 61, request_id="r"))
    old.send(click("a1", START_S + 62, impression_id="i"))
    new.profiles.values |= old.profiles.values
    new.requests.values |= old.requests.values
    new.pipeline.restore(PARTITION, [(key, raw) for (_, key), raw in new.requests.values.items()])

    new.advance(START_S + 7_200.0)

    (example,) = examples
    assert example.articles == tuple(shown)
    assert (example.reader, example.titles) == (b"", b""), "of one model, or of none"
    assert new.learner.n_examples == 1


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_examples_of_before_are_learned_by_name(before: str, after: str) -> None:
    examples: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example):
            examples.append(send.event)

    reads_of_one_side(system_with(before, on_send=note), n_users=6)
    new = system_with(after)

    for offset, one in enumerate(examples):
        assert new.learner.learn(one, partition=0, offset=offset)

    assert new.learner.n_examples == len(examples) >= 6
    assert not [name for name in new.learner.snapshot(SERVING).arrays if name.startswith("fit/")]


def test_a_damaged_snapshot_says_whether_it_is_the_students() -> None:
    system = system_with("minilm", evaluator=True, evaluate=likes_the_other_side)
    reads_of_one_side(system, n_users=2)
    core, learned = system.config, system.learner
    broken = {"student/bias": pack(np.zeros(3, np.float32))}
    state, served = (
        replace_fields(one, arrays=one.arrays | broken)
        for one in (learned.snapshot(STATE), learned.snapshot(SERVING))
    )

    with pytest.raises(ModelError, match="'student/bias' must be floats"):
        Learner.restore(core.knrs, core.vans, state, learned.features, sentence_model="minilm")
    with pytest.raises(ModelError, match="'student/bias' must be floats"):
        fits_of(served, sentence_model="minilm")


@pytest.mark.parametrize("damage", [{"titles": b"1"}, {"titles": b""}, {"reader": b""}])
def test_nothing_is_learned_of_an_example_whose_titles_are_damaged(
    damage: dict[str, bytes],
) -> None:
    examples: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example) and send.event.origin == "request":
            examples.append(send.event)

    reads_of_one_side(system_with("minilm", on_send=note), n_users=1)
    (example,) = examples
    learner = system_with("minilm").learner
    before = learner.snapshot(STATE)

    with pytest.raises(BadMessage, match="reader and titles of 2 articles"):
        learner.learn(replace_fields(example, **damage), partition=0, offset=0)

    assert learner.snapshot(STATE) == before
    assert learner.learn(example, partition=0, offset=1)


def test_a_slate_of_before_the_learned_columns_is_learned() -> None:
    examples: list[Example] = []

    def note(send: Send) -> None:
        if isinstance(send.event, Example) and send.event.origin == "request":
            examples.append(send.event)

    system, fewer = system_with("minilm", on_send=note), ALL_FEATURES[:-2]
    shown = ["a1", "a2", "a3"]
    system.recommend(request("r", START_S + 60, candidates=shown))
    key = (PARTITION, frozen_key("u", "r"))
    frozen = decode_frozen(system.requests.values[key])
    narrow = frozen.feature_array()[:, : len(fewer)].tobytes()
    before = replace_fields(frozen, features=narrow, reader=b"", sentence_model="")
    system.requests.values[key] = encode_frozen(before)
    columns = tuple(FeatureColumn(name=name) for name in fewer)
    snapshot = system.learner.snapshot(SERVING)
    system.learner.know(replace_fields(snapshot, feature_set=set_of(fewer), features=columns))

    system.send(impression("i", shown, START_S + 61, request_id="r"))
    system.send(click("a1", START_S + 62, impression_id="i"))
    system.advance(START_S + 7_200.0)

    (example,) = examples
    assert example.feature_set == set_of(fewer)
    assert system.learner.n_examples == 1


def test_what_was_learned_of_another_models_vectors_is_left() -> None:
    """Its directions are others; what VaNS learned goes on."""
    old = system_with("minilm", evaluator=True, evaluate=likes_the_other_side)
    reads_of_one_side(old, n_users=8)
    core, learned = old.config, old.learner
    assert learned.fit.n_learned == learned.student.n_learned == 8

    again = Learner.restore(
        core.knrs, core.vans, learned.snapshot(STATE), learned.features, sentence_model="e5"
    )
    served = fits_of(learned.snapshot(SERVING), sentence_model="e5")

    assert again.n_examples == learned.n_examples >= 8
    assert again.fit.n_learned == again.student.n_learned == 0
    assert not any(one.weights.any() or one.bias.any() for one in (*again.fits, *served))
    assert again.snapshot(SERVING).sentence_model == "e5"


@pytest.mark.parametrize(("before", "after"), [SIDES, SIDES[::-1]])
def test_the_model_of_before_ranks_by_what_both_know(before: str, after: str) -> None:
    old = system_with(before)
    reads_of_one_side(old, n_users=6)
    snapshot = old.learner.snapshot("cherryrec")
    features = vans_features(CatalogueConfig(sentence_model=after))
    core = old.config

    scorer = scorer_of(snapshot, core.vans, features)

    assert isinstance(scorer, MappedScorer)
    assert scorer.n_known == len(FEATURES)
    X = np.zeros((3, len(features)))
    X[:, column("age")] = 1.0, 2.0, 3.0
    assert scorer.score(X).contributions.shape == X.shape
    same = Learner.restore(
        core.knrs, core.vans, old.learner.snapshot(STATE), vans_features(core.catalogue)
    )
    assert same.features == old.learner.features
