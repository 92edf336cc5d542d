"""A site beside its own recommender: its slates alone train the models, through real workers.

Its own slates name no request; a worker is killed in between. The truth is the fold of the same
records by the pure core.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cherryrec.codec import decode
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import LogMessages, Turn
from cherryrec.events import Example, Recommendation
from cherryrec.open_requests import MAX_OPEN
from cherryrec.snapshots import SERVING
from streams.replay import Session
from tests.commands import run_command
from tests.integration.folding import ENVIRONMENT, WINDOW_S, Fold, labels_of, profiles_of
from tests.integration.system import PARTITIONS, System
from tests.worlds import click, impression, request

pytestmark = pytest.mark.timeout(180)

N_TURNS, IN_FLIGHT = 96, 16


class _Head(msgspec.Struct):
    n_examples: int


@pytest.fixture
def turns(tmp_path: Path) -> list[Turn]:
    folder = tmp_path / "log"
    generate_log(folder, n_users=60, n_articles=80, n_impressions=N_TURNS, days=0.2, seed=4)
    log = MindLog(folder)
    messages = LogMessages(log.articles(), in_shade=True)
    turns = [messages.turn(row) for row in log.impressions()]
    assert max(Counter(turn.row.user_id for turn in turns).values()) < MAX_OPEN
    return turns


@pytest.fixture
def system(kafka: str, prefix: str, tmp_path: Path) -> Iterator[System]:
    environment = {
        **ENVIRONMENT,
        "CHERRYREC_LEARNER_SERVING_EVERY_S": "0.1",
        "CHERRYREC_FEEDBACK_SHADOW_SHARE": "1",
    }
    system = System(kafka, prefix, tmp_path, environment)
    yield system
    system.stop()


def ask(session: Session, name: str, turns: list[Turn]) -> Recommendation:
    candidates = turns[0].row.candidates
    asked = request(name, turns[-1].time_s, user_id="asking", candidates=candidates)
    return session.ask(asked).recommendation


def examples_on(system: System) -> list[Example]:
    limit = 4 << 20
    return [decode(Example, one.value, max_bytes=limit) for one in system.records("examples")]


def n_learned(system: System) -> int:
    served = [one.value for one in system.records("models") if one.key == SERVING.encode()]
    return msgspec.json.decode(served[-1], type=_Head).n_examples if served else 0


@pytest.mark.slow
def test_a_sites_own_slates_alone_train_the_models_through_a_kill(
    system: System, turns: list[Turn], monkeypatch: pytest.MonkeyPatch
) -> None:
    with system.session() as session:
        for turn in turns:
            for article in turn.articles:
                session.send("articles", article.article_id, article)
        session.flush()
    worker = system.start(name="worker")
    system.start("learner")

    with system.session() as session:
        untrained = ask(session, "before", turns)
        assert untrained.versions["models"] == 0
        for turn in turns:
            if turn.profile is not None:
                session.send("profile-updates", turn.profile.user_id, turn.profile)
        session.flush()
        system.wait_all_committed()
        for number, start in enumerate(range(0, N_TURNS, IN_FLIGHT)):
            for turn in turns[start : start + IN_FLIGHT]:
                session.send("impressions", turn.impression.user_id, turn.impression)
                for one in turn.clicks:
                    session.send("clicks", one.user_id, one)
            session.flush()
            if number == 2:
                worker.kill()
                worker = system.start(name="worker", wait=False)
        system.wait_all_committed()
        fold = Fold.of(system)
        assert profiles_of(system.table("profiles")) == profiles_of(fold.system.profiles.values)
        assert labels_of(system.table("requests")) == labels_of(fold.system.requests.values)

        after_s = turns[-1].time_s + 2 * WINDOW_S
        users = {one.partition: one.key.decode() for one in system.records("impressions")}
        for user_id in users.values():
            last = impression(f"last-{user_id}", ["none"], after_s, user_id=user_id)
            session.send("impressions", user_id, last)
            session.send("clicks", user_id, click("none", after_s, user_id=user_id))
        session.flush()
        system.wait_all_committed()

        clicked = {turn.slate_id for turn in turns if turn.clicks}
        system.wait_until(lambda: n_learned(system) >= len(clicked), every_s=0.3)
        found = examples_on(system)
        assert {one.origin for one in found} == {"slate"}
        assert {one.example_id.rpartition(":")[0] for one in found} == clicked
        assert n_learned(system) == len({one.example_id for one in found}) == len(clicked)

        def is_followed() -> bool:
            return bool(ask(session, f"later-{len(asked)}", turns).versions["models"])

        asked: list[int] = []
        system.wait_until(lambda: is_followed() or bool(asked.append(1)))
        trained = ask(session, "after", turns)
    assert any(item.contributions for item in trained.slate)
    assert [i.article_id for i in trained.slate] != [i.article_id for i in untrained.slate]

    for name, value in (
        ("BOOTSTRAP_SERVERS", system.servers),
        ("PREFIX", system.names.prefix),
        ("PARTITIONS", str(PARTITIONS)),
    ):
        monkeypatch.setenv(f"CHERRYREC_KAFKA_{name}", value)
    ended = run_command("shadow")
    assert ended.code == 0, ended.err
    (line,) = [line for line in ended.out.splitlines() if line.startswith("all")]
    assert int(line.split()[1]) == len(clicked)


@pytest.mark.slow
def test_models_trained_in_the_shade_rank_the_slates_that_come_next(
    system: System, turns: list[Turn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `replay --engine kafka --running --shade`; `shadow` then shows protocols A and C."""
    system.environment["CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S"] = "0"
    system.environment["CHERRYREC_FEEDBACK_CORRECTION_S"] = "0"
    system.environment["CHERRYREC_FEEDBACK_RECALL_SHARE"] = "1"
    system.environment["CHERRYREC_STREAM_ACTIVITY_FLUSH_S"] = "0.1"
    system.start("learner", wait=False)
    system.start("stream")
    for name, value in (
        ("KAFKA_BOOTSTRAP_SERVERS", system.servers),
        ("KAFKA_PREFIX", system.names.prefix),
        ("KAFKA_PARTITIONS", str(PARTITIONS)),
        ("FEEDBACK_ATTRIBUTION_WINDOW_S", "0"),
    ):
        monkeypatch.setenv(f"CHERRYREC_{name}", value)

    options = ("--engine", "kafka", "--running", "--shade", "--no-compare", "--baselines", "none")
    ended = run_command("replay", str(tmp_path / "log"), *options, "--report", str(tmp_path / "r"))

    assert ended.code == 0, ended.err
    assert {one.origin for one in examples_on(system)} == {"slate"}
    shown = run_command("shadow")
    assert shown.code == 0, shown.err
    (line,) = [line for line in shown.out.splitlines() if line.startswith("all")]
    assert int(line.split()[1]) > N_TURNS // 4
    assert not line.endswith("none"), "KnRS was asked what it keeps of the whole catalogue"
