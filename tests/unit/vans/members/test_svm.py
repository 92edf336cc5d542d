from __future__ import annotations

import numpy as np
from river import optim

from cherryrec.vans import Feature, PairwiseSVM

PLAIN = (Feature("ctr"), Feature("age"))


def test_gradient_is_the_mean_hinge_over_pairs() -> None:
    Z = np.random.default_rng(0).normal(size=(5, 2))
    clicked = np.array([True, False, True, False, False])
    svm = PairwiseSVM(PLAIN, optimizer=optim.SGD(1.0), l2=0.0, averaging=1)
    svm.weights[:] = start = np.array([0.4, -0.3])

    svm.learn_slate(Z, clicked)

    wanted = np.zeros(2)
    for i in np.flatnonzero(clicked):
        for j in np.flatnonzero(~clicked):
            if (Z[i] - Z[j]) @ start < 1.0:
                wanted += (Z[i] - Z[j]) / 6
    np.testing.assert_allclose(svm.weights - start, wanted, atol=1e-12)


def test_a_slate_in_order_by_the_margin_teaches_nothing() -> None:
    svm = PairwiseSVM(PLAIN, l2=0.0)
    svm.weights[:] = [1.0, 0.0]

    svm.learn_slate(np.array([[2.0, 5.0], [0.5, -5.0]]), np.array([True, False]))

    assert svm.weights.tolist() == [1.0, 0.0]


def test_scores_come_from_averaged_weights() -> None:
    svm = PairwiseSVM(PLAIN, optimizer=optim.SGD(1.0), l2=0.0)
    Z = np.array([[0.5, 0.0], [0.0, 0.0]])

    seen = []
    for _ in range(2):
        svm.learn_slate(Z, np.array([True, False]))
        seen.append(svm.weights.copy())

    np.testing.assert_allclose(svm.averaged, np.mean(seen, axis=0))


def test_row_by_row_it_approaches_the_label_and_not_twice_the_label() -> None:
    svm = PairwiseSVM(PLAIN, optimizer=optim.SGD(0.02), l2=0.0, averaging=50)

    for _ in range(2000):
        svm.learn_one({"ctr": 1.0}, 3.0)

    assert abs(svm.predict_one({"ctr": 1.0}) - 3.0) < 0.2
