"""Evaluations by history length: in the column for all, and in that of the user's length."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.cnle.evaluation import relative_share
from cherryrec.features import (
    FEATURES,
    GATED,
    GATING,
    HISTORY_LENGTHS,
    column,
    evaluated,
    probes,
    with_evaluations,
)
from cherryrec.features.names import columns_of

EVALUATION = FEATURES[columns_of("evaluation")]
ARTICLES = ("a", "b", "c", "d")
LOGIT = column("evaluation_logit")


def matrix_of(n_reads: int, n: int = 4) -> NDArray[np.float32]:
    matrix = np.zeros((n, len(FEATURES)), np.float32)
    matrix[:, column("context_history")] = np.log1p(n_reads)
    return matrix


@pytest.mark.parametrize(
    ("n_reads", "name"),
    [
        (0, "evaluation_if_0"),
        (1, "evaluation_if_1_5"),
        (5, "evaluation_if_1_5"),
        (6, "evaluation_if_6_20"),
        (20, "evaluation_if_6_20"),
        (21, "evaluation_if_over_20"),
        (1_000_000, "evaluation_if_over_20"),
    ],
)
def test_the_log_odds_stand_in_the_column_of_the_history_length(n_reads: int, name: str) -> None:
    filled = with_evaluations(matrix_of(n_reads), ARTICLES, {"a": 0.8, "b": 0.3, "d": 0.5})

    assert filled[:, column(name)].tolist() == filled[:, LOGIT].tolist()
    assert np.ptp(filled[:, LOGIT]) > 0
    for other in set(GATING) - {name}:
        assert not filled[:, column(other)].any()


def test_log_odds_are_centred_over_those_there_are_and_divided_by_the_temperature() -> None:
    evaluations = {"a": 0.8, "b": 0.2}  # log-odds of ±log 4

    filled = with_evaluations(matrix_of(3), ARTICLES, evaluations, temperature=2.0)

    wanted = [np.log(2.0), -np.log(2.0), 0.0, 0.0]
    assert filled[:, LOGIT].tolist() == pytest.approx(wanted, rel=1e-6)


def test_the_log_shares_come_back_from_the_features() -> None:
    shares = np.log(np.array([0.6, 0.3, 0.1]))
    evaluations = dict(zip("abd", relative_share(shares).tolist(), strict=True))
    filled = with_evaluations(matrix_of(3), ARTICLES, evaluations, temperature=2.5)

    has, recovered = evaluated(filled.astype(np.float64), 2.5)

    assert has.tolist() == [True, True, False, True]
    np.testing.assert_allclose(recovered - recovered[0], shares - shares[0], atol=1e-5)


def test_without_evaluations_there_is_nothing_to_learn_a_temperature_from() -> None:
    has, recovered = evaluated(np.zeros((3, len(FEATURES))), 1.0)

    assert not has.any()
    assert recovered.size == 0


def test_evaluations_that_come_again_replace_the_first() -> None:
    first = with_evaluations(matrix_of(3), ARTICLES, {"a": 0.8, "b": 0.2}, temperature=2.0)

    again = with_evaluations(first, ARTICLES, {"b": 0.2, "c": 0.8})

    wanted = with_evaluations(matrix_of(3), ARTICLES, {"b": 0.2, "c": 0.8})
    assert again.tobytes() == wanted.tobytes()


def test_without_evaluations_those_of_before_are_blank() -> None:
    first = with_evaluations(matrix_of(3), ARTICLES, {"a": 0.8, "b": 0.2}, temperature=2.0)

    for none in ({}, {"elsewhere": 0.5}):
        assert with_evaluations(first, ARTICLES, none).tobytes() == matrix_of(3).tobytes()


@pytest.mark.parametrize("temperature", [0.05, 1.0, 13.0])
def test_probes_differ_by_one_unit_of_log_odds_each_way(temperature: float) -> None:
    typical = np.linspace(-1.0, 1.0, len(FEATURES))

    found = probes(typical, temperature)

    assert tuple(found) == HISTORY_LENGTHS
    for (length, pair), name in zip(found.items(), GATING, strict=True):
        assert pair[:, LOGIT].tolist() == pytest.approx([1.0, -1.0], rel=1e-4), length
        assert pair[:, column(name)].tolist() == pair[:, LOGIT].tolist()
        changed = {*EVALUATION, "context_history"}
        others = [i for i, one in enumerate(FEATURES) if one not in changed]
        assert (pair[:, others] == typical[others].astype(np.float32)).all()


def test_the_gated_columns_are_those_that_most_slates_have_not() -> None:
    assert {"evaluation_logit", *GATING, "sentence_student"} == GATED
    assert {*EVALUATION, "sentence_student"} >= GATED
