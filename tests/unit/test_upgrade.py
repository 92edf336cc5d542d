"""A changed list of features: the old model ranks, old examples are learned, both by name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pytest

from cherryrec.codec import decode, encode
from cherryrec.errors import ModelError
from cherryrec.events import Example, FeatureColumn, ModelSnapshot, PackedArray
from cherryrec.features import FEATURES, column
from cherryrec.learner import VANS_FEATURES, Learner
from cherryrec.snapshots import SERVING, STATE, scorer_of
from cherryrec.topics import topic_named
from cherryrec.vans import Feature, Vans
from tests.unit.test_learner import KNRS, VANS, example, slate, taught

OLD_SET = "v1-another"
GONE = ("ctr_10m", "view_velocity")
"""Features of the new list that the old one had not."""

OLD = (
    Feature("clicks_of_the_week"),
    *(one for one in reversed(VANS_FEATURES) if one.name not in GONE),
    Feature("context_weekday", is_context=True),
)
"""The old list: another order, two features less, two more."""


def as_old(matrix: np.ndarray, seed: int = 0) -> np.ndarray:
    """The same slate as the old version saw it."""
    rng = np.random.default_rng(seed)
    columns = [
        matrix[:, column(one.name)]
        if one.name in FEATURES
        else np.full(len(matrix), 3.0)
        if one.is_context
        else rng.random(len(matrix))
        for one in OLD
    ]
    return np.stack(columns, axis=1)


def old_example(number: int) -> Example:
    new = example(number)
    features = np.frombuffer(new.features, "<f4").reshape(len(new.articles), -1)
    return msgspec.structs.replace(
        new, feature_set=OLD_SET, features=as_old(features, number).astype("<f4").tobytes()
    )


def old_snapshot(name: str, n: int = 60) -> ModelSnapshot:
    """What the old version has published after n examples."""
    model = Vans(OLD, VANS)
    for number in range(n):
        new = example(number)
        features = np.frombuffer(new.features, "<f4").reshape(len(new.articles), -1)
        model.learn(as_old(features, number).astype(np.float64), np.array(new.clicked))
    ours = taught(1).snapshot(name)
    kept: Mapping[str, PackedArray] = {k: v for k, v in ours.arrays.items() if k[:5] != "vans/"}
    theirs = {k: packed(v) for k, v in (model.serving() if name == SERVING else {}).items()}
    columns = [
        FeatureColumn(name=one.name, is_context=one.is_context, is_gated=one.is_gated)
        for one in OLD
    ]
    return msgspec.structs.replace(
        ours,
        feature_set=OLD_SET,
        n_examples=n,
        version=7,
        arrays={**kept, **{f"vans/{k}": v for k, v in theirs.items()}},
        features=tuple(columns),
    )


def packed(array: np.ndarray) -> PackedArray:
    little = array.astype(array.dtype.newbyteorder("<"))
    return PackedArray(dtype=little.dtype.str, shape=array.shape, values=little.tobytes())


def through_topic(snapshot: ModelSnapshot) -> ModelSnapshot:
    limit = topic_named("models").max_message_bytes
    return decode(ModelSnapshot, encode(snapshot), max_bytes=limit)


def test_an_old_snapshot_ranks_by_the_columns_it_knows() -> None:
    scorer = scorer_of(through_topic(old_snapshot(SERVING)), VANS)
    learned = taught(60).vans

    agreed = []
    for seed in range(20):
        X = slate(seed)
        scored, wanted = scorer.score(X), learned.score(X)
        agreed.append(np.corrcoef(scored.scores, wanted.scores)[0, 1])
        assert scored.contributions.shape == X.shape
        assert not scored.contributions[:, [column(name) for name in GONE]].any()

    assert np.median(agreed) > 0.8


def test_the_old_version_ranks_by_what_the_new_one_publishes() -> None:
    """While workers are replaced one by one, some read snapshots of a version they are not."""
    snapshot = through_topic(taught(30).snapshot(SERVING))

    assert tuple(one.name for one in snapshot.features) == FEATURES
    renamed = msgspec.structs.replace(snapshot, feature_set="v9-later")
    X = slate()
    assert (
        scorer_of(renamed, VANS).score(X).scores.tolist()
        == scorer_of(snapshot, VANS).score(X).scores.tolist()
    )


FORMER = {"linear": "lr", "factors": "fm", "forest": "rf"}


def of_format_3(snapshot: ModelSnapshot) -> ModelSnapshot:
    """The same as it was published when members were called otherwise."""
    arrays = {"vans/format": packed(np.array(3))}
    for name, array in snapshot.arrays.items():
        part, *rest = name.removeprefix("vans/").split("/")
        former = "/".join(["vans", FORMER.get(part, part), *rest])
        arrays.setdefault(former if name.startswith("vans/") else name, array)
    return msgspec.structs.replace(snapshot, arrays=arrays)


def test_a_snapshot_of_members_by_their_former_names_ranks_and_is_gone_on_from() -> None:
    learner = taught(60)
    state, serving = (of_format_3(learner.snapshot(name)) for name in (STATE, SERVING))
    assert {"vans/lr/weights", "vans/rf/n_grown"} < set(serving.arrays)

    scorer = scorer_of(through_topic(serving), VANS)
    restored = Learner.restore(KNRS, VANS, through_topic(state))

    X = slate()
    assert scorer.score(X).scores.tobytes() == learner.vans.score(X).scores.tobytes()
    wanted, again = taught(80, learner, 60).vans, taught(80, restored, 60).vans
    assert again.score(X).scores.tobytes() == wanted.score(X).scores.tobytes()


def test_a_snapshot_that_names_no_features_is_refused() -> None:
    unnamed = msgspec.structs.replace(old_snapshot(SERVING), features=())

    with pytest.raises(ModelError, match=r"got 'v1-another': roll back .* or let the learner"):
        scorer_of(unnamed, VANS)


def test_a_snapshot_that_names_a_feature_twice_is_refused() -> None:
    snapshot = old_snapshot(SERVING)
    doubled = msgspec.structs.replace(snapshot, features=(*snapshot.features, snapshot.features[0]))

    with pytest.raises(ModelError, match=r"must be unique, got .* more than once"):
        scorer_of(doubled, VANS)


def test_a_state_of_another_set_is_refused() -> None:
    with pytest.raises(ModelError, match="snapshot must be of feature set"):
        Learner.restore(KNRS, VANS, old_snapshot(STATE))


def test_old_examples_are_learned_by_name() -> None:
    learner = Learner(KNRS, VANS)
    learner.know(old_snapshot(STATE))

    for number in range(60):
        assert learner.learn(old_example(number), partition=0, offset=number)

    weights = dict(zip(FEATURES, learner.vans.members["linear"].weights.tolist(), strict=True))
    known = taught(60)
    wanted = dict(zip(FEATURES, known.vans.members["linear"].weights.tolist(), strict=True))
    start = Learner(KNRS, VANS).vans.members["linear"].weights
    moved = [name for name in FEATURES if abs(weights[name] - start[column(name)]) > 0.05]
    assert moved
    for name in moved:
        assert weights[name] == pytest.approx(wanted[name], abs=0.15)
    for name in GONE:
        assert weights[name] == pytest.approx(float(start[column(name)]), abs=0.01)
