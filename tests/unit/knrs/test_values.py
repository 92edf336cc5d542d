"""Both news values and their learners: one contract, and small worlds whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.codec import pack, unpack
from cherryrec.errors import ModelError
from cherryrec.knrs import (
    METRICS,
    VALUE_MODELS,
    KnrsConfig,
    LinearValue,
    NeuralValue,
    ValueLearner,
    value_learner,
    value_of,
)
from cherryrec.listwise import ListwiseLinear

Floats = NDArray[np.float64]
RELEVANCE, ATTENTION = METRICS.index("relevance"), METRICS.index("attention")


def learner_of(model: str, **settings: Any) -> ValueLearner:
    return value_learner(KnrsConfig(model=model, **settings))


def slate(number: int, n: int = 10) -> Floats:
    return np.random.default_rng([7, number]).random((n, len(METRICS)))


def attentive(metrics: Floats) -> NDArray[np.bool_]:
    """A world in which what has most attention is clicked."""
    return np.arange(len(metrics)) == np.argmax(metrics[:, ATTENTION])


def either(metrics: Floats) -> NDArray[np.bool_]:
    """A world in which relevance counts without attention, and attention without relevance."""
    apart = np.abs(metrics[:, RELEVANCE] - metrics[:, ATTENTION])
    return np.arange(len(metrics)) == np.argmax(apart)


def taught(learner: ValueLearner, world: Any, start: int, stop: int) -> ValueLearner:
    for number in range(start, stop):
        learner.learn(slate(number), world(slate(number)))
    return learner


def hit_rate(learner: ValueLearner, world: Any) -> float:
    """Share of later slates whose clicked article is valued most; chance: 0.1."""
    value = learner.value()
    slates = [slate(number) for number in range(50_000, 50_300)]
    return float(np.mean([world(f)[np.argmax(value.values(f))] for f in slates]))


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_a_fresh_news_value_is_the_configured_sum(model: str) -> None:
    config = KnrsConfig(model=model)

    values = value_learner(config).value().values(slate(0))

    np.testing.assert_allclose(values, slate(0) @ np.array(config.weights), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("model", VALUE_MODELS)
def test_rows_are_valued_one_by_one_or_together(model: str) -> None:
    value = taught(learner_of(model), either, 0, 50).value()
    metrics = slate(1, 500)

    values = value.values(metrics)

    assert values.shape == (500,)
    single = [value.values(metrics[k : k + 1])[0] for k in range(500)]
    np.testing.assert_allclose(values, single, rtol=1e-12)
    assert value.values(np.zeros((0, len(METRICS)))).shape == (0,)


@pytest.mark.parametrize("model", VALUE_MODELS)
@pytest.mark.parametrize("stop", [0, 1, 40])
def test_a_restored_learner_goes_on_bit_by_bit(model: str, stop: int) -> None:
    whole = taught(learner_of(model), either, 0, 80)
    arrays = taught(learner_of(model), either, 0, stop).snapshot()
    restored = learner_of(model)

    restored.load({name: unpack(pack(array)) for name, array in arrays.items()})
    taught(restored, either, stop, 80)

    ours, theirs = restored.snapshot(), whole.snapshot()
    assert ours.keys() == theirs.keys()
    assert [ours[name].tobytes() for name in ours] == [theirs[name].tobytes() for name in ours]


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_a_snapshot_does_not_change_as_learning_goes_on(model: str) -> None:
    learner = taught(learner_of(model), either, 0, 5)
    value, state = learner.value(), learner.snapshot()
    before = value.values(slate(0)).tobytes(), state["weights"].tobytes()

    taught(learner, either, 5, 20)

    assert (value.values(slate(0)).tobytes(), state["weights"].tobytes()) == before


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_the_arrays_are_the_news_value(model: str) -> None:
    value = taught(learner_of(model), either, 0, 30).value()

    again = value_of(value.arrays())

    assert type(again) is type(value)
    assert again.values(slate(3)).tobytes() == value.values(slate(3)).tobytes()


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_no_news_value_exceeds_the_sum_of_the_weights(model: str) -> None:
    value = taught(learner_of(model), either, 0, 300).value()
    corners = np.array(np.meshgrid(*[[0.0, 1.0]] * 5)).reshape(5, -1).T

    assert np.abs(value.values(corners)).max() <= sum(KnrsConfig().weights) + 1e-12


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_a_slate_without_contrast_teaches_nothing(model: str) -> None:
    learner = taught(learner_of(model), either, 0, 10)
    before = learner.value().values(slate(0)).tolist()

    learner.learn(slate(1), np.ones(10, bool))
    learner.learn(slate(1), np.zeros(10, bool))

    assert learner.value().values(slate(0)).tolist() == before


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_a_metric_held_at_nothing_teaches_nothing_of_itself(model: str) -> None:
    """What is left out can't select through what was learned: no row has it."""
    learner, column = learner_of(model), METRICS.index("timeliness")
    start = learner.snapshot()
    for number in range(100):
        metrics = slate(number)
        metrics[:, column] = 0.0
        learner.learn(metrics, attentive(metrics))

    state = learner.snapshot()

    assert state["weights"][column] == start["weights"][column]
    if "hidden" in state:
        assert state["hidden"][column].tolist() == start["hidden"][column].tolist()


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_both_find_the_metric_that_counts(model: str) -> None:
    fresh = hit_rate(learner_of(model), attentive)

    learned = hit_rate(taught(learner_of(model), attentive, 0, 400), attentive)

    assert learned > fresh
    assert learned > 0.55


def test_only_the_network_finds_metrics_that_count_apart() -> None:
    linear = hit_rate(taught(learner_of("linear"), either, 0, 3_000), either)
    neural = hit_rate(taught(learner_of("neural"), either, 0, 3_000), either)

    assert linear < 0.35
    assert neural > 0.6


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_the_linear_learner_is_the_listwise_model_to_the_bit(seed: int, n: int) -> None:
    """As it was before there was a second news value."""
    config = KnrsConfig()
    start = np.array(config.weights)
    plain = ListwiseLinear(5, lr=0.02, nonnegative=True, initial=start)
    learner = value_learner(config)
    rng = np.random.default_rng(seed)

    for _ in range(n):
        metrics, clicked = rng.random((6, 5)), rng.random(6) < 0.3
        plain.learn(metrics, clicked)
        learner.learn(metrics, clicked)

    scaled = plain.weights * (start.sum() / plain.weights.sum())
    metrics = rng.random((40, 5))
    assert learner.value().arrays()["weights"].tobytes() == scaled.tobytes()
    assert learner.value().values(metrics).tobytes() == (metrics @ scaled).tobytes()


def test_weights_that_all_came_to_nothing_are_those_of_the_start() -> None:
    learner = learner_of("linear", weights=(0.0, 0.0, 0.0, 0.01, 0.0))
    metrics = np.zeros((2, 5))
    metrics[0, ATTENTION] = 1.0
    for _ in range(3):
        learner.learn(metrics, np.array([False, True]))

    assert learner.value().arrays()["weights"].tolist() == [0.0, 0.0, 0.0, 0.01, 0.0]


def test_a_network_of_another_size_is_refused() -> None:
    state = learner_of("neural", n_hidden=4).snapshot()

    with pytest.raises(ModelError, match=r"must be neural with 8 units, got bias \(4,\)"):
        learner_of("neural").load(state)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({}, "must be weights, or weights, hidden, bias and out, got none"),
        ({"weights": np.ones(5), "out": np.ones(2)}, "got out, weights"),
        ({"weights": np.ones(4)}, r"weights of a news value must be .* shape \(5,\)"),
        ({"weights": np.full(5, np.nan)}, "must be finite"),
    ],
)
def test_arrays_of_no_news_value_are_refused(arrays: dict[str, Floats], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        value_of(arrays)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hidden": np.ones((4, 2))}, r"hidden of a news value must be .* shape \(5, 2\)"),
        ({"bias": np.ones(3)}, r"bias of a news value must be .* shape \(2,\)"),
        ({"out": np.ones((2, 1))}, "out of a news value must be"),
        ({"weights": np.ones(6)}, "weights of a news value must be"),
        ({"out": np.array([1.0, np.inf])}, "must be finite"),
    ],
)
def test_a_network_whose_arrays_do_not_fit_is_refused(
    changes: dict[str, Floats], reason: str
) -> None:
    arrays = {
        "weights": np.ones(5),
        "hidden": np.ones((5, 2)),
        "bias": np.ones(2),
        "out": np.ones(2),
    }
    assert isinstance(value_of(arrays), NeuralValue)

    with pytest.raises(ModelError, match=reason):
        value_of(arrays | changes)


def test_a_linear_value_is_the_weighted_sum() -> None:
    weights = np.array([0.1, 0.2, 0.3, 0.4, 0.5])

    assert LinearValue(weights).values(np.eye(5)).tolist() == weights.tolist()
