"""The promises for the real stream workers: what is left when they are killed, stopped, repeated.

The truth is the fold of the same records by the pure core (`folding`).
"""

from __future__ import annotations

import itertools
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from cherryrec.codec import decode
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import LogMessages, Turn
from cherryrec.events import Example, Recommendation
from cherryrec.open_requests import MAX_OPEN
from streams.replay import Session
from tests.integration.folding import (
    ENVIRONMENT,
    WINDOW_S,
    Fold,
    activity_on,
    assert_same_counters,
    labels_of,
    offsets_of,
    profiles_of,
)
from tests.integration.system import INPUTS, System, counts_of
from tests.worlds import click, impression, request

pytestmark = pytest.mark.timeout(180)

IN_FLIGHT = 16
N_TURNS = 160


@pytest.fixture(scope="module")
def turns(tmp_path_factory: pytest.TempPathFactory) -> list[Turn]:
    """A generated log's messages: 150 users."""
    folder = tmp_path_factory.mktemp("log")
    generate_log(folder, n_users=150, n_articles=150, n_impressions=N_TURNS, days=0.4, seed=5)
    log = MindLog(folder)
    messages = LogMessages(log.articles())
    turns = [messages.turn(row) for row in log.impressions()]
    per_user = Counter(turn.row.user_id for turn in turns)
    assert max(per_user.values()) < MAX_OPEN, "no open request has to make room"
    return turns


@pytest.fixture
def system(kafka: str, prefix: str, tmp_path: Path) -> Iterator[System]:
    system = System(kafka, prefix, tmp_path, ENVIRONMENT)
    yield system
    system.stop()


def publish(system: System, turns: Sequence[Turn]) -> None:
    """Send the articles of a log: before the workers start, so that they know all."""
    with system.session() as session:
        for turn in turns:
            for article in turn.articles:
                session.send("articles", article.article_id, article)
        session.flush()


def send_turns(system: System, session: Session, turns: Sequence[Turn], *, times: int = 1) -> None:
    """Send the profiles of a log, and wait for them: between topics no order is promised."""
    for turn in turns:
        for _ in range(times):
            if turn.profile is not None:
                session.send("profile-updates", turn.profile.user_id, turn.profile)
    session.flush()
    system.wait_all_committed()


def show(session: Session, turns: Sequence[Turn], *, times: int = 1) -> None:
    """Send what was shown and clicked."""
    for turn in turns:
        for _ in range(times):
            session.send("impressions", turn.impression.user_id, turn.impression)
        for one in turn.clicks:
            for _ in range(times):
                session.send("clicks", one.user_id, one)
    session.flush()


def windows(turns: Sequence[Turn]) -> Iterator[list[Turn]]:
    for start in range(0, len(turns), IN_FLIGHT):
        yield list(turns[start : start + IN_FLIGHT])


def ask(session: Session, turns: Sequence[Turn]) -> list[Recommendation]:
    answers = session.ask_all([turn.request for turn in turns])
    return [answers[turn.request.request_id].recommendation for turn in turns]


def soon(action: Callable[[], None]) -> threading.Timer:
    """Do something while the next messages are on their way."""
    timer = threading.Timer(0.05, action)
    timer.start()
    return timer


def assert_is_the_fold(system: System) -> Fold:
    fold = Fold.of(system)
    assert profiles_of(system.table("profiles")) == profiles_of(fold.system.profiles.values)
    assert labels_of(system.table("requests")) == labels_of(fold.system.requests.values)
    activity = activity_on(system)
    assert_same_counters(activity, fold.activity)
    assert offsets_of(activity) == offsets_of(fold.activity)
    return fold


def explains(recommendation: Recommendation) -> bool:
    """Check that the contributions sum to the scores; whether there are any."""
    for item in recommendation.slate:
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-9)
    return any(item.contributions for item in recommendation.slate)


def close_windows(session: Session, system: System, after_s: float) -> None:
    """Let event time pass every window, on every partition."""
    user_of = {record.partition: record.key.decode() for record in system.records("requests")}
    for user_id in user_of.values():
        shown = impression(f"last-{user_id}", ["a"], after_s, user_id=user_id)
        session.send("impressions", user_id, shown)
        session.send("clicks", user_id, click("a", after_s, user_id=user_id))
    session.flush()


@pytest.mark.slow
def test_killed_workers_leave_what_one_that_never_was_would_have(
    system: System, turns: list[Turn]
) -> None:
    publish(system, turns)
    first = system.start(name="first")
    second = system.start(name="second")
    kills: list[threading.Timer] = []

    with system.session() as session:
        send_turns(system, session, turns)
        answers = []
        for number, window in enumerate(windows(turns)):
            if number == 3:
                kills.append(soon(first.kill))
            if number == 5:
                first = system.start(name="first")
            if number == 7:
                kills.append(soon(second.kill))
            answers += ask(session, window)
            show(session, window)
        system.wait_all_committed()
        assert_is_the_fold(system)

        assert len(answers) == len(turns)
        assert all(one.degraded is None for one in answers)

        close_windows(session, system, turns[-1].time_s + 2 * WINDOW_S)
        system.wait_all_committed()
        fold = assert_is_the_fold(system)
        examples = [decode(Example, record.value) for record in system.records("examples")]
        assert labelled(examples) == labelled(fold.examples)

        system.start("learner")
        system.wait_until(lambda: bool(system.records("models")), every_s=0.2)
        now = turns[-1].time_s + 2 * WINDOW_S + 1
        numbers = itertools.count()

        def is_learned() -> bool:
            """Whether a snapshot is scored with that has learned enough to tell articles apart."""
            name, candidates = f"later-{next(numbers)}", turns[0].row.candidates
            asked = request(name, now, user_id="U1", candidates=candidates)
            recommendation = session.ask(asked).recommendation
            return explains(recommendation) and bool(recommendation.versions["models"])

        system.wait_until(is_learned)

    assert all(not kill.is_alive() for kill in kills)
    for one in answers:
        explains(one)


def labelled(examples: Sequence[Example]) -> dict[str, tuple[str, list[tuple[str, bool]]]]:
    return {
        one.example_id: (one.user_id, list(zip(one.articles, one.clicked, strict=True)))
        for one in examples
    }


@pytest.mark.slow
def test_events_sent_twice_count_once(system: System, turns: list[Turn]) -> None:
    few = turns[: 4 * IN_FLIGHT]
    publish(system, few)
    worker = system.start()

    with system.session() as session:
        send_turns(system, session, few, times=2)
        for window in windows(few):
            for turn in window:
                session.send("requests", turn.request.user_id, turn.request)
            ask(session, window)
            show(session, window, times=2)
        system.wait_all_committed()

    once = Fold.of(system, once=True)
    profiles = system.table("profiles")
    assert profiles_of(profiles, offsets=False) == profiles_of(
        once.system.profiles.values, offsets=False
    )
    assert labels_of(system.table("requests")) == labels_of(once.system.requests.values)
    assert_same_counters(activity_on(system), once.activity)
    assert_is_the_fold(system)
    counts = counts_of(worker)
    n_clicks = sum(len(turn.clicks) for turn in few)
    assert counts["impressions", "applied"] == counts["impressions", "duplicate"] == len(few)
    assert counts["clicks", "applied"] == counts["clicks", "duplicate"] == n_clicks
    assert n_in(system) == n_counted(counts)


@pytest.mark.slow
def test_sigterm_ends_a_worker_and_its_successor_counts_nothing_twice(
    system: System, turns: list[Turn]
) -> None:
    few = turns[: 5 * IN_FLIGHT]
    publish(system, few)
    first = system.start(name="worker")
    codes: list[int] = []

    with system.session() as session:
        send_turns(system, session, few)
        for number, window in enumerate(windows(few)):
            if number == 2:
                stopping = soon(lambda: codes.append(first.stop()))
                stopping.join()
                system.start(name="worker", wait=False)
            ask(session, window)
            show(session, window)
        system.wait_all_committed()

    assert codes == [0]
    assert_is_the_fold(system)


@pytest.mark.slow
def test_requests_that_come_while_a_worker_joins_are_all_answered(
    system: System, turns: list[Turn]
) -> None:
    """What the first worker fetched in its recovery, with nothing committed, was never read."""
    few = turns[: 4 * IN_FLIGHT]
    publish(system, few)
    system.start(name="first")
    system.start(name="second")

    with system.session() as session:
        answers = ask(session, few)
        system.wait_all_committed()

    assert len(answers) == len(few)


@pytest.mark.slow
def test_worker_that_slept_past_its_session_ends_when_it_wakes_and_writes_no_more(
    system: System, turns: list[Turn]
) -> None:
    """One went on with what it had in hand, over what its successor had written since."""
    few = turns[: 7 * IN_FLIGHT]
    publish(system, few)
    sleeper = system.start(name="sleeper")
    system.start(name="other")

    with system.session() as session:
        send_turns(system, session, few)
        for number, window in enumerate(windows(few)):
            if number == 2:
                falling_asleep = soon(lambda: sleeper.process.send_signal(signal.SIGSTOP))
            if number == 5:
                sleeper.process.send_signal(signal.SIGCONT)
            ask(session, window)
            show(session, window)
        system.wait_all_committed()

    assert not falling_asleep.is_alive()
    assert sleeper.process.wait(10) == 70
    assert "the process stood still for" in sleeper.log_file.read_text()
    assert_is_the_fold(system)


def n_in(system: System) -> dict[str, int]:
    """Messages that came in, by topic."""
    return {topic: len(system.records(topic)) for topic in INPUTS}


def n_counted(counts: dict[tuple[str, str], int]) -> dict[str, int]:
    """Messages by topic, whatever became of them."""
    return {topic: sum(n for (name, _), n in counts.items() if name == topic) for topic in INPUTS}
