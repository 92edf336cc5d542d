"""The polynomial that River learns; test_members.py has what all members promise."""

from __future__ import annotations

import numpy as np
import pytest
from river import feature_extraction

from cherryrec.errors import ConfigError, ModelError
from cherryrec.features import CONTEXT, FEATURES, GATED
from cherryrec.learner import VANS_FEATURES
from cherryrec.vans import Feature, Poly, PolynomialRegression
from cherryrec.vans.members.poly import FrozenPoly

SMALL = (Feature("a"), Feature("b"), Feature("unseen"), Feature("c", is_context=True))
SEEN = ("c", "a", "b")
Floats = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def slate(rng: np.random.Generator, n: int = 6) -> tuple[Floats, np.ndarray]:
    Z = rng.normal(size=(n, len(SMALL)))
    Z[:, 3] = Z[0, 3]
    return Z, np.arange(n) == int(np.argmax(Z[:, 0] * Z[:, 3] + Z[:, 1]))


def learned(n: int = 200) -> PolynomialRegression:
    rng = np.random.default_rng(0)
    model = PolynomialRegression(SMALL, scores=SEEN, learning_rate=0.05)
    for _ in range(n):
        model.learn_slate(*slate(rng))
    return model


def test_its_scores_are_the_features_they_are_named_after() -> None:
    assert set(Poly().scores) <= set(FEATURES) - set(GATED)
    model = Poly().learner(VANS_FEATURES, clip=5.0, seed=0)

    n, n_context = len(Poly().scores), len(set(Poly().scores) & set(CONTEXT))
    wanted = (n - n_context) + n * (n + 1) // 2 - n_context * (n_context + 1) // 2
    assert len(model.names) == len(set(model.names)) == wanted


def test_rivers_own_pipeline_predicts_the_same() -> None:
    model = learned()
    pipeline = feature_extraction.PolynomialExtender(degree=2) | model.model
    Z, _ = slate(np.random.default_rng(1), n=40)

    rows = [{name: z[i] for name, i in (("a", 0), ("b", 1), ("c", 3))} for z in Z.tolist()]
    predicted = np.array([pipeline.predict_one(row) for row in rows])

    assert np.ptp(predicted) > 0.1
    np.testing.assert_allclose(
        model.frozen().scores(Z), predicted - predicted.mean(), rtol=0, atol=1e-9
    )


def test_a_step_is_adagrads_along_the_slates_gradient() -> None:
    rng = np.random.default_rng(2)
    model = PolynomialRegression(SMALL, scores=SEEN, learning_rate=0.05, l2=0.01)
    weights, squares = np.zeros(len(model.names)), np.zeros(len(model.names))
    for _ in range(50):
        Z, clicked = slate(rng)
        c, a, b = Z[:, 3], Z[:, 0], Z[:, 1]
        X = np.column_stack([a, b, c * a, c * b, a * a, a * b, b * b])  # (n, P)
        chances = np.exp(X @ weights) / np.exp(X @ weights).sum()
        gradient = (chances - clicked) @ X + 0.01 * weights
        squares += gradient**2
        weights -= 0.05 * gradient / np.sqrt(squares + 1e-8)

        model.learn_slate(Z, clicked)

    assert model.names == ["a", "b", "a*c", "b*c", "a*a", "a*b", "b*b"]
    np.testing.assert_allclose(model.weights, weights, rtol=0, atol=1e-9)


def test_it_learns_an_interaction_and_sees_only_its_scores() -> None:
    weights = dict(zip(learned().names, learned().weights.tolist(), strict=True))

    assert weights["a*c"] > 2 * max(abs(weights[name]) for name in ("a", "a*a", "b*b", "a*b"))
    assert weights["b"] > weights["b*c"]
    assert not learned().frozen().contributions(slate(np.random.default_rng(3))[0])[:, 2].any()


def test_without_any_of_its_scores_it_is_mute() -> None:
    rng = np.random.default_rng(4)
    model = PolynomialRegression(SMALL, scores=("elsewhere",))

    for _ in range(5):
        Z, clicked = slate(rng)
        model.learn_slate(Z, clicked)

    assert model.names == []
    assert model.score_slate(Z).tolist() == [0.0] * len(Z)


def test_scores_that_are_set_must_be_features() -> None:
    known = r"must be some of \['a', 'b', 'unseen', 'c'\], and \['agee'\] are not"

    with pytest.raises(ConfigError, match=f"poly: scores {known}"):
        Poly(scores=("a", "agee")).learner(SMALL, clip=5.0, seed=0)
    assert Poly().learner(SMALL, clip=5.0, seed=0).names == []


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    arrays = learned().frozen().arrays()

    with pytest.raises(ModelError, match="polynomial of 3 scores must have as many weights"):
        FrozenPoly.of_arrays(arrays | {"weights": np.zeros(2)}, len(SMALL))
    with pytest.raises(ModelError, match="must be at least 0 and below 4, got 0 to 4"):
        beyond = arrays | {"columns": np.array([0, 1, 4])}
        Poly().frozen(beyond, n_features=len(SMALL), clip=5.0)
