"""The sequences of protocol B: histories and clicks, repeats, titles, the 5-core, the split."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.leave_last_out import LeaveLastOut, leave_last_out
from cherryrec.evaluation.leave_last_out.five_core import core_of_pairs
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression


def row(
    user: str, time_s: float, history: str, shown: str, clicked: Sequence[str] = ()
) -> MindImpression:
    labels = tuple(a in clicked for a in shown)
    return MindImpression(f"{user}{time_s}", user, time_s, tuple(history), tuple(shown), labels)


def article(article_id: str, title: str = "A title") -> MindArticle:
    return MindArticle(article_id, "news", None, title, "", "", ())


def read(data: LeaveLastOut, user: str) -> list[str]:
    return [data.articles[code] for code in data.sequences[data.users.index(user)]]


ROWS = [
    row("u", 10.0, "ab", "xcd", "c"),
    row("v", 11.0, "abc", "dx", "d"),
    row("u", 12.0, "abz", "axd", "da"),  # a again; the later history counts no more
]


def test_the_history_of_the_first_row_comes_before_the_clicks() -> None:
    data = leave_last_out(ROWS, least=1)

    assert read(data, "u") == ["a", "b", "c", "d"]
    assert read(data, "v") == ["a", "b", "c", "d"]
    assert (data.n_clicks, data.n_repeated, data.n_without_title) == (9, 1, 0)
    assert data.first_rows_s.tolist() == [10.0, 11.0]


def test_the_last_is_tested_the_one_before_validates_and_the_rest_trains() -> None:
    data = leave_last_out(ROWS, least=1)

    assert [data.articles[code] for code in data.training(0)] == ["a", "b"]
    assert data.articles[data.target(0, "validation")] == "c"
    assert data.articles[data.target(0, "test")] == "d"
    assert [data.articles[code] for code in data.read_before(0, "validation")] == ["a", "b"]
    assert [data.articles[code] for code in data.read_before(0, "test")] == ["a", "b", "c"]
    assert data.is_unseen("test").tolist() == [True, True]


def test_only_clicks_have_times_and_only_what_was_offered_was_seen() -> None:
    data = leave_last_out(ROWS, least=1)

    assert data.target_time_s(0, "test") == 12.0
    assert data.target_time_s(0, "validation") == 10.0
    assert math.isnan(data.times_s[0][0])
    seen = dict(zip(data.articles, data.first_seen_s.tolist(), strict=True))
    assert seen["c"] == 10.0, "a candidate of the first row"
    assert math.isnan(seen["b"])


def test_an_article_without_a_title_is_dropped_where_the_log_has_titles() -> None:
    described = {a: article(a) for a in "abd"} | {"c": article("c", "  ")}

    data = leave_last_out(ROWS, described, least=1)

    assert read(data, "u") == ["a", "b", "d"]
    assert data.n_without_title == 2
    assert data.title(data.articles.index("a")) == "A title"
    no_titles = {a: article(a, "") for a in "abcd"}
    assert read(leave_last_out(ROWS, no_titles, least=1), "u") == ["a", "b", "c", "d"]


def test_the_statistics_are_counted_by_hand() -> None:
    found = leave_last_out([*ROWS, row("w", 13.0, "ab", "cx", "cx")], least=2).statistics

    # w reads a, b, c, x; x has one reader and goes
    assert (found.n_users, found.n_articles, found.n_interactions) == (3, 4, 11)
    assert found.mean_length == pytest.approx(11 / 3)
    assert (found.median_length, found.max_length) == (4.0, 4)
    assert found.density == pytest.approx(11 / 12)
    assert found.unseen_share == pytest.approx(1.0), "d and c are held out of everyone's training"


def test_what_falls_under_the_core_takes_others_with_it() -> None:
    rng = np.random.default_rng(0)
    users, articles = rng.integers(20, size=140), rng.integers(20, size=140)

    kept = core_of_pairs(users, articles, least=5)

    left = set(range(140))
    while True:  # one interaction at a time
        few = [
            i
            for i in left
            if sum(users[j] == users[i] for j in left) < 5
            or sum(articles[j] == articles[i] for j in left) < 5
        ]
        if not few:
            break
        left -= {few[0]}
    assert set(np.flatnonzero(kept).tolist()) == left
    assert 0 < len(left) < 140, "something stays and something goes"


def test_a_log_of_strangers_is_refused() -> None:
    with pytest.raises(LogError, match="5 interactions each, got none among 2 users and 9 clicks"):
        leave_last_out(ROWS)
