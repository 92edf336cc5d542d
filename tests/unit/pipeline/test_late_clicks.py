"""Clicks after their window: corrections end where hindsight would have begun."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from heapq import heappop, heappush
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.metrics import auc
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import LogMessages
from cherryrec.events import Click, Example, Impression, instant
from cherryrec.features.blocks.slate import evidence as evidence_of
from cherryrec.learner import Learner
from cherryrec.pipeline import Position
from cherryrec.slates import SlatesConfig
from tests.unit.pipeline.labelling import CONFIG, CORRECTION_S, WINDOW_S, Worker, stored
from tests.worlds import START_S

pytestmark = pytest.mark.slow

# Whole runs beside hindsight: the same log, its late clicks known before their windows end.
# The runs' own hindsight for counts; for the learner, the same features with the last labels.


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> MindLog:
    folder: Path = tmp_path_factory.mktemp("log")
    generate_log(folder, n_users=50, n_articles=200, n_impressions=500, days=1.0, seed=11)
    return MindLog(folder)


def events_of(log: MindLog, *, hindsight: bool) -> Iterator[tuple[float, object, bool]]:
    """What happens, in the order it becomes known; one click in six is late by its time.

    With hindsight a late click is known in the minute after its impression, as the others are.
    """
    rng = np.random.default_rng(3)
    messages = LogMessages(log.articles())
    waiting: list[tuple[float, int, Click]] = []
    for number, row in enumerate(log.impressions()):
        turn = messages.turn(row)
        while waiting and waiting[0][0] < turn.time_s:
            known_s, _, late = heappop(waiting)
            yield known_s, late, True
        yield turn.time_s, turn, False
        for k, one in enumerate(turn.clicks):
            delay_s = 30.0 + k
            is_late = rng.random() < 1 / 6
            if is_late:
                delay_s = WINDOW_S + float(rng.uniform(0.05, 0.95)) * CORRECTION_S
            at_s = turn.time_s + delay_s
            known_s = turn.time_s + 30.0 + k if hindsight else at_s
            clicked = msgspec.structs.replace(one, clicked_at=instant(at_s))
            heappush(waiting, (known_s, 10 * number + k, clicked))
    while waiting:
        known_s, _, late = heappop(waiting)
        yield known_s, late, True


def replayed(log: MindLog, *, hindsight: bool) -> Worker:
    config = replace(CONFIG, slates=SlatesConfig(max_articles=512, max_slates=2_048))
    worker = Worker(0, config)
    offsets = iter(range(1_000_000))
    time_s = 0.0
    for time_s, event, is_click in events_of(log, hindsight=hindsight):
        at = Position(0, next(offsets))
        worker.tick(time_s)
        if is_click:
            assert isinstance(event, Click)
            worker.follow(worker.pipeline.click(at, event))
            continue
        turn = event
        for one in turn.articles:  # type: ignore[attr-defined]
            worker.pipeline.article(one.article_id, one, now=time_s)
        profile = turn.profile  # type: ignore[attr-defined]
        if profile is not None:
            worker.pipeline.profile_update(at, profile.user_id, profile)
        worker.pipeline.request(at, turn.request, clock_s=0.0)  # type: ignore[attr-defined]
        slate = turn.impression  # type: ignore[attr-defined]
        assert isinstance(slate, Impression)
        worker.follow(worker.pipeline.impression(at, slate))
    worker.tick(time_s + WINDOW_S + 1.0)
    worker.tick(time_s + WINDOW_S + CORRECTION_S + 2.0)
    return worker


@pytest.fixture(scope="module")
def runs(log: MindLog) -> tuple[Worker, Worker]:
    """A run whose late clicks correct, and one of perfect hindsight."""
    late, hindsight = replayed(log, hindsight=False), replayed(log, hindsight=True)
    corrections = sum(is_correction for *_, is_correction in late.slates())
    assert corrections > 20
    assert not any(is_correction for *_, is_correction in hindsight.slates())
    return late, hindsight


def final(worker: Worker) -> dict[str, tuple[bool, ...]]:
    """What was last said of each slate."""
    return {name: clicked for name, clicked, _ in worker.slates()}


def test_labels_end_as_in_hindsight(runs: tuple[Worker, Worker]) -> None:
    late, hindsight = runs

    assert final(late) == final(hindsight)


def test_slate_evidence_ends_as_in_hindsight(runs: tuple[Worker, Worker]) -> None:
    memories = [worker.pipeline.slates for worker in runs]
    articles = sorted(memories[0]._slot_of)
    assert articles == sorted(memories[1]._slot_of)
    counted = []
    for memory in memories:
        slots = [memory._slot_of[a] for a in articles]
        codes = [memory._category_of[name] for name in sorted(memory._category_of)]
        counted.append(
            [memory.wins[np.ix_(slots, slots)]]
            + [c[np.ix_(slots, codes)] for c in (memory._category_wins, memory._category_losses)]
        )

    for ours, theirs in zip(*counted, strict=True):
        assert ours.any()
        assert (ours == theirs).all()
    names = [""] * len(articles)
    evidence = [evidence_of(m, articles, categories=names, now=START_S * 1.01) for m in memories]
    np.testing.assert_allclose(evidence[0], evidence[1], rtol=1e-9, atol=1e-9)


def test_attention_ends_as_in_hindsight(runs: tuple[Worker, Worker]) -> None:
    late, hindsight = (worker.pipeline.catalogue for worker in runs)
    assert late.ids == hindsight.ids
    rows = slice(0, late.n_rows)

    assert (late.totals.totals(rows) == hindsight.totals.totals(rows)).all()
    np.testing.assert_allclose(late.totals.sums[rows], hindsight.totals.sums[rows], rtol=1e-12)
    assert late.counted_s == hindsight.counted_s


def users_of(worker: Worker) -> Iterable[str]:
    return sorted(user for _, user in stored(worker))


def test_users_end_as_in_hindsight(runs: tuple[Worker, Worker]) -> None:
    late, hindsight = runs
    assert users_of(late) == users_of(hindsight)
    for user in users_of(late):
        ours, theirs = (worker.pipeline.users.profile(0, user) for worker in runs)
        for name in ("history", "n_clicks", "newest_s", "categories", "subcategories"):
            assert getattr(ours, name) == getattr(theirs, name)
        states = [worker.pipeline.users.requests(0, user) for worker in runs]
        assert [state.entries for state in states] == [(), ()]
        exposures = [state.exposures for state in states]
        assert exposures[0].articles == exposures[1].articles
        assert exposures[0].n_slates == exposures[1].n_slates
        records = [
            {key: (clicks, expected) for key, clicks, expected in e.category_records().tolist()}
            for e in exposures
        ]
        assert {k: c for k, (c, _) in records[0].items()} == {
            k: c for k, (c, _) in records[1].items()
        }
        for key, (_, expected) in records[0].items():
            assert expected == pytest.approx(records[1][key][1], abs=1e-4)


def ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.argsort(np.argsort(scores)).astype(np.float64)


def test_the_model_ends_near_one_that_had_every_label_from_the_start(
    runs: tuple[Worker, Worker],
) -> None:
    """Not at it: it has learned some slates twice, once without their late clicks.

    Ranks correlate by 0.98 at least, and of 200 pairs at most one more is out of order.
    """
    worker = runs[0]
    right = Learner(CONFIG.knrs, CONFIG.vans)
    labels = final(worker)
    first: dict[str, Example] = {}
    for event in worker.sent:
        if isinstance(event, Example):
            name = event.example_id.partition(":")[0]
            first.setdefault(name, msgspec.structs.replace(event, clicked=labels[name]))
    for offset, example in enumerate(first.values()):
        right.learn(example, partition=0, offset=offset)
    assert worker.learner.n_examples > right.n_examples

    correlations, aucs = [], []
    for example in [*first.values()][-150:]:
        features = np.frombuffer(example.features, "<f4").reshape(len(example.articles), -1)
        scores = [
            model.vans.score(features.astype(np.float64)).scores
            for model in (worker.learner, right)
        ]
        correlations.append(np.corrcoef(ranks(scores[0]), ranks(scores[1]))[0, 1])
        aucs.append([auc(s, example.clicked) for s in scores])

    assert np.mean(correlations) >= 0.98
    assert abs(np.subtract(*np.mean(aucs, axis=0))) <= 0.005
