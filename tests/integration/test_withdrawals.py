"""What is taken back: late clicks, retracted articles, erased users; on two real workers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from cherryrec.events import Recommendation, instant
from cherryrec.profile import decode_profile
from streams.replay import Session
from tests.integration.system import System, counts_of
from tests.worlds import START_S, article, click, impression, request, update

pytestmark = pytest.mark.timeout(180)

DAY_S = 86_400.0
SECONDS = 5.0
"""How long a retraction may take to reach every worker, machine noise included."""

READERS = [f"reader-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def system(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(kafka, "withdrawals.", tmp_path_factory.mktemp("withdrawals"))
    try:
        for number in range(8):
            published = article(number, published_at=instant(START_S))
            system.send("articles", published.article_id, published)
        system.start(name="one")
        system.start(name="two")
        yield system
    finally:
        system.stop()


@pytest.fixture
def session(system: System) -> Iterator[Session]:
    with system.session() as session:
        yield session


def slates(session: Session, *users: str, at_s: float = START_S + 60) -> list[Recommendation]:
    """One slate over the whole catalogue for each user."""
    asked = [
        request(f"{user}-{time.monotonic_ns()}", at_s, user_id=user, slate_size=8) for user in users
    ]
    answers = session.ask_all(asked)
    return [answers[one.request_id].recommendation for one in asked]


def holds(session: Session, article_id: str) -> int:
    """In how many readers' slates an article is."""
    found = slates(session, *READERS)
    return sum(article_id in {item.article_id for item in one.slate} for one in found)


def counted(system: System) -> Counter[tuple[str, str]]:
    return sum((Counter(counts_of(child)) for child in system.children), Counter())


@pytest.mark.slow
def test_click_later_than_the_allowed_lateness_is_counted_and_left_out(
    system: System, session: Session
) -> None:
    before = counted(system)
    for number, time_s in enumerate((START_S, START_S - DAY_S, START_S - 3 * DAY_S)):
        session.send("clicks", "late", click(f"a{number}", time_s, user_id="late"))
    session.flush()
    system.wait_all_committed()

    ((_, raw),) = [one for one in system.table("profiles").items() if one[0][1] == "late"]
    read = [past.article_id for past in decode_profile(raw).history]
    after = counted(system)
    assert read == ["a1", "a0"], "in event time, without the one three days old"
    assert after["clicks", "late"] - before["clicks", "late"] == 1
    assert after["clicks", "applied"] - before["clicks", "applied"] == 2


def test_retracted_article_is_in_no_later_slate_of_any_worker(
    system: System, session: Session
) -> None:
    assert holds(session, "a3") == len(READERS)

    system.send("articles", "a3", None)
    started = time.monotonic()
    system.wait_until(lambda: holds(session, "a3") == 0, every_s=0.01)
    took_s = time.monotonic() - started

    assert took_s < SECONDS
    assert holds(session, "a3") == 0
    named = request("named", START_S, candidates=["a2", "a3"])
    got = session.ask(named).recommendation
    assert [item.article_id for item in got.slate] == ["a2"]
    assert got.dropped == ("a3",)


def test_erased_user_leaves_the_tables_and_is_a_stranger(system: System, session: Session) -> None:
    for user in ("erased", "kept"):
        session.send("profile-updates", user, update(user, role="editor", history=("a0", "a1")))
        session.send("clicks", user, click("a4", user_id=user))
    session.flush()
    for answer in slates(session, "erased", "kept"):
        shown = [item.article_id for item in answer.slate]
        user = answer.user_id
        session.send(
            "impressions",
            user,
            impression(f"shown-{user}", shown, user_id=user, request_id=answer.request_id),
        )
    session.flush()
    system.wait_all_committed()
    assert users_in(system, "profiles") >= {"erased", "kept"}
    assert users_in(system, "requests") >= {"erased", "kept"}

    session.send("profile-updates", "erased", None)
    session.flush()
    system.wait_all_committed()

    for table in ("profiles", "requests"):
        assert "erased" not in users_in(system, table)
        assert "kept" in users_in(system, table)
    erased, stranger, kept = slates(session, "erased", "stranger", "kept")
    assert scores(erased) == scores(stranger)
    assert scores(kept) != scores(stranger)


def users_in(system: System, table: str) -> set[str]:
    return {user for _, user in system.table(table)}


def scores(recommendation: Recommendation) -> dict[str, float]:
    return {item.article_id: item.score for item in recommendation.slate}
