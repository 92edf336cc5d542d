"""An example that stands for others moves what descends a loss by as much more, and only that."""

from __future__ import annotations

import numpy as np
import pytest
from river import optim

from cherryrec.knrs import KnrsConfig
from cherryrec.knrs.retriever import ContrastLearner
from cherryrec.learner import Learner
from cherryrec.snapshots import STATE
from cherryrec.vans import Feature, ListwiseRegression, PairwiseSVM, Vans, VansConfig
from cherryrec.vans.member import SlateMember
from tests.unit.test_learner import example

FEATURES = (Feature("ctr"), Feature("age"))
SLATE = np.array([[1.0, 0.2], [-1.0, 0.5], [0.0, -0.7]])
CLICKED = np.array([True, False, False])


def learner_after(*weights: float) -> Learner:
    learner = Learner(KnrsConfig(), VansConfig())
    for number, weight in enumerate(weights):
        learner.learn(example(number), partition=0, offset=number, weight=weight)
    return learner


@pytest.mark.parametrize("kind", [ListwiseRegression, PairwiseSVM])
def test_a_step_of_gradient_descent_is_as_many_times_as_long(
    kind: type[ListwiseRegression] | type[PairwiseSVM],
) -> None:
    once, thrice = (kind(FEATURES, optimizer=optim.SGD(0.01), l2=0.0) for _ in range(2))

    once.learn_slate(SLATE, CLICKED)
    thrice.learn_slate(SLATE, CLICKED, weight=3.0)

    assert np.abs(once.weights).max() > 0.0
    assert thrice.weights == pytest.approx(3.0 * once.weights)


@pytest.mark.parametrize("name", ["boost", "forest"])
def test_windows_of_trees_count_it_once(name: str) -> None:
    once, thrice = (_member(name) for _ in range(2))
    slate = np.hstack([SLATE, SLATE]) if name == "boost" else SLATE

    once.learn_slate(slate, CLICKED)
    thrice.learn_slate(slate, CLICKED, weight=3.0)

    expected, found = once.snapshot(), thrice.snapshot()
    assert all(np.array_equal(expected[key], found[key]) for key in expected)


@pytest.mark.parametrize(
    "part", ["knrs/", "vans/stacker/", "vans/linear/", "vans/net/", "vans/factors/"]
)
def test_every_part_that_descends_a_loss_takes_the_weight(part: str) -> None:
    """The first step of AdaGrad and Adam does not depend on the gradient's size, the next does."""
    once, weighted = learner_after(1.0, 1.0), learner_after(1.0, 8.0)

    expected, found = once.snapshot(STATE).arrays, weighted.snapshot(STATE).arrays

    names = [name for name in expected if name.startswith(part)]
    assert names
    assert any(expected[name] != found[name] for name in names)
    rest = [name for name in expected if name.startswith(("vans/scaler/", "cnle/", "recent"))]
    assert all(expected[name] == found[name] for name in rest)


def test_what_keeps_and_orders_the_catalogue_takes_the_weight_too() -> None:
    once, weighted = (ContrastLearner(np.zeros(2)) for _ in range(2))
    for learner, weight in ((once, 1.0), (weighted, 8.0)):
        learner.learn(SLATE[:1, :2], SLATE[1:, :2], n_all=2)
        learner.learn(SLATE[2:, :2], SLATE[:2, :2], n_all=2, weight=weight)

    assert not np.allclose(once.weights, weighted.weights)


def test_a_weight_of_1_changes_nothing() -> None:
    plain = Learner(KnrsConfig(), VansConfig())
    for number in range(3):
        plain.learn(example(number), partition=0, offset=number)

    assert learner_after(1.0, 1.0, 1.0).snapshot(STATE).arrays == plain.snapshot(STATE).arrays


def test_an_example_that_was_left_out_is_not_learned_when_it_is_read_again() -> None:
    learner = learner_after(1.0)

    learner.leave_out(partition=0, offset=1)

    assert not learner.learn(example(1), partition=0, offset=1)
    assert learner.learn(example(2), partition=0, offset=2)
    learner.leave_out(partition=0, offset=1)
    assert learner.applied == {"0": 2}


def _member(name: str) -> SlateMember:
    return Vans(FEATURES, VansConfig(members=("linear", name))).members[name]
