"""Lists of the moment: what they know, and what they cannot."""

from __future__ import annotations

import pytest

from cherryrec.evaluation.leave_last_out import LeaveLastOut, leave_last_out, ranks_at_requests
from cherryrec.evaluation.logs import LoggedClick

TIME_S = 1.6e9
HOUR_S = 3600.0


def of_clicks(*clicks: tuple[float, str, str]) -> LeaveLastOut:
    """Return the sequences of clicks, hours after the beginning."""
    return leave_last_out(
        (
            LoggedClick(str(n), user, article, TIME_S + HOUR_S * hour)
            for n, (hour, user, article) in enumerate(clicks)
        ),
        least=1,
    )


def ranks(data: LeaveLastOut, user: str) -> list[int]:
    """Return the ranks of one user's article: newest, then by clicks of 1, 6 and 24 hours."""
    found = ranks_at_requests(data, "test")
    return [int(one[data.users.index(user)]) for one in found.values()]


@pytest.mark.parametrize(("hour_of_b", "is_within_six"), [(10.1, True), (10.0, False)])
def test_clicks_count_in_their_windows_and_no_longer(hour_of_b: float, is_within_six: bool) -> None:
    data = of_clicks(
        *((0.0, user, "a") for user in "tuvw"),
        *((hour_of_b, user, "b") for user in "tuv"),
        *((15.5, user, "c") for user in "tu"),
        (15.8, "t", "d"),
        (15.9, "t", "e"),
        (16.0, "w", "b"),
        (17.0, "u", "e"),
        (17.0, "v", "c"),
    )

    # w, who has read a, is asked for b at 16: three clicks, c had two, d one, e as t's last none
    newest, hour, six, day = ranks(data, "w")
    assert newest == 4, "e, d and c appeared later"
    assert hour in {3, 4}, "behind c and d; with e it is a tie"
    assert six == 1 if is_within_six else six in {3, 4}
    assert day == 1


def test_what_had_not_appeared_is_not_found() -> None:
    data = of_clicks((0.0, "u", "a"), (1.0, "u", "b"), (2.0, "v", "b"), (3.0, "v", "a"))

    assert ranks(data, "u") == [0, 0, 0, 0], "u is the first to open b"
    assert ranks(data, "v") == [1, 1, 1, 1], "a is all that is left"


def test_neither_the_own_click_nor_a_later_one_counts() -> None:
    first = [(0.0, "u", "a"), (0.0, "v", "b"), (0.1, "w", "c"), (0.2, "x", "a"), (0.3, "x", "b")]
    asked = (0.5, "u", "c")
    before = of_clicks(*first, (0.4, "w", "a"), asked, (0.6, "v", "a"))
    after = of_clicks(*first, (0.4, "w", "a"), asked, (0.6, "v", "a"), (0.7, "x", "c"))

    assert ranks(before, "u")[0] == ranks(after, "u")[0]
    assert ranks(before, "u") == [1, *ranks(before, "u")[1:]], "c is newer than b"
