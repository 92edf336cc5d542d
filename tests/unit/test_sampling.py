"""A learner that is behind: how many wait stays bounded, and what is learned stands for all."""

from __future__ import annotations

import pytest

from cherryrec.sampling import MOST_ONE_IN, Sampling


def waiting(sampling: Sampling, *, come: float, learned: float, seconds: int) -> list[int]:
    """Have examples come at a rate to a learner of another; how many wait, second by second."""
    n_come, position, after = 0.0, 0, []
    for _ in range(seconds):
        n_come += come
        busy = 0.0
        while position < n_come and busy < 1.0:
            sampling.look(int(n_come) - position)
            # One that is left out takes a hundredth of one that is learned.
            busy += (1.0 if sampling.weight(position) else 0.01) / learned
            position += 1
        after.append(int(n_come) - position)
    return after


@pytest.mark.parametrize("times", [1.5, 3.0, 10.0, 20.0])
def test_what_waits_is_bounded_however_long_more_comes_than_is_learned(times: float) -> None:
    after = waiting(Sampling(500), come=100.0 * times, learned=100.0, seconds=300)

    assert max(after) <= 2 * 500 * times + 100 * times
    assert max(after[-100:]) <= 1.1 * max(after[100:200]), "it does not grow"


def test_without_a_bound_what_waits_grows_for_ever() -> None:
    after = waiting(Sampling(0), come=300.0, learned=100.0, seconds=300)

    assert after[-1] == 300 * 200


def test_all_are_learned_again_when_fewer_come() -> None:
    sampling = Sampling(500)
    waiting(sampling, come=1_000.0, learned=100.0, seconds=100)
    assert sampling.one_in > 1

    for n_waiting in range(5_000, 0, -10):
        sampling.look(n_waiting)

    assert sampling.one_in == 1
    assert sampling.share == 1.0


@pytest.mark.parametrize("one_in", [2, 16, 256])
def test_the_weights_of_what_is_learned_sum_to_what_came(one_in: int) -> None:
    sampling = Sampling(1)
    sampling.look(one_in)
    n = 400 * one_in

    weights = [sampling.weight(position) for position in range(n)]

    assert set(weights) == {0, one_in}
    assert sum(weights) == pytest.approx(n, rel=0.25)


def test_the_share_has_a_least_value() -> None:
    sampling = Sampling(1)

    assert sampling.look(10**9) == MOST_ONE_IN
