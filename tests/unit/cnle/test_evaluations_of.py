from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.cnle import LETTERS, evaluations_of, prompt_orders, relative_share
from cherryrec.cnle.evaluation import merged_log_shares
from cherryrec.cnle.prompts import Prompt
from cherryrec.errors import ConfigError, ModelError


def prompts_of(orders: list[tuple[int, ...]]) -> list[Prompt]:
    return [
        Prompt(template_id="behaviour/1", prefix="", suffix="", order=order) for order in orders
    ]


@pytest.mark.parametrize("n", [1, 2, 19, 20, 21, 36, 37, 100, 1_000])
def test_groups_cover_all_candidates_within_the_letters_and_share_anchors(n: int) -> None:
    orders = prompt_orders(n, 3)

    assert set().union(*orders) == set(range(n))
    assert all(len(order) == len(set(order)) <= len(LETTERS) for order in orders)
    assert len(set.intersection(*map(set, orders))) >= min(n, 4)
    sizes = [len(order) for order in orders]
    assert max(sizes) - min(sizes) <= 1


def test_orders_repeat_with_their_key_only() -> None:
    assert prompt_orders(20, 5) == prompt_orders(20, 5)
    assert prompt_orders(20, 5) != prompt_orders(20, 6)


@pytest.mark.parametrize("bad", [{"group_size": 21}, {"group_size": 4}, {"n_anchors": 0}])
def test_impossible_groups_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="group_size must be"):
        prompt_orders(5, 0, **bad)


@pytest.mark.parametrize("n", [1, 2, 20, 21, 64, 300])
@pytest.mark.parametrize("n_permutations", [1, 3])
def test_merging_undoes_permutation_and_grouping(n: int, n_permutations: int) -> None:
    # A model that obeys Luce's axiom, with its own offset in every prompt.
    rng = np.random.default_rng(n)
    utilities = rng.normal(size=n) * 2
    orders = prompt_orders(n, 11, n_permutations=n_permutations)
    logits = [utilities[list(order)] + rng.normal() * 5 for order in orders]

    evaluations = evaluations_of([f"a{i}" for i in range(n)], prompts_of(orders), logits)

    wanted = relative_share(utilities)
    assert np.allclose(list(evaluations.values()), wanted, atol=1e-6)
    assert list(evaluations) == [f"a{i}" for i in range(n)]


@given(
    n=st.integers(21, 100),
    n_permutations=st.integers(1, 4),
    spread=st.floats(0.01, 40.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_merged_groups_keep_the_order_of_one_utility(
    n: int, n_permutations: int, spread: float, seed: int
) -> None:
    # Luce's axiom: a prompt's logits are the utilities, and an offset of its own.
    rng = np.random.default_rng(seed)
    utilities = rng.permutation(n) * spread / n + rng.uniform(0, 0.5, n) * spread / n
    orders = prompt_orders(n, seed, n_permutations=n_permutations)
    logits = [utilities[list(order)] + rng.normal() * 10 for order in orders]

    evaluations = evaluations_of([f"a{i}" for i in range(n)], prompts_of(orders), logits)

    ranked = sorted(range(n), key=lambda index: -evaluations[f"a{index}"])
    assert ranked == np.argsort(-utilities).tolist()


@settings(max_examples=50)
@given(n=st.integers(1, 1_000), seed=st.integers(0, 2**32 - 1), n_anchors=st.integers(1, 19))
def test_every_candidate_is_in_one_group_and_the_anchors_in_all(
    n: int, seed: int, n_anchors: int
) -> None:
    orders = prompt_orders(n, seed, n_anchors=n_anchors)

    seen = Counter(index for order in orders for index in order)
    assert sorted(seen) == list(range(n))
    if len(orders) > 1:
        assert sorted(seen.values()) == [1] * (n - n_anchors) + [len(orders)] * n_anchors
        fewest = -(-(n - n_anchors) // (len(LETTERS) - n_anchors))
        assert len(orders) == fewest


def test_a_confident_model_still_orders_what_it_rejects() -> None:
    logits = np.array([30.0, 1.0, 0.0, -1.0, -40.0])

    evaluations = evaluations_of(list("abcde"), prompts_of([tuple(range(5))]), [logits])

    values = list(evaluations.values())
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 5


def test_even_split_is_a_half_for_any_list_size() -> None:
    for n in (1, 2, 20, 500):
        assert np.allclose(relative_share(np.zeros(n)), 0.5)


def test_logit_of_the_evaluation_is_the_centred_logit() -> None:
    logits = np.array([1.0, -2.0, 0.5])

    evaluations = relative_share(logits)

    centred = logits - np.log(np.exp(logits).mean())
    assert np.allclose(np.log(evaluations / (1 - evaluations)), centred)


def test_extreme_logits_stay_in_the_unit_interval_and_in_order() -> None:
    evaluations = relative_share(np.array([5e4, 0.0, -5e4]))

    assert (evaluations >= 0).all()
    assert (evaluations <= 1).all()
    assert evaluations[0] > evaluations[1] >= evaluations[2]


@pytest.mark.parametrize("logits", [[1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_logits_that_do_not_fit_are_refused(logits: list[float]) -> None:
    with pytest.raises(ModelError, match="wanted 2 finite letter logits"):
        merged_log_shares([(1, 0)], [np.array(logits)], 2)
