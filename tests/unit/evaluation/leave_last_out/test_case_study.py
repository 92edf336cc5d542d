"""A reader's slates over time: when both are asked, for what, and what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.leave_last_out import LeaveLastOut, leave_last_out
from cherryrec.evaluation.leave_last_out.case_page import case_page, draw_case
from cherryrec.evaluation.leave_last_out.case_study import (
    category_spread,
    slates_over_time,
    title_distance,
)
from cherryrec.evaluation.logs import LoggedClick
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.pipeline import PipelineConfig

TITLES = {f"a{n:02}": f"title number {n}" for n in range(14)}
DESCRIBED = {
    one: MindArticle(one, "sports" if n % 2 else "news", None, title, "", "", ())
    for n, (one, title) in enumerate(TITLES.items())
}


@pytest.fixture(scope="module")
def data() -> LeaveLastOut:
    clicks = [
        LoggedClick(
            f"{user}:{step}", f"u{user}", f"a{(user + 3 * step) % 14:02}", 1e9 + 60.0 * step
        )
        for step in range(8)
        for user in range(14)
    ]
    return leave_last_out(clicks, DESCRIBED)


def test_both_are_asked_at_the_last_clicks_for_what_was_unread(data: LeaveLastOut) -> None:
    asked: list[tuple[list[int], list[int]]] = []

    def other(read: Sequence[int], twenty: Sequence[int]) -> list[int]:
        asked.append((list(read), list(twenty)))
        return list(twenty)[::-1]

    found = slates_over_time(data, 2, PipelineConfig(), other, n_moments=3)

    sequence = data.sequences[2].tolist()
    assert [one.clicked for one in found] == sequence[-3:]
    assert [read for read, _ in asked] == [sequence[:5], sequence[:6], sequence[:7]]
    for one, (read, twenty) in zip(found, asked, strict=True):
        assert one.other == tuple(twenty[::-1][:5])
        assert set(one.ours) <= set(twenty)
        assert not set(twenty) & set(read)
        assert len(one.ours) == min(5, len(twenty))


def test_what_the_click_s_own_slate_brought_is_not_recommended() -> None:
    rows = [
        MindImpression(
            f"{user}{n}", user, 1e9 + 60.0 * n, ("h",), (clicked, f"x{n}"), (True, False)
        )
        for n, clicked in enumerate("abcd")
        for user in "uv"
    ]
    data = leave_last_out(rows, least=1)

    found = slates_over_time(
        data, data.users.index("u"), PipelineConfig(), lambda _, twenty: twenty, n_moments=4
    )

    assert len(found) == 4
    assert all(one.clicked not in one.ours for one in found)


def test_a_reader_of_a_history_alone_is_refused() -> None:
    row = MindImpression("1", "u", 1e9, tuple("abc"), ("z",), (False,))
    data = leave_last_out([row], least=1)

    with pytest.raises(LogError, match="'u' has no click in the log"):
        slates_over_time(data, 0, PipelineConfig(), lambda _, twenty: twenty, n_moments=2)


def test_diversity_is_that_of_pairs(data: LeaveLastOut) -> None:
    codes = [data.articles.index(one) for one in ("a00", "a02", "a01")]

    assert category_spread(data, codes) == pytest.approx(2 / 3)
    assert category_spread(data, codes[:1]) == title_distance(data, codes[:1]) == 0.0
    assert title_distance(data, codes) == pytest.approx(0.5), "two of four words are shared"


def test_the_page_marks_what_was_read(data: LeaveLastOut, tmp_path: Path) -> None:
    found = slates_over_time(data, 1, PipelineConfig(), lambda _, twenty: twenty, n_moments=4)

    page = case_page(data, found, name="Ours", other="Theirs", notes=["a note"])
    draw_case(data, found, name="Ours", other="Theirs", path=tmp_path / "case.png")

    n_marked = sum((one.clicked in one.ours) + (one.clicked in one.other) for one in found)
    assert page.count("**✓ ") == n_marked
    assert page.count("\n## ") == 4
    hits = sum(one.clicked in one.ours for one in found)
    assert f"| slates that hold what was read then | {hits} of 4 |" in page
    assert (tmp_path / "case.png").stat().st_size > 10_000
