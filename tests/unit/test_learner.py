"""The learner: each example once, snapshots that serve the same scores, restarts that go on."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import Example, ModelSnapshot, instant
from cherryrec.features import FEATURE_SET, FEATURES, column
from cherryrec.knrs import METRICS, KnrsConfig, LinearValue
from cherryrec.learner import Learner
from cherryrec.snapshots import SERVING, STATE, scorer_of, weights_of
from cherryrec.vans import Forest, VansConfig
from tests.worlds import START_S

KNRS = KnrsConfig()
NEURAL = KnrsConfig(model="neural")
VANS = VansConfig(settings=(Forest(refit_every=10, min_leaf=5.0),))
LIMIT = 16 << 20


def example(number: int, *, seed: int = 0, n: int = 8, **changes: Any) -> Example:
    """A slate in which what has most attention and is fresh is clicked."""
    rng = np.random.default_rng([seed, number])
    features = rng.normal(size=(n, len(FEATURES))).astype("<f4")
    metrics = rng.random((n, len(METRICS))).astype("<f4")
    likes = features[:, column("ctr_1h")] - features[:, column("age")] + 3 * metrics[:, 3]
    best = int(np.argmax(likes))
    fields: dict[str, Any] = {
        "example_id": f"e{number}",
        "user_id": f"u{number % 7}",
        "shown_at": instant(START_S + number),
        "articles": tuple(f"a{k}" for k in range(n)),
        "clicked": tuple(k == best for k in range(n)),
        "feature_set": FEATURE_SET,
        "features": features.tobytes(),
        "metrics": metrics.tobytes(),
    }
    return Example(**(fields | changes))


def taught(n: int, learner: Learner | None = None, start: int = 0) -> Learner:
    learner = learner or Learner(KNRS, VANS)
    for number in range(start, n):
        assert learner.learn(example(number), partition=0, offset=number)
    return learner


def weights_in(learner: Learner) -> NDArray[np.float64]:
    return learner.knrs_weights.arrays()["weights"]


def through_topic(snapshot: ModelSnapshot) -> ModelSnapshot:
    return decode(ModelSnapshot, encode(snapshot), max_bytes=LIMIT)


def slate(seed: int = 99) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(size=(12, len(FEATURES)))


def test_it_learns_what_is_clicked() -> None:
    learner = taught(150)

    hits = 0
    for number in range(1_000, 1_060):
        one = example(number)
        features = np.frombuffer(one.features, "<f4").reshape(8, -1).astype(float)
        hits += one.clicked[int(np.argmax(learner.vans.score(features).scores))]
    assert hits > 20  # chance: 7.5
    weights = weights_in(learner)
    assert int(np.argmax(weights - np.array(KNRS.weights))) == METRICS.index("attention")


def test_an_example_is_learned_once() -> None:
    learner = taught(20)
    before = encode(learner.snapshot(STATE))

    assert not learner.learn(example(3), partition=0, offset=3)  # read again
    assert encode(learner.snapshot(STATE)) == before

    assert not learner.learn(example(3), partition=0, offset=20)  # sent again
    assert not learner.learn(example(4), partition=1, offset=4)  # and elsewhere
    assert learner.n_examples == 20
    assert learner.applied == {"0": 20, "1": 4}


@pytest.mark.parametrize("knrs", [KNRS, NEURAL], ids=["linear", "neural"])
@pytest.mark.parametrize("stop", [0, 1, 33, 60])
def test_a_restored_learner_goes_on_bit_by_bit(stop: int, knrs: KnrsConfig) -> None:
    whole = taught(70, Learner(knrs, VANS))

    stopped = taught(stop, Learner(knrs, VANS))
    restored = Learner.restore(knrs, VANS, through_topic(stopped.snapshot(STATE)))
    for number in range(max(stop - 5, 0), stop):  # read again after the crash
        assert not restored.learn(example(number), partition=0, offset=number)
    taught(70, restored, start=stop)

    assert encode(restored.snapshot(STATE)) == encode(whole.snapshot(STATE))
    assert (
        restored.vans.score(slate()).scores.tobytes() == whole.vans.score(slate()).scores.tobytes()
    )


def test_a_serving_snapshot_scores_as_the_learner_does() -> None:
    learner = taught(60)
    snapshot = through_topic(learner.snapshot(SERVING))

    scored, wanted = scorer_of(snapshot, VANS).score(slate()), learner.vans.score(slate())

    assert scored.scores.tobytes() == wanted.scores.tobytes()
    np.testing.assert_allclose(scored.contributions.sum(axis=1), scored.scores, atol=1e-9)
    assert isinstance(weights_of(snapshot), LinearValue)
    assert weights_of(snapshot).arrays()["weights"].tolist() == weights_in(learner).tolist()


def test_a_serving_snapshot_says_which_news_value_it_holds() -> None:
    metrics = np.random.default_rng(3).random((20, N_M))
    learner = taught(60, Learner(NEURAL, VANS))

    value = weights_of(through_topic(learner.snapshot(SERVING)))

    assert value.values(metrics).tobytes() == learner.knrs_weights.values(metrics).tobytes()
    linear = taught(60)
    assert value.values(metrics).tobytes() != linear.knrs_weights.values(metrics).tobytes()


@pytest.mark.parametrize(("ours", "theirs"), [(KNRS, NEURAL), (NEURAL, KNRS)])
def test_a_state_of_the_other_news_value_is_refused(ours: KnrsConfig, theirs: KnrsConfig) -> None:
    state = taught(3, Learner(theirs, VANS)).snapshot(STATE)

    with pytest.raises(ModelError, match="state of the news value must be"):
        Learner.restore(ours, VANS, state)


def test_versions_count_serving_snapshots() -> None:
    learner = taught(3)

    assert [learner.snapshot(SERVING).version for _ in range(3)] == [1, 2, 3]
    state = learner.snapshot(STATE)
    assert state.version == 3
    assert Learner.restore(KNRS, VANS, state).snapshot(SERVING).version == 4


@pytest.mark.parametrize("name", [SERVING, STATE])
def test_a_snapshot_of_nothing_can_be_read(name: str) -> None:
    """It was once dated 1970, which the codec refuses."""
    snapshot = through_topic(Learner(KNRS, VANS).snapshot(name))

    assert snapshot.n_examples == 0
    if name == SERVING:
        values = slate()[:, column("news_value")]
        scores = scorer_of(snapshot, VANS).score(slate()).scores
        assert np.argsort(scores).tolist() == np.argsort(values).tolist()


def test_news_value_weights_stay_positive_and_keep_their_sum() -> None:
    learner = taught(120)

    assert (weights_in(learner) >= 0).all()
    assert weights_in(learner).sum() == pytest.approx(sum(KNRS.weights))


N_F, N_M = len(FEATURES), len(METRICS)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"feature_set": "v0"}, "feature_set must be .* a snapshot has named, got 'v0'"),
        ({"features": b"\0" * 4}, "features, metrics and labels of 8 articles must be"),
        ({"metrics": b""}, "features, metrics and labels of 8 articles must be"),
        (
            {"articles": (), "clicked": (), "features": b"", "metrics": b""},
            "at least one article",
        ),
        ({"clicked": (True,)}, "features, metrics and labels of 8 articles must be"),
        ({"features": b"\0" * 7}, "features, metrics and labels of 8 articles must be"),
        ({"features": np.full(8 * N_F, np.nan, "<f4").tobytes()}, "'e1' must be finite"),
        ({"metrics": np.full(8 * N_M, np.inf, "<f4").tobytes()}, "'e1' must be finite"),
    ],
)
def test_an_example_that_does_not_fit_is_refused_and_nothing_changes(
    changes: dict[str, Any], reason: str
) -> None:
    learner = taught(1)
    before = encode(learner.snapshot(STATE))

    with pytest.raises(BadMessage, match=reason):
        learner.learn(example(1, **changes), partition=0, offset=1)

    assert encode(learner.snapshot(STATE)) == before


@pytest.mark.parametrize("read", [scorer_of, lambda s, v: Learner.restore(KNRS, v, s)])
def test_a_snapshot_of_another_kind_or_feature_set_is_refused(read: Any) -> None:
    learner = taught(2)
    name = SERVING if read is scorer_of else STATE
    other = learner.snapshot(STATE if name == SERVING else SERVING)
    foreign = msgspec.structs.replace(learner.snapshot(name), feature_set="v0", features=())

    for snapshot in (other, foreign):
        with pytest.raises(ModelError, match="snapshot must be"):
            read(snapshot, VANS)


def test_a_slate_without_contrast_teaches_no_weights() -> None:
    learner = taught(5)
    weights = weights_in(learner).tolist()

    assert learner.learn(example(5, clicked=(True,) * 8), partition=0, offset=5)

    assert weights_in(learner).tolist() == weights
    assert learner.n_examples == 6
