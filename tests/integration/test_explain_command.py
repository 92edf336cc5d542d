"""`explain` rebuilds a score from its contributions, or says why it cannot."""

from __future__ import annotations

import pytest

from cherryrec.events import instant
from tests.integration.own_topics import Topics, slate
from tests.worlds import START_S, article


def test_explain_rebuilds_the_score_of_every_article(topics: Topics) -> None:
    topics.put("articles", article(0, title="The old"), article(0, title="The\x1b[31m new"))
    topics.put("recommendations", slate("r1"), slate("r2", "u2"), slate("r1", at_s=START_S + 1))

    ended = topics.run("explain", "r1", "--user", "u1")

    assert ended.code == 0
    assert ended.out.startswith("request r1 of user u1\n")
    assert instant(START_S + 1).isoformat() in ended.out
    assert "1. a0 “The [31m new”: score +0.500000" in ended.out
    assert "2. a1: score +0.500000" in ended.out
    assert ended.out.count("sum +0.500000000 = score +0.500000000 (within 1e-09)") == 2


def test_explain_fails_where_the_sum_is_not_the_score(topics: Topics) -> None:
    topics.put("recommendations", slate("r1", score=0.51))

    ended = topics.run("explain", "r1")

    assert ended.code == 1
    assert "IS NOT score +0.510000000" in ended.out
    assert "contributions must sum to the score within 1e-09, they do not for a0, a1" in ended.err


@pytest.mark.parametrize("arguments", [("r9",), ("r1", "--user", "u2")])
def test_explain_says_why_a_slate_may_not_be_there(
    topics: Topics, arguments: tuple[str, ...]
) -> None:
    topics.put("recommendations", slate("r1"))

    ended = topics.run("explain", *arguments)

    assert ended.code == 1
    assert f"no recommendation for request '{arguments[0]}'" in ended.err
    assert "among the 1 on" in ended.err
    assert "kept for 24 h" in ended.err
