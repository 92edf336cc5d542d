"""What every member promises, run by each of them."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from river.checks import common

from cherryrec.vans import (
    BoostedTrees,
    FactorisedRegression,
    ListwiseNet,
    ListwiseRegression,
    PairwiseSVM,
    PolynomialRegression,
    SlateScaler,
    WindowForest,
)
from cherryrec.vans.inputs import RANKS
from cherryrec.vans.member import SlateMember
from tests.unit.vans.slates import FEATURES, Bools, Floats, auc, slates

NAMES = tuple(feature.name for feature in FEATURES)
BUILDERS: dict[str, Callable[[], SlateMember]] = {
    "linear": lambda: ListwiseRegression(FEATURES, degrees=(1,)),
    "pairs": lambda: ListwiseRegression(FEATURES, degrees=(2,)),
    "poly": lambda: PolynomialRegression(FEATURES, scores=NAMES),
    "both": lambda: ListwiseRegression(FEATURES),
    "forest": lambda: WindowForest(FEATURES, refit_every=10, min_leaf=10.0, leaf_shrinkage=10.0),
    "svm": lambda: PairwiseSVM(FEATURES),
    "factors": lambda: FactorisedRegression(FEATURES),
    "net": lambda: ListwiseNet(FEATURES),
    "wide": lambda: ListwiseNet(FEATURES, inputs=RANKS),
    "boost": lambda: BoostedTrees(FEATURES, every=5, n_trees=50, window_rows=2_048),
}
N = len(FEATURES)
TWO_INPUTS = {"wide", "boost"}
"""Members that see two inputs of each feature; of a row by itself they see the first."""


@dataclass
class Case:
    """A member to be built, and the width of what it sees."""

    name: str

    def __call__(self) -> SlateMember:
        return BUILDERS[self.name]()

    def seen(self, Z: Floats) -> Floats:
        """What it sees of standardised rows, (n, F), the second inputs at 0."""
        return np.hstack([Z, np.zeros_like(Z)]) if self.name in TWO_INPUTS else Z

    def standardised(self, n_impressions: int) -> Iterator[tuple[Floats, Bools]]:
        for Z, clicked in standardised(n_impressions):
            yield self.seen(Z), clicked


@pytest.fixture(params=sorted(BUILDERS))
def build(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def standardised(n_impressions: int) -> Iterator[tuple[Floats, Bools]]:
    scaler = SlateScaler(FEATURES)
    for X, clicked in slates(n_impressions):
        scaler.learn_slate(X)
        yield scaler.moments.standardise(X, 5.0), clicked


def state(member: SlateMember) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in member.snapshot().items()}


def as_row(z: Floats) -> dict[Hashable, float]:
    return {feature.name: float(value) for feature, value in zip(FEATURES, z, strict=True)}


def test_a_fresh_member_prefers_nothing(build: Case) -> None:
    Z = build.seen(np.random.default_rng(0).normal(size=(4, N)))

    assert build().score_slate(Z).tolist() == [0.0] * 4
    assert build().predict_one(as_row(Z[0, :N])) == 0.0


def test_it_learns(build: Case) -> None:
    member, measured = build(), []

    for Z, clicked in build.standardised(600):
        measured.append(auc(member.score_slate(Z), clicked))
        member.learn_slate(Z, clicked)

    assert np.mean(measured[300:]) > 0.6


def test_scoring_writes_nothing(build: Case) -> None:
    member = build()
    for Z, clicked in build.standardised(25):
        member.learn_slate(Z, clicked)
    before = state(member)

    member.score_slate(Z)
    member.frozen().contributions(Z)
    member.predict_one({"ctr": 1.0, "unknown": 2.0})

    assert state(member) == before


def test_contributions_sum_to_scores_of_mean_zero(build: Case) -> None:
    member = build()
    for Z, clicked in build.standardised(60):
        member.learn_slate(Z, clicked)

    contributions, scores = member.frozen().contributions(Z), member.score_slate(Z)

    assert contributions.shape == (len(Z), N)
    np.testing.assert_allclose(contributions.sum(axis=1), scores, atol=1e-12)
    np.testing.assert_allclose(contributions.mean(axis=0), 0.0, atol=1e-12)
    assert np.ptp(scores) > 0.0


def test_slate_scores_are_the_rows_predictions_but_for_a_constant(
    build: Case,
) -> None:
    member = build()
    for Z, clicked in build.standardised(60):
        member.learn_slate(Z, clicked)

    predictions = np.array([member.predict_one(as_row(z)) for z in Z[:, :N]])

    wanted = predictions - predictions.mean()
    np.testing.assert_allclose(member.score_slate(Z), wanted, atol=1e-9)


def test_one_article_scores_zero(build: Case) -> None:
    member = build()
    for Z, clicked in build.standardised(30):
        member.learn_slate(Z, clicked)

    assert member.score_slate(Z[:1]).tolist() == [0.0]


def test_a_restored_member_goes_on_bit_by_bit(build: Case) -> None:
    member, restored = build(), build()

    for i, (Z, clicked) in enumerate(build.standardised(70)):
        if i == 35:
            restored.load(member.snapshot())
        member.learn_slate(Z, clicked)
        if i >= 35:
            restored.learn_slate(Z, clicked)

    assert member.score_slate(Z).tobytes() == restored.score_slate(Z).tobytes()
    assert state(member) == state(restored)


def test_a_part_stays_as_it_was_while_the_member_learns(
    build: Case,
) -> None:
    member = build()
    stream = list(build.standardised(60))
    for Z, clicked in stream[:30]:
        member.learn_slate(Z, clicked)
    frozen = member.frozen()
    before = frozen.contributions(stream[0][0])

    for Z, clicked in stream[30:]:
        member.learn_slate(Z, clicked)

    assert frozen.contributions(stream[0][0]).tobytes() == before.tobytes()


class Rows:
    """A stream of rows, as River's checks read one."""

    def __iter__(self) -> Iterator[tuple[dict[Hashable, float], float]]:
        for Z, clicked in standardised(15):
            yield from zip(map(as_row, Z), clicked.astype(float).tolist(), strict=True)


RIVER_CHECKS = [
    common.check_repr,
    common.check_str,
    common.check_tags,
    common.check_clone_same_class,
    common.check_init_default_params_are_not_mutable,
    common.check_doc,
    common.check_clone_changes_memory_addresses,
    common.check_repr_roundtrips_clone,
    common.check_get_params_matches_signature,
    common.check_learn_one,
    common.check_shuffle_features_no_impact,
    common.check_emerging_features,
    common.check_disappearing_features,
    common.check_radically_disappearing_features,
    common.check_predict_one_pure,
    common.check_predict_one_before_any_learn,
    common.check_no_state_aliasing_with_input,
    common.check_clone_is_independent,
]


@pytest.mark.parametrize("check", RIVER_CHECKS, ids=lambda check: check.__name__)
def test_it_passes_rivers_checks(build: Case, check: Callable[..., None]) -> None:
    random.seed(0)  # River's checks shuffle with the global generator.
    settings = {"dataset": Rows()} if "dataset" in inspect.signature(check).parameters else {}

    check(build().clone(), **settings)
