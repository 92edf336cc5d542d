"""The ladder of degradation: whatever the gpu worker does, every request is answered in time."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cherryrec.codec import decode
from cherryrec.evaluation import ladder as rungs
from cherryrec.events import (
    Evaluation,
    EvaluationRequest,
    Recommendation,
    RecommendationRequest,
    instant,
)
from cherryrec.pipeline.budget import LEAST_QUESTIONS
from streams.replay import Answer, Session
from streams.stack import Child, free_port, start_child
from tests.integration.system import ROOT, WAIT_S, System, counts_of
from tests.worlds import START_S, article, request

pytestmark = pytest.mark.timeout(180)

SCRIPT = ROOT / "tests" / "gpu_worker" / "scripted_worker.py"
DEADLINE_S = 1.0
BUDGET_PER_S, BURST_S = 6.0, 2.0
SLACK_S = 2.0
"""For the deadline's way through Kafka and a busy machine; one more than this is a failure."""


class Ladder(System):
    """Two stream workers that ask CnLE, and gpu workers with a scripted model."""

    @contextmanager
    def gpu(self, name: str, **options: Any) -> Iterator[Child]:
        """Run a gpu worker, and kill it."""
        port = free_port()
        settings = {
            "bootstrap_servers": self.servers,
            "prefix": self.names.prefix,
            "http_port": port,
            **options,
        }
        child = start_child(
            name,
            [sys.executable, str(SCRIPT), json.dumps(settings)],
            log_file=self.folder / "logs" / f"{name}.log",
            http_port=port,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.children.append(child)
        try:
            child.wait_ready(WAIT_S)
            yield child
        finally:
            child.kill()


ENVIRONMENT = {
    "CHERRYREC_EVALUATOR_ENABLED": "true",
    "CHERRYREC_EVALUATOR_DEADLINE_MS": str(round(1e3 * DEADLINE_S)),
}


@pytest.fixture(scope="module")
def ladder(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ladder]:
    with running(
        Ladder(kafka, "ladder.", tmp_path_factory.mktemp("ladder"), ENVIRONMENT)
    ) as ladder:
        yield ladder


@pytest.fixture
def budgeted(kafka: str, tmp_path: Path) -> Iterator[Ladder]:
    budget = {
        "CHERRYREC_EVALUATOR_BUDGET_PER_S": str(BUDGET_PER_S),
        "CHERRYREC_EVALUATOR_BUDGET_BURST_S": str(BURST_S),
    }
    with running(Ladder(kafka, "budgeted.", tmp_path, ENVIRONMENT | budget)) as ladder:
        yield ladder


@contextmanager
def running(ladder: Ladder) -> Iterator[Ladder]:
    """Two stream workers over eight articles, stopped in the end."""
    try:
        for number in range(8):
            published = article(number, published_at=instant(START_S))
            ladder.send("articles", published.article_id, published)
        for name in ("one", "two"):
            ladder.start(name=name)
        yield ladder
    finally:
        ladder.stop()


@pytest.fixture
def session(ladder: Ladder) -> Iterator[Session]:
    with ladder.session() as session:
        yield session


def requests(name: str, n: int, **fields: Any) -> list[RecommendationRequest]:
    """Requests of as many users, of all partitions."""
    return [
        request(f"{name}-{number}", START_S + 60, user_id=f"{name}-u{number}", **fields)
        for number in range(n)
    ]


def reasons(answers: dict[str, Answer]) -> Counter[str | None]:
    return Counter(one.recommendation.degraded for one in answers.values())


def slowest_s(answers: dict[str, Answer]) -> float:
    return max(one.latency_s for one in answers.values())


def has_evaluations(recommendation: Recommendation) -> bool:
    return all(item.evaluation is not None for item in recommendation.slate)


def is_explained(recommendations: Sequence[Recommendation]) -> bool:
    return all(
        abs(sum(item.contributions.values()) - item.score) <= 1e-9
        for one in recommendations
        for item in one.slate
    )


@pytest.mark.slow
def test_absent_gpu_worker_degrades_at_the_deadline(ladder: Ladder, session: Session) -> None:
    answers = session.ask_all(requests("absent", 30))

    assert reasons(answers) == {"evaluation_late": 30}
    assert all(len(one.recommendation.slate) == 8 for one in answers.values())
    assert min(one.latency_s for one in answers.values()) >= DEADLINE_S
    assert slowest_s(answers) < DEADLINE_S + SLACK_S


def test_request_that_wants_no_evaluation_is_answered_at_once(session: Session) -> None:
    answers = session.ask_all(requests("fast", 10, deadline_ms=0))

    assert reasons(answers) == {None: 10}
    assert slowest_s(answers) < DEADLINE_S


def test_well_gpu_worker_evaluates(ladder: Ladder, session: Session) -> None:
    with ladder.gpu("well") as gpu:
        answers = session.ask_all(requests("well", 30, deadline_ms=20_000))
        code = gpu.stop()

    found = [one.recommendation for one in answers.values()]
    assert reasons(answers) == {None: 30}
    assert all(has_evaluations(one) for one in found)
    assert {one.versions["evaluator"] for one in found} == {"scripted/1"}
    assert is_explained(found)
    assert code == 0


def test_slow_gpu_worker_degrades_at_the_deadline_and_comes_too_late(
    ladder: Ladder, session: Session
) -> None:
    before = late(ladder)
    with ladder.gpu("slow", batch_s=DEADLINE_S + 0.5, config={"max_batch_size": 32}):
        answers = session.ask_all(requests("slow", 6))
        ladder.wait_until(lambda: late(ladder) >= before + 6, every_s=0.2)

    assert reasons(answers) == {"evaluation_late": 6}
    assert slowest_s(answers) < DEADLINE_S + SLACK_S


def test_failing_gpu_worker_degrades_at_once(ladder: Ladder, session: Session) -> None:
    with ladder.gpu("failing", n_failures=1_000, config={"max_failures": 1_000}):
        answers = session.ask_all(requests("failing", 20, deadline_ms=20_000))

    assert reasons(answers) == {"evaluation_failed": 20}
    assert slowest_s(answers) < 20


@pytest.mark.slow
def test_gpu_worker_killed_in_mid_replay_leaves_no_request_unanswered(
    ladder: Ladder, session: Session
) -> None:
    asked = requests("killed", 60, deadline_ms=12_000)  # time for ten also on a busy machine
    with ladder.gpu("killed", batch_s=0.05, config={"max_batch_size": 2}) as gpu:
        for one in asked:
            session.send("requests", one.user_id, one)
        session.flush()
        ladder.wait_until(lambda: evaluated_of(ladder, "killed") > 10, every_s=0.02)
        gpu.kill()
    killed_s = time.monotonic()
    ladder.wait_until(lambda: asked_of(ladder, "killed") == 60, every_s=0.1)

    assert time.monotonic() - killed_s < 12 + SLACK_S
    given = [one for one in ladder.recommendations() if one.request_id.startswith("killed-")]
    degraded = Counter(one.degraded for one in given)
    assert degraded.keys() == {None, "evaluation_late"}, "some before, some after the kill"
    assert len(given) == 60, "each is answered once"
    assert all(has_evaluations(one) == (one.degraded is None) for one in given)


@pytest.mark.slow
def test_gpu_worker_killed_under_a_budget_leaves_every_request_on_one_rung(
    budgeted: Ladder,
) -> None:
    asked = requests("spent", 150, deadline_ms=4_000)
    started_s = time.monotonic()
    with (
        budgeted.session() as session,
        budgeted.gpu("spent", config={"max_batch_size": 2}) as gpu,
    ):
        for number, one in enumerate(asked):
            session.send("requests", one.user_id, one)
            time.sleep(0.03)  # 33 a second and fewer: five times the budget
            if number == 90:
                budgeted.wait_until(lambda: bool(budgeted.records("evaluations")), every_s=0.02)
                gpu.kill()
        session.flush()
        asked_s = time.monotonic() - started_s
        budgeted.wait_until(lambda: asked_of(budgeted, "spent") == 150, every_s=0.1)

    given = budgeted.recommendations()
    assert len(given) == 150, "each is answered once"
    shares = rungs.Ladder()
    for recommendation in given:
        shares.add(recommendation)
    assert sum(shares.values()["shares"].values()) == pytest.approx(1.0)
    assert set(shares.rungs) == {"evaluated", "unevaluated"}
    assert shares.without.keys() >= {"evaluation_late", "evaluation_over_budget"}
    assert all(has_evaluations(one) == (one.rung == "evaluated") for one in given)
    assert all((one.degraded is None) == (one.rung == "evaluated") for one in given)
    n_over = shares.without["evaluation_over_budget"]
    n_granted = len(questions(budgeted))
    assert n_granted + n_over == 150
    workers = [child for child in budgeted.children if child.name in {"one", "two"}]
    bucket = max(BUDGET_PER_S * BURST_S, len(workers) * LEAST_QUESTIONS)
    assert n_granted <= BUDGET_PER_S * (asked_s + SLACK_S) + bucket
    assert choices_of(workers) == {"asked": n_granted, "over_budget": n_over}
    assert n_over > 50


def choices_of(workers: Sequence[Child]) -> Counter[str]:
    """What the workers counted of requests by whether CnLE was asked."""
    found: Counter[str] = Counter()
    for child in workers:
        url = f"http://127.0.0.1:{child.http_port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        for line in lines:
            if line.startswith('cherryrec_evaluation_choices_total{outcome="'):
                labels, value = line.split("} ")
                found[labels.split('"')[1]] += int(float(value))
    return found


def test_pending_requests_of_a_killed_stream_worker_are_answered_by_the_other(
    ladder: Ladder, session: Session
) -> None:
    asked = requests("orphans", 30, deadline_ms=3_000)
    for one in asked:
        session.send("requests", one.user_id, one)
    session.flush()
    wanted = {one.request_id for one in asked}
    ladder.wait_until(lambda: wanted <= set(questions(ladder)), every_s=0.05)

    next(child for child in ladder.children if child.name == "one").kill()
    ladder.wait_until(lambda: asked_of(ladder, "orphans") == 30, every_s=0.2)

    given = [one for one in ladder.recommendations() if one.request_id in wanted]
    assert {one.degraded for one in given} == {"evaluation_late"}
    assert all(len(one.slate) == 8 for one in given)


def questions(ladder: Ladder) -> list[str]:
    """The requests that CnLE was asked about."""
    found = ladder.records("evaluation-requests")
    return [decode(EvaluationRequest, record.value).request_id for record in found]


def late(ladder: Ladder) -> int:
    workers = [child for child in ladder.children if child.name in {"one", "two"}]
    return sum(counts_of(child).get(("evaluations", "late"), 0) for child in workers)


def asked_of(ladder: Ladder, name: str) -> int:
    """How many requests of a test have been answered."""
    found = {one.request_id for one in ladder.recommendations()}
    return sum(request_id.startswith(f"{name}-") for request_id in found)


def evaluated_of(ladder: Ladder, name: str) -> int:
    """How many requests of a test a gpu worker has answered; it may answer earlier ones again."""
    found = {decode(Evaluation, one.value).request_id for one in ladder.records("evaluations")}
    return sum(request_id.startswith(f"{name}-") for request_id in found)
