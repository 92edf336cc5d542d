"""A sentence model in the whole system: what is learned of it, and what is open while it comes."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace as replace_fields

from cherryrec.catalogue import CatalogueConfig
from cherryrec.codec import pack
from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import (
    Deadline,
    FeatureColumn,
    Recommendation,
)
from cherryrec.features import ALL_FEATURES, FEATURE_SET, FEATURES, column, set_of
from cherryrec.learner import Learner, vans_features
from cherryrec.snapshots import SERVING, STATE, fits_of, scorer_of
from cherryrec.stored_requests import decode_frozen, encode_frozen, frozen_key
from cherryrec.system import PARTITION
from cherryrec.vans import MappedScorer
from tests.unit.pipeline.sentence_world import (
    CHANGES,
    SIDES,
    Noted,
    likes_the_other_side,
    reads_of_one_side,
    system_with,
)
from tests.worlds import START_S, click, impression, request


def test_without_a_model_nothing_is_named_or_sent_of_it() -> None:
    examples = Noted()
    system = system_with("none", on_send=examples)
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
    examples = Noted("request")
    old, new = system_with(before), system_with(after, on_send=examples)
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
    examples = Noted()
    reads_of_one_side(system_with(before, on_send=examples), n_users=6)
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
    examples = Noted("request")
    reads_of_one_side(system_with("minilm", on_send=examples), n_users=1)
    (example,) = examples
    learner = system_with("minilm").learner
    before = learner.snapshot(STATE)

    with pytest.raises(BadMessage, match="reader and titles of 2 articles"):
        learner.learn(replace_fields(example, **damage), partition=0, offset=0)

    assert learner.snapshot(STATE) == before
    assert learner.learn(example, partition=0, offset=1)


def test_a_slate_of_before_the_learned_columns_is_learned() -> None:
    examples = Noted("request")
    system, fewer = system_with("minilm", on_send=examples), ALL_FEATURES[:-2]
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
