from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from river import preprocessing

from cherryrec.vans import Feature, SlateScaler
from tests.unit.vans.slates import FEATURES, slates

NAMES = [feature.name for feature in FEATURES]


def test_slates_are_standardised_as_river_standardises_their_centred_rows() -> None:
    scaler = SlateScaler(FEATURES, clip=1e9)
    rows: Any = preprocessing.StandardScaler()
    contexts: Any = preprocessing.StandardScaler()

    for X, _ in slates(30):
        Z = scaler.transform_slate(X)
        scaler.learn_slate(X)
        centred = X - X.mean(axis=0)
        for row in centred:
            rows.learn_one(dict(zip(NAMES[:4], row[:4].tolist(), strict=True)))
        contexts.learn_one({"history": float(X[0, 4])})

        for raw, row, z in zip(X, centred, Z, strict=True):
            oracle = rows.transform_one(dict(zip(NAMES[:4], row[:4].tolist(), strict=True)))
            oracle |= contexts.transform_one({"history": float(raw[4])})
            np.testing.assert_allclose(z, list(oracle.values()), rtol=0, atol=1e-9)


def test_single_rows_are_standardised_as_river_does() -> None:
    scaler = SlateScaler(FEATURES)
    rivers: Any = preprocessing.StandardScaler()

    for X, _ in slates(10):
        for row in X:
            x: dict[Hashable, float] = dict(zip(NAMES, row.tolist(), strict=True))
            scaler.learn_one(x)
            rivers.learn_one(x)
            ours, oracle = scaler.transform_one(x), rivers.transform_one(x)
            np.testing.assert_allclose(list(ours.values()), list(oracle.values()), atol=1e-9)


def test_standardised_features_are_cut() -> None:
    scaler = SlateScaler((Feature("ctr"),), clip=2.0)
    scaler.learn_slate(np.array([[-1.0], [1.0]] * 50))

    assert scaler.transform_slate(np.array([[0.0], [100.0]])).tolist() == [[-2.0], [2.0]]


def test_one_article_has_context_but_no_spread() -> None:
    scaler = SlateScaler(FEATURES)

    scaler.learn_slate(np.array([[0.3, 1.0, 1.0, 1.0, 7.0]]))

    assert scaler.moments.count.tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert scaler.moments.mean.tolist() == [0.0, 0.0, 0.0, 0.0, 7.0]


def test_a_constant_feature_is_zero_whatever_its_size() -> None:
    scaler = SlateScaler((Feature("ctr"), Feature("hour", is_context=True)))
    slate = np.array([[0.1 + 0.2, 0.7], [0.3, 0.7], [0.3, 0.7]]) * 1e6
    slate[:, 0] = 0.1 + 0.2

    for _ in range(5):
        assert scaler.transform_slate(slate).tolist() == [[0.0, 0.0]] * 3
        scaler.learn_slate(slate)


def test_transforming_writes_nothing() -> None:
    scaler = SlateScaler(FEATURES)
    (X, _), *_ = slates(1)
    scaler.learn_slate(X)
    before = {name: array.tobytes() for name, array in scaler.snapshot().items()}

    scaler.transform_slate(X)
    scaler.transform_one({"ctr": 0.1, "unknown": 3.0})

    assert {name: array.tobytes() for name, array in scaler.snapshot().items()} == before
