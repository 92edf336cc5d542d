"""What language models learn from: steps of training sequences, and articles that were not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cherryrec.evaluation.leave_last_out import LeaveLastOut

__all__ = ["Completion", "Step", "training_steps"]


@dataclass(frozen=True, slots=True)
class Completion:
    """A text and how it goes on; only the second part is learned."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one user's training sequence, as titles.

    Parameters
    ----------
    history
        What was read before, oldest first, at most so many.
    followed
        What was read next.
    other
        What another user read in training and this one did not, nor will: their held-out articles
        are none of these.
    """

    history: tuple[str, ...]
    followed: str
    other: str


def training_steps(
    data: LeaveLastOut, *, n_history: int, seed: int, cut: Callable[[str], str] = str
) -> Iterator[Step]:
    """Yield steps without end, users and places drawn at random.

    The other article is drawn from what is read in training, as often as it is read there, so that
    being popular tells nothing.

    Parameters
    ----------
    data
        Users' sequences; two or more of them have two articles in training.
    n_history
        Titles before a step at most.
    seed
        Of the drawing.
    cut
        Shortens a title.
    """
    rng = np.random.default_rng(seed)
    users = [user for user in range(len(data.users)) if len(data.training(user)) > 1]
    read = np.concatenate([data.training(user) for user in users])
    while True:
        user = users[int(rng.integers(len(users)))]
        training = data.training(user)
        place = int(rng.integers(1, len(training)))
        mine = data.sequences[user]
        other = int(read[rng.integers(len(read))])
        for _ in range(100):  # who has read nearly all leaves few others
            if other not in mine:
                break
            other = int(read[rng.integers(len(read))])
        else:
            continue
        before = training[max(0, place - n_history) : place].tolist()
        yield Step(
            tuple(cut(data.title(code)) for code in before),
            cut(data.title(int(training[place]))),
            cut(data.title(other)),
        )
