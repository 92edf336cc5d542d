"""A part that ends or hangs is started again, ever later, and given up after a number of times."""

from __future__ import annotations

import pytest

from cherryrec.errors import ConfigError
from streams.stack import Action, RestartHistory, RestartPolicy

POLICY = RestartPolicy(max_restarts=3, window_s=100.0, wait_s=1.0, hung_s=10.0, start_s=60.0)


def part(*, has_answered: bool = True) -> RestartHistory:
    return RestartHistory(POLICY, has_answered=has_answered)


def restart_at(history: RestartHistory, now_s: float) -> float:
    """End it, and return when it is started again."""
    assert history.look(now_s, has_ended=True, is_alive=False) is Action.WAIT
    while history.look(now_s, has_ended=True, is_alive=False) is not Action.START:
        now_s += 0.5
    return now_s


def test_part_that_answers_is_left_alone() -> None:
    history = part()

    looks = [history.look(float(s), has_ended=False, is_alive=True) for s in range(1_000)]

    assert set(looks) == {Action.NOTHING}


def test_waits_double_within_the_window_and_then_it_is_given_up() -> None:
    history = part()

    starts = []
    for _ in range(3):
        end = starts[-1] if starts else 0.0
        starts.append(restart_at(history, end))

    assert starts == [1.0, 3.0, 7.0]
    assert history.look(8.0, has_ended=True, is_alive=False) is Action.GIVE_UP
    assert history.n_restarts == 3


def test_restarts_before_the_window_do_not_count() -> None:
    history = part()
    now = 0.0
    for _ in range(20):
        now = restart_at(history, now) + 60.0

    assert history.n_restarts == 20


@pytest.mark.parametrize(("has_answered", "after_s"), [(True, 10), (False, 60)])
def test_silent_part_is_killed_sooner_if_it_has_answered(has_answered: bool, after_s: int) -> None:
    history = part(has_answered=has_answered)

    looks = [history.look(float(s), has_ended=False, is_alive=False) for s in range(after_s + 1)]

    assert looks.index(Action.KILL) == after_s


def test_one_answer_ends_the_silence() -> None:
    history = part()
    for s in range(10):
        history.look(float(s), has_ended=False, is_alive=False)

    history.look(9.5, has_ended=False, is_alive=True)

    assert history.look(18.0, has_ended=False, is_alive=False) is Action.NOTHING


def test_part_is_not_killed_because_who_looks_stood_still() -> None:
    history = part()
    history.look(0.0, has_ended=False, is_alive=True)

    assert history.look(3_600.0, has_ended=False, is_alive=False) is Action.NOTHING


@pytest.mark.parametrize(
    "wrong", [{"max_restarts": -1}, {"wait_s": -0.1}, {"hung_s": 0.0}, {"window_s": 0.0}]
)
def test_policy_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        RestartPolicy(**wrong)  # type: ignore[arg-type]
