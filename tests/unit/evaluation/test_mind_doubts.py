"""What is said of a log whose numbers would say little."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cherryrec.evaluation.mind_doubts import doubts
from cherryrec.evaluation.mind_rows import MindImpression

ROWS = [
    MindImpression(str(n), "u", 1.5e9 + n, ("a",), ("a", "b"), (n % 2 == 0, n % 2 == 1))
    for n in range(4)
]
KNOWN = {"a", "b"}


def test_nothing_is_said_of_a_log_as_logs_are() -> None:
    assert doubts(ROWS, KNOWN) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"history": ()}, "no impression has a history"),
        ({"clicked": None}, "the log has no labels"),
        ({"clicked": (False, False)}, "no candidate was clicked"),
        ({"clicked": (True, True)}, "every candidate was clicked"),
        ({"shown_at": 1.5e9}, "all impressions have one time"),
        ({"candidates": ("x", "y")}, "ranking without text: of 2 articles shown none"),
        ({"candidates": ("x", "y", "a"), "clicked": None}, "shown only 1 are in news.tsv"),
    ],
)
def test_a_log_that_hardly_can_be_is_named(changes: dict[str, object], said: str) -> None:
    rows = [replace(row, **changes) for row in ROWS]  # type: ignore[arg-type]

    assert any(said in one for one in doubts(rows, KNOWN))


def test_a_log_of_more_than_a_year_and_ids_that_come_again_are_named() -> None:
    rows = [*ROWS, replace(ROWS[0], shown_at=1.6e9)]

    told = doubts(rows, KNOWN, 1)

    assert any("spans more than a year" in one for one in told)
    assert any("1 impression ids come again" in one for one in told)
