from __future__ import annotations

from typing import Any

import numpy as np
from river import feature_extraction, linear_model, optim, preprocessing

from cherryrec.listwise import listwise_gradient
from cherryrec.vans import Feature, ListwiseRegression, SlateScaler
from tests.unit.vans.slates import FEATURES, slates

NAMES = ("ctr", "age", "relevance")
PLAIN = tuple(Feature(name) for name in NAMES)


def test_row_by_row_it_is_rivers_polynomial_linear_regression() -> None:
    polynomials: Any = feature_extraction.PolynomialExtender
    rng = np.random.default_rng(0)
    ours = SlateScaler(PLAIN) | ListwiseRegression(PLAIN, optimizer=optim.SGD(0.01), l2=0.1)
    rivers = (
        preprocessing.StandardScaler()
        | polynomials(degree=2)
        | linear_model.LinearRegression(optimizer=optim.SGD(0.01), l2=0.1)
    )

    for _ in range(200):
        x = dict(zip(NAMES, rng.normal(size=3).tolist(), strict=True))
        y = 0.5 * x["ctr"] - x["age"] * x["relevance"] + 0.1
        assert abs(ours.predict_one(x) - rivers.predict_one(x)) < 1e-9
        ours.learn_one(x, y)
        rivers.learn_one(x, y)

    assert abs(rivers.predict_one(dict.fromkeys(NAMES, 1.0))) > 0.01


def test_slate_gradient_equals_that_of_written_out_centred_products() -> None:
    Z = np.random.default_rng(1).normal(size=(6, 5))
    Z[:, 4] = Z[0, 4]
    clicked = np.arange(6) == 2
    model = ListwiseRegression(FEATURES, degrees=(2,), optimizer=optim.SGD(0.5))

    model.learn_slate(Z, clicked)

    pairs = [(i, j) for i in range(5) for j in range(i, 5) if (i, j) != (4, 4)]
    products = np.stack([Z[:, i] * Z[:, j] for i, j in pairs], axis=1)
    products -= products.mean(axis=0)
    wanted = -0.5 * (listwise_gradient(np.zeros(6), clicked) @ products)
    np.testing.assert_allclose(model.weights, wanted, atol=1e-12)
    np.testing.assert_allclose(model.score_slate(Z), products @ wanted, atol=1e-12)


def test_an_interaction_with_a_context_is_credited_to_the_other_feature() -> None:
    model = ListwiseRegression(FEATURES, degrees=(2,))
    for X, clicked in slates(50):
        model.learn_slate((X - X.mean(axis=0)) / X.std() + [0, 0, 0, 0, 1.0], clicked)
    Z = np.random.default_rng(2).normal(size=(6, 5))
    Z[:, 4] = 1.5

    contributions = model.frozen().contributions(Z)

    np.testing.assert_allclose(contributions[:, 4], 0.0, atol=1e-12)
    assert np.abs(contributions[:, 2]).max() > 0.0


def test_an_interaction_of_two_features_is_split_in_half() -> None:
    model = ListwiseRegression(PLAIN[:2], degrees=(2,))
    model.weights[:] = [0.0, 1.0, 0.0]  # ctr², ctr x age, age²

    contributions = model.frozen().contributions(np.array([[1.0, 2.0], [-1.0, 2.0]]))

    assert contributions.tolist() == [[1.0, 1.0], [-1.0, -1.0]]


def test_a_context_has_no_weight_of_its_own() -> None:
    model = ListwiseRegression(FEATURES, degrees=(1,))

    for X, clicked in slates(30):
        model.learn_slate(X / 1e4, clicked)

    assert model.weights[4] == 0.0
    assert np.all(model.weights[:4] != 0.0)


def test_interactions_learn_what_an_offset_leaves() -> None:
    Z, clicked = np.array([[1.0], [0.0]]), np.array([True, False])
    alone = ListwiseRegression(PLAIN[:1], optimizer=optim.SGD(1.0))
    on_top = ListwiseRegression(PLAIN[:1], optimizer=optim.SGD(1.0))

    alone.learn_slate(Z, clicked)
    on_top.learn_slate(Z, clicked, np.array([50.0, 0.0]))

    assert alone.weights[0] == 0.5
    assert abs(on_top.weights[0]) < 1e-12


def test_l2_pulls_the_prior_back() -> None:
    model = ListwiseRegression(
        PLAIN, degrees=(1,), optimizer=optim.SGD(0.1), l2=1.0, initial={"age": 1.0}
    )
    model.weights[1] = 2.0

    model.learn_slate(np.zeros((2, 3)), np.array([True, False]))

    assert model.weights.tolist() == [0.0, 1.9, 0.0]
