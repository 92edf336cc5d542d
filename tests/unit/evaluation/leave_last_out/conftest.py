"""Small worlds of sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from cherryrec.evaluation.leave_last_out import LeaveLastOut, leave_last_out
from cherryrec.evaluation.logs import LoggedClick

Make = Callable[..., LeaveLastOut]


@pytest.fixture
def sequences_of() -> Make:
    """Return what makes a dataset of what each user read, all users in turn."""

    def made(read: Mapping[str, Sequence[str]], least: int = 1) -> LeaveLastOut:
        longest = max(map(len, read.values()))
        return leave_last_out(
            (
                LoggedClick(f"{user}{time}", user, articles[time], 100.0 + time)
                for time in range(longest)
                for user, articles in read.items()
                if time < len(articles)
            ),
            least=least,
        )

    return made


@pytest.fixture
def drawn(sequences_of: Make) -> LeaveLastOut:
    """Return forty users, each with 8 to 14 of thirty articles, near ones after another."""
    rng = np.random.default_rng(3)
    read = {}
    for user in range(40):
        start, length = rng.integers(30), rng.integers(8, 15)
        steps = np.cumsum(rng.permutation(3)[rng.integers(3, size=60)] + 1)
        articles = dict.fromkeys(((start + steps) % 30).tolist())
        read[f"user {user}"] = [f"article {a}" for a in list(articles)[:length]]
    return sequences_of(read)
