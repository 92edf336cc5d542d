from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pytest
from river import optim

from cherryrec.errors import ModelError
from cherryrec.listwise import (
    AdaGrad,
    ListwiseLinear,
    has_contrast,
    linear_gradient,
    listwise_gradient,
)


def test_vector_adagrad_steps_as_rivers_does_through_dicts() -> None:
    rng = np.random.default_rng(0)
    vector, weights = AdaGrad(lr=0.1), np.zeros(4)
    rivers = optim.AdaGrad(lr=0.1)
    as_dict: dict[Hashable, float] = dict.fromkeys(range(4), 0.0)

    for _ in range(30):
        gradient = rng.normal(size=4)
        vector.step(weights, gradient)
        rivers.step(as_dict, dict(enumerate(gradient.tolist())))

    np.testing.assert_allclose(weights, list(as_dict.values()), rtol=0, atol=1e-12)


def test_listwise_gradient_is_the_loss_differentiated() -> None:
    rng = np.random.default_rng(1)
    scores, clicked = rng.normal(size=6), np.array([True, False, True, False, False, False])

    def loss(s: np.ndarray) -> float:
        return float(np.log(np.exp(s).sum()) - s[clicked].mean())

    steps = 1e-6 * np.eye(6)
    numeric = [(loss(scores + e) - loss(scores - e)) / 2e-6 for e in steps]
    gradient = listwise_gradient(scores, clicked)
    np.testing.assert_allclose(gradient, numeric, atol=1e-8)
    assert abs(gradient.sum()) < 1e-12


def test_linear_gradient_is_the_loss_and_the_pull_differentiated() -> None:
    rng = np.random.default_rng(2)
    slate, weights, initial = rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=3)
    clicked = np.array([True, False, True, False, False, False])

    def loss(w: np.ndarray) -> float:
        s = slate @ w
        pull = 0.05 * ((w - initial) ** 2).sum()
        return float(np.log(np.exp(s).sum()) - s[clicked].mean() + pull)

    steps = 1e-6 * np.eye(3)
    numeric = [(loss(weights + e) - loss(weights - e)) / 2e-6 for e in steps]
    np.testing.assert_allclose(
        linear_gradient(slate, weights, initial, 0.1, clicked), numeric, atol=1e-8
    )


def test_huge_scores_do_not_overflow() -> None:
    gradient = listwise_gradient(np.array([1e6, 0.0]), np.array([False, True]))

    assert gradient.tolist() == [1.0, -1.0]


@pytest.mark.parametrize("labels", [[False, False], [True, True], [True], [False]])
def test_a_slate_without_contrast_teaches_nothing(labels: list[bool]) -> None:
    model = ListwiseLinear(2)

    assert not has_contrast(np.array(labels))
    model.learn(np.ones((len(labels), 2)), np.array(labels))

    assert model.weights.tolist() == [0.0, 0.0]
    assert model.optimizer.n_iterations == 0


def test_weights_find_the_truth() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([1.5, -1.0, 0.0])
    model = ListwiseLinear(3, lr=0.05)

    for _ in range(3000):
        slate = rng.normal(size=(8, 3))
        clicked = np.zeros(8, dtype=bool)
        clicked[np.argmax(slate @ truth + rng.gumbel(size=8))] = True
        model.learn(slate, clicked)

    np.testing.assert_allclose(model.weights, truth, atol=0.2)


def test_nonnegative_weights_stop_at_zero() -> None:
    model = ListwiseLinear(1, nonnegative=True, initial=np.array([0.05]))

    for _ in range(10):
        model.learn(np.array([[1.0], [0.0]]), np.array([False, True]))

    assert model.weights.tolist() == [0.0]


def test_l2_pulls_towards_the_initial_weights() -> None:
    slate, clicked = np.array([[1.0], [0.0]]), np.array([True, False])
    free = ListwiseLinear(1, initial=np.array([1.0]))
    held = ListwiseLinear(1, initial=np.array([1.0]), l2=1.0)

    for _ in range(500):
        free.learn(slate, clicked)
        held.learn(slate, clicked)

    assert 1.0 < held.weights[0] < free.weights[0]


def test_a_restored_learner_goes_on_bit_by_bit() -> None:
    rng = np.random.default_rng(3)
    model, restored = ListwiseLinear(3), ListwiseLinear(3)

    for i in range(40):
        if i == 20:
            restored.load(model.snapshot())
        slate, clicked = rng.normal(size=(5, 3)), np.arange(5) == rng.integers(5)
        model.learn(slate, clicked)
        if i >= 20:
            restored.learn(slate, clicked)

    assert model.weights.tobytes() == restored.weights.tobytes()


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ModelError, match=r"initial weights must have the shape \(2,\), got \(3,\)"):
        ListwiseLinear(2, initial=np.zeros(3))
    with pytest.raises(ModelError, match="it was taken of another model"):
        ListwiseLinear(2).load(ListwiseLinear(3).snapshot())
