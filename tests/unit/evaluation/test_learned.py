"""What tells a replay whose models learn from one whose models do not."""

from __future__ import annotations

import pytest

from cherryrec.evaluation.replay import LearnedRecord

N = 500


def replayed(
    *,
    learner_until: int = N,
    follower_until: int = N,
    labelled: int = N,
    lag: int = 3,
    window: int = 1,
) -> LearnedRecord:
    """A replay of `N` slates, a version for each example, until something stops."""
    record = LearnedRecord(window=window)
    for number in range(N):
        slate_id = f"slate-{number}"
        learned = max(0, min(number - lag, learner_until))
        record.published(learned, n_examples=learned, at_s=float(learned))
        record.ranked(min(learned, follower_until), at_s=float(number))
        record.expect(slate_id)
        if number < labelled:
            record.labelled(slate_id, 1)
    last = min(learner_until, labelled)
    record.published(last, n_examples=last, at_s=float(N))
    return record


def test_replay_whose_models_learn_has_no_faults() -> None:
    record = replayed()

    assert record.faults() == ()
    assert not record.is_behind
    assert not record.is_unsettled
    assert record.pace().most_behind == 3
    [sentence] = record.sentences(halted_s=0.4)
    assert sentence.startswith("examples learned: 500 of 500 labelled slates; slates by an ")


@pytest.mark.parametrize("until", [0, 1, 57, 250])
def test_learner_that_stops_at_any_time_is_told_by_count_and_by_slates(until: int) -> None:
    record = replayed(learner_until=until)

    assert record.is_behind
    learned, models = record.faults()
    assert learned == f"examples learned: {until} of 500 labelled slates"
    assert models.startswith("models at each slate: ")


def test_learner_that_dies_near_the_end_is_told_by_count() -> None:
    assert replayed(learner_until=480).faults() == ("examples learned: 480 of 500 labelled slates",)


@pytest.mark.parametrize("until", [0, 1, 57, 250])
def test_worker_that_no_longer_follows_models_is_told_by_its_slates(until: int) -> None:
    record = replayed(follower_until=until)

    assert record.is_behind
    [fault] = record.faults()
    assert fault.startswith("models at each slate: ")
    assert fault.endswith(f"the last by version {until} of {until} examples")


def test_labels_that_do_not_come_are_told() -> None:
    record = replayed(labelled=300, learner_until=300)

    assert record.faults() == ("labels: 300 of 500 clicked slates came out labelled",)
    assert record.is_unsettled


def test_slates_before_the_first_labels_may_be_by_an_untrained_model() -> None:
    record = LearnedRecord(window=16)
    for _ in range(82):
        record.ranked(0, at_s=0.0)

    assert record.pace().n_untrained == 0
    assert record.faults() == ()


def test_what_was_learned_before_the_replay_does_not_count() -> None:
    record = LearnedRecord(window=1)
    record.begin(7, n_examples=1_000, at_s=0.0)
    record.labelled("slate-1", 1)
    record.ranked(7, at_s=5.0)

    assert record.faults() == ("examples learned: 0 of 1 labelled slates",)
    assert record.pace().oldest_s == 5.0

    record.published(8, n_examples=1_001, at_s=6.0)

    assert record.faults() == ()


def test_slate_labelled_again_by_a_later_click_is_another_example() -> None:
    record = LearnedRecord(window=1)
    record.labelled("slate", 1)
    record.labelled("slate", 1)
    record.labelled("slate", 2)

    assert record.n_labelled == 2


def test_version_that_was_not_read_yet_is_a_new_one() -> None:
    record = replayed(learner_until=N, lag=3)
    record.ranked(10_000, at_s=float(N))

    assert not record.is_behind
