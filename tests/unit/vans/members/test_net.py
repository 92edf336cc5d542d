"""Networks that see two inputs of each feature; test_members.py has what all members promise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.vans import ListwiseNet, SlateScaler
from cherryrec.vans.inputs import RANKS, RAW, inputs_of
from cherryrec.vans.kernels import slate_ranks
from cherryrec.vans.members.net import FrozenNet
from tests.unit.vans.slates import FEATURES, auc, slates

Floats = NDArray[np.float64]

N = len(FEATURES)
SEEN = pytest.mark.parametrize("sees", [RANKS, RAW])


def seen(
    n_impressions: int, sees: str, seed: int = 0
) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Slates as a network sees them, (n, 2F)."""
    scaler = SlateScaler(FEATURES)
    for X, clicked in slates(n_impressions, seed=seed):
        scaler.learn_slate(X)
        inputs = inputs_of(scaler.moments, X, clip=5.0, used=np.ones(N), wanted={sees})
        yield inputs[sees], clicked


def learned(n_impressions: int, sees: str) -> tuple[ListwiseNet, Floats]:
    net = ListwiseNet(FEATURES, inputs=sees)
    for Z, clicked in seen(n_impressions, sees):
        net.learn_slate(Z, clicked)
    return net, Z


@SEEN
def test_a_fresh_network_is_mute(sees: str) -> None:
    Z = np.random.default_rng(0).normal(size=(7, 2 * N))

    assert ListwiseNet(FEATURES, inputs=sees).score_slate(Z).tolist() == [0.0] * 7


@SEEN
def test_it_learns_what_is_not_linear(sees: str) -> None:
    net, measured = ListwiseNet(FEATURES, inputs=sees), []
    for Z, clicked in seen(1_200, sees):
        measured.append(auc(net.score_slate(Z), clicked))
        net.learn_slate(Z, clicked)

    assert np.mean(measured[800:]) > 0.7


@SEEN
def test_contributions_of_both_inputs_are_their_features_and_sum_to_the_scores(sees: str) -> None:
    net, Z = learned(80, sees)

    contributions, scores = net.frozen().contributions(Z), net.score_slate(Z)

    assert contributions.shape == (len(Z), N)
    np.testing.assert_allclose(contributions.sum(axis=1), scores, atol=1e-9)
    np.testing.assert_allclose(contributions.mean(axis=0), 0.0, atol=1e-9)
    assert np.ptp(scores) > 0.0


@SEEN
def test_a_part_rebuilt_from_its_arrays_scores_the_same_bits(sees: str) -> None:
    net, Z = learned(40, sees)

    rebuilt = FrozenNet.of_arrays(net.frozen().arrays(), N)

    assert rebuilt.contributions(Z).tobytes() == net.frozen().contributions(Z).tobytes()


@SEEN
@pytest.mark.parametrize("stop", [1, 63, 64, 65])
def test_a_restored_network_goes_on_bit_by_bit(sees: str, stop: int) -> None:
    """What is dropped is drawn for 64 steps at once: before, at and after the end of a draw."""
    net, restored = ListwiseNet(FEATURES, inputs=sees), ListwiseNet(FEATURES, inputs=sees)

    for i, (Z, clicked) in enumerate(seen(stop + 70, sees)):
        if i == stop:
            restored.load(net.snapshot())
        net.learn_slate(Z, clicked)
        if i >= stop:
            restored.learn_slate(Z, clicked)

    ours, theirs = net.snapshot(), restored.snapshot()
    assert {k: a.tobytes() for k, a in ours.items()} == {k: a.tobytes() for k, a in theirs.items()}
    assert net.score_slate(Z).tobytes() == restored.score_slate(Z).tobytes()


def test_two_seeds_are_two_networks() -> None:
    nets = [ListwiseNet(FEATURES, seed=seed) for seed in (1, 2)]
    for net in nets:
        for Z, clicked in seen(30, RANKS):
            net.learn_slate(Z[:, :N], clicked)

    assert (nets[0].score_slate(Z[:, :N]) != nets[1].score_slate(Z[:, :N])).any()


def test_without_dropout_nothing_depends_on_the_seed_of_what_is_dropped() -> None:
    net = ListwiseNet(FEATURES, dropout=0.0)
    for Z, clicked in seen(10, RAW):
        net.learn_slate(Z[:, :N], clicked)

    assert (net._kept() == 1.0).all()


def plain_ranks(column: list[float]) -> list[float]:
    """Mean ranks from -√3 to √3, in plain Python."""
    n = len(column)
    if n < 2 or len(set(column)) == 1:
        return [0.0] * n
    ordered = sorted(column)
    ranks = [
        ordered.index(value) + (ordered.count(value) - 1) / 2.0  # equal values share their mean
        for value in column
    ]
    return [(2.0 * rank / (n - 1) - 1.0) * 3.0**0.5 for rank in ranks]


@given(
    st.integers(1, 4).flatmap(
        lambda n_columns: st.lists(
            st.lists(
                st.sampled_from([-1e300, -1.0, -0.0, 0.0, 1e-9, 2.0, 7.5]),
                min_size=n_columns,
                max_size=n_columns,
            ),
            min_size=1,
            max_size=12,
        )
    )
)
def test_ranks_are_mean_ranks_spread_evenly(rows: list[list[float]]) -> None:
    X = np.array(rows)

    wanted = np.column_stack([plain_ranks(column) for column in X.T.tolist()])

    np.testing.assert_allclose(slate_ranks(X), wanted, atol=1e-12)


def test_ranks_tell_values_apart_that_single_precision_does_not() -> None:
    X = np.array([[1.0, 0.5], [1.0 + 1e-12, 0.5], [1.0 + 2e-12, 0.25]])

    assert np.sign(slate_ranks(X)).T.tolist() == [[-1, 0, 1], [1, 1, -1]]


def test_ranks_spread_as_standardised_values_do() -> None:
    X = np.random.default_rng(0).normal(size=(400, 3))

    ranks = slate_ranks(X)

    np.testing.assert_allclose(ranks.std(axis=0), 1.0, atol=0.01)
    np.testing.assert_allclose(ranks.mean(axis=0), 0.0, atol=1e-12)
    assert (np.argsort(ranks, axis=0) == np.argsort(X, axis=0)).all()
