"""What the keeper does, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Callable

from cherryrec.errors import ServiceError
from streams.stack import Keeper, RestartPolicy

POLICY = RestartPolicy(max_restarts=2, window_s=100.0, wait_s=1.0, hung_s=2.0)


class FakePart:
    """A part whose end, silence and restarts a test decides."""

    name = "learner"
    log = "logs/learner.log"

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.answers = True
        self.n_started = 0
        self.fails_to_start = False

    def is_alive(self) -> bool:
        return self.answers

    def kill(self) -> None:
        self.exit_code = -9

    def restart(self) -> None:
        if self.fails_to_start:
            msg = "no memory"
            raise ServiceError(msg)
        self.n_started += 1
        self.exit_code, self.answers = None, True


class Kept:
    """A keeper of one part, its clock, and what it has said."""

    def __init__(self) -> None:
        self.part = FakePart()
        self.now = 0.0
        self.notes: list[str] = []
        self.reasons: list[str] = []
        self.keeper = Keeper(
            [self.part],
            POLICY,
            note=self.notes.append,
            give_up=self.reasons.append,
            clock=lambda: self.now,
        )

    def look_until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(100):
            self.keeper.look()
            if is_so():
                return
            self.now += 0.5
        raise AssertionError(self.notes)


def test_part_that_has_ended_is_started_again_and_said() -> None:
    kept = Kept()
    kept.part.exit_code = 70

    kept.look_until(lambda: kept.part.n_started == 1)

    assert kept.now == 1.0
    assert kept.notes == [
        "learner has ended by itself with code 70 and is started again in 1 s "
        "(log: logs/learner.log)",
        "learner was started again, 1 time so far",
    ]
    assert kept.keeper.restarts == {"learner": 1}


def test_part_that_does_not_answer_is_killed_and_started_again() -> None:
    kept = Kept()
    kept.keeper.look()
    kept.part.answers = False

    kept.look_until(lambda: kept.part.n_started == 1)

    assert kept.notes[0] == (
        "learner has not answered /live for 2 s and is killed (log: logs/learner.log)"
    )


def test_part_that_ends_again_and_again_is_given_up_with_its_log() -> None:
    kept = Kept()

    def end() -> bool:
        kept.part.exit_code = 1
        return bool(kept.reasons)

    kept.look_until(end)

    assert kept.reasons == [
        "learner has ended with code 1 after 2 restarts within 100 s, and is given up: "
        "logs/learner.log says why"
    ]
    assert kept.keeper.failure == kept.reasons[0]
    kept.now += 1_000.0
    kept.keeper.look()
    assert kept.part.n_started == 2


def test_start_that_fails_counts_and_is_tried_again() -> None:
    kept = Kept()
    kept.part.exit_code, kept.part.fails_to_start = 1, True

    kept.look_until(lambda: bool(kept.reasons))

    assert kept.notes.count("learner could not be started again: no memory") == 2


def test_what_ends_after_a_pause_stays_ended() -> None:
    kept = Kept()
    kept.keeper.pause()
    kept.part.exit_code = 0

    for _ in range(20):
        kept.keeper.look()
        kept.now += 1.0

    assert kept.part.n_started == 0
    assert kept.notes == []
