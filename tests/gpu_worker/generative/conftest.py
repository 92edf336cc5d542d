"""A model of random weights, and readers of two kinds of news."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cherryrec.evaluation.leave_last_out import LeaveLastOut, leave_last_out
from cherryrec.evaluation.logs import LoggedClick
from cherryrec.evaluation.mind_rows import MindArticle
from gpu_worker.config import GpuConfig

if TYPE_CHECKING:
    from gpu_worker.generative.judge import Bar

SPORTS = ("Striker scores twice", "Goalkeeper saves penalty", "Coach praises midfielder")
FOOD = ("Soup with garlic", "Bread without yeast", "Cake for breakfast")


@pytest.fixture(scope="session")
def two_kinds() -> LeaveLastOut:
    """Return eight readers of sports and eight of food, each of whom reads nine of twelve."""
    titles = {
        f"{kind}{number:02}": f"{words[number % 3]} {'again ' * (number // 3)}on day {number}"
        for kind, words in (("s", SPORTS), ("f", FOOD))
        for number in range(12)
    }
    described = {
        one: MindArticle(one, "news", None, title, "", "", ()) for one, title in titles.items()
    }
    clicks = [
        LoggedClick(
            f"{kind}{user}:{step}", f"{kind}{user}", f"{kind}{(user + 5 * step) % 12:02}", step
        )
        for step in range(9)
        for kind in "sf"
        for user in range(8)
    ]
    return leave_last_out(clicks, described)


@pytest.fixture
def tiny(checkpoint: Path) -> GpuConfig:
    return GpuConfig(model=str(checkpoint), device="cpu", dtype="float32")


@pytest.fixture
def silent() -> Bar:
    @contextmanager
    def bar(_: str, __: int) -> Iterator[object]:
        yield lambda _: None

    return bar  # type: ignore[return-value]
