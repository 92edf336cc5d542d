"""`erase` and `retract` send tombstones, after a yes only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cherryrec.events import ProfileUpdate, instant
from tests.integration.own_topics import Topics, slate
from tests.worlds import START_S, article, click


def test_erase_forgets_the_user_and_says_what_it_cannot(topics: Topics) -> None:
    topics.put("recommendations", slate("r1"), slate("r2"), slate("r3", "u2"))
    topics.put("clicks", click("a1", user_id="u1"))

    ended = topics.run("erase", "u1", "--yes")

    assert ended.code == 0
    assert [(one.key, one.value) for one in topics.records("profile-updates")] == [(b"u1", None)]
    last = {one.key: one.value for one in topics.records("recommendations")}
    assert last[b"u1"] is None
    assert last[b"u2"] is not None
    assert "erased: 2 recommendations, by a tombstone on" in ended.out
    day = datetime.now(UTC) + timedelta(days=7)
    assert f"  events on {topics.kafka.prefix}clicks: until {day:%Y-%m-%d}" in ended.out
    assert "cannot be unlearned: what the models' weights" in ended.out

    again = topics.run("erase", "u1", "--yes")
    assert f"nothing of the user on {topics.kafka.prefix}recommendations" in again.out

    left = topics.run("erase", "u1", "--verify")
    assert left.code == 0
    names = {
        line.partition(":")[0].removeprefix(topics.kafka.prefix)
        for line in left.out.splitlines()[:-3]
    }
    assert names == {"clicks", "profile-updates", "recommendations"}


def test_verify_finds_what_is_not_erased(topics: Topics) -> None:
    topics.put("profile-updates", ProfileUpdate(user_id="u1", updated_at=instant(START_S)))

    left = topics.run("erase", "u1", "--verify")

    assert left.code == 1
    assert "the newest value of its key: not erased: does not go by itself" in left.out


def test_nothing_is_erased_or_retracted_without_a_yes(topics: Topics) -> None:
    topics.put("articles", article(1, title="The title"))

    erased = topics.run("erase", "u1", stdin="n\n")
    retracted = topics.run("retract", "a1", stdin="n\n")
    closed = topics.run("retract", "a9")

    assert (erased.code, retracted.code, closed.code) == (130, 130, 130)
    assert "erase user 'u1' from" in erased.out
    assert "retract article 'a1' “The title” on" in retracted.out
    assert "retract article 'a9', which is not published, on" in closed.out
    assert topics.records("profile-updates") == []
    assert len(topics.records("articles")) == 1


def test_retract_sends_the_tombstone(topics: Topics) -> None:
    ended = topics.run("retract", "a1", stdin="y\n")

    assert ended.code == 0
    assert [(one.key, one.value) for one in topics.records("articles")] == [(b"a1", None)]
    assert ended.out.endswith("Slates that were sent already still name it\n")
