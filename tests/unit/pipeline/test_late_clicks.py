"""Clicks after their window: corrections end where hindsight would have begun."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
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
from cherryrec.events import (
    Click,
    Example,
    FeedbackTick,
    Impression,
    SlateLabelled,
    instant,
)
from cherryrec.exposures import Exposures
from cherryrec.feedback import FeedbackConfig
from cherryrec.learner import Learner
from cherryrec.pipeline import Effects, MemoryStore, Pipeline, PipelineConfig, Position
from cherryrec.slates import SlatesConfig
from tests.worlds import START_S, click, impression, pipeline_of, request

WINDOW_S, CORRECTION_S = 600.0, 1_800.0
CONFIG = PipelineConfig(
    feedback=FeedbackConfig(attribution_window_s=WINDOW_S, correction_s=CORRECTION_S),
    slates=SlatesConfig(max_articles=64, max_slates=2_048),
)
AFTER_S = START_S + WINDOW_S + 1.0


@dataclass
class Worker:
    """A pipeline that gets back what it says of labels, as from the topics."""

    pipeline: Pipeline
    learner: Learner | None = None
    sent: list[Example | SlateLabelled] = field(default_factory=list)

    def follow(self, effects: Effects, *, is_safe: bool = True) -> None:
        for send in effects.sends:
            event = send.event
            if isinstance(event, SlateLabelled):
                self.sent.append(event)
                self.pipeline.labelled(event)
            elif isinstance(event, Example):
                self.sent.append(event)
                if self.learner is not None:
                    self.learner.learn(event, partition=0, offset=len(self.sent))
        if is_safe:
            self.pipeline.forget(effects.closed)

    def tick(self, time_s: float, *, is_safe: bool = True) -> Effects:
        effects = self.pipeline.tick(FeedbackTick(partition=0, time=instant(time_s)))
        self.follow(effects, is_safe=is_safe)
        return effects

    def examples(self) -> list[tuple[str, tuple[bool, ...]]]:
        return [(e.example_id, e.clicked) for e in self.sent if isinstance(e, Example)]

    def slates(self) -> list[tuple[str, tuple[bool, ...], bool]]:
        labelled = [e for e in self.sent if isinstance(e, SlateLabelled)]
        return [(e.slate_id, e.clicked, e.is_correction) for e in labelled]

    def exposures(self, user: str = "u") -> Exposures:
        return self.pipeline.users.requests(0, user).exposures


def shown(*clicks: Click) -> Worker:
    """One slate of three, shown at START_S, with these clicks; its window has not ended."""
    worker = Worker(pipeline_of(6, config=CONFIG))
    worker.pipeline.request(Position(0, 0), request("r"), clock_s=0.0)
    slate = impression("i", ["a0", "a1", "a2"], request_id="r")
    worker.follow(worker.pipeline.impression(Position(0, 0), slate))
    for offset, one in enumerate(clicks):
        worker.follow(worker.pipeline.click(Position(0, offset), one))
    return worker


def tastes(exposures: Exposures) -> dict[int, object]:
    return {key: (c, pytest.approx(e)) for key, c, e in exposures.category_records().tolist()}


IN_TIME = click("a1", START_S + 5.0, impression_id="i")
LATE = click("a2", AFTER_S + 60.0, impression_id="i")


def test_a_late_click_corrects_example_slate_and_exposures() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S)
    assert worker.examples() == [("r:1", (False, True, False))]
    before = worker.exposures()

    worker.follow(worker.pipeline.click(Position(0, 1), LATE))

    assert worker.examples()[1:] == [("r:2", (False, True, True))]
    assert worker.slates() == [
        ("r", (False, True, False), False),
        ("r", (False, True, True), True),
    ]
    hindsight = shown(IN_TIME, LATE)
    hindsight.tick(AFTER_S)
    assert tastes(worker.exposures()) == tastes(hindsight.exposures()) != tastes(before)
    assert (worker.pipeline.slates.wins == hindsight.pipeline.slates.wins).all()


def test_a_slate_nobody_had_clicked_is_new_when_a_late_click_comes() -> None:
    """Not a correction: nobody has its slate yet."""
    worker = shown()
    worker.tick(AFTER_S)
    assert worker.sent == []

    worker.follow(worker.pipeline.click(Position(0, 0), LATE))

    assert worker.examples() == [("r:1", (False, False, True))]
    assert worker.slates() == [("r", (False, False, True), False)]
    assert worker.pipeline.slates.wins.sum() == 2.0


def test_after_the_correction_nothing_is_kept_and_nothing_changes() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S)
    worker.tick(AFTER_S + CORRECTION_S)
    assert worker.pipeline.users.requests(0, "u").entries == ()

    effects = worker.pipeline.click(Position(0, 1), LATE)

    assert effects.sends == []


def test_a_late_click_without_its_impressions_name_finds_it_too() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S)

    worker.follow(worker.pipeline.click(Position(0, 1), click("a2", AFTER_S + 60.0)))

    assert worker.examples()[-1] == ("r:2", (False, True, True))


def test_a_click_while_labels_are_on_their_way_corrects_them() -> None:
    """It was once taken in without a word: neither the labels sent nor any later ones knew it."""
    worker = shown(IN_TIME)
    closing = worker.tick(AFTER_S, is_safe=False)

    worker.follow(worker.pipeline.click(Position(0, 1), LATE))
    worker.pipeline.forget(closing.closed)

    assert [name for name, _ in worker.examples()] == ["r:1", "r:2"]
    assert worker.slates()[-1] == ("r", (False, True, True), True)
    hindsight = shown(IN_TIME, LATE)
    hindsight.tick(AFTER_S)
    assert tastes(worker.exposures()) == tastes(hindsight.exposures())


def test_a_window_that_ends_while_another_is_on_its_way_leaves_it_alone() -> None:
    """The other was once closed twice, and forgotten before corrections could come."""
    worker = shown(IN_TIME)
    worker.pipeline.request(Position(0, 1), request("r2", START_S + 1.0), clock_s=0.0)
    second = impression("i2", ["a3", "a4"], START_S + 60.0, request_id="r2")
    worker.follow(worker.pipeline.impression(Position(0, 1), second))

    first = worker.tick(AFTER_S, is_safe=False)
    both = worker.tick(AFTER_S + 60.0, is_safe=False)
    for effects in (first, both):
        worker.pipeline.forget(effects.closed)

    assert [(one.request_id, one.n_clicks) for one in both.closed] == [("r2", 0)]
    entries = worker.pipeline.users.requests(0, "u").entries
    assert [(e.request_id, e.n_labelled) for e in entries] == [("r", 1), ("r2", 0)]


def stored(worker: Worker) -> dict[tuple[int, str], bytes]:
    store = worker.pipeline.users._requests
    assert isinstance(store, MemoryStore)
    return dict(store.values)


def restarted(state: dict[tuple[int, str], bytes], worker: Worker) -> Worker:
    """Another worker after a crash: what was stored, and what the topics hold."""
    other = Worker(pipeline_of(6, config=CONFIG), worker.learner, list(worker.sent))
    store = other.pipeline.users._requests
    assert isinstance(store, MemoryStore)
    store.values.update(state)
    other.pipeline.restore(0, [(user, raw) for (_, user), raw in state.items()])
    for event in worker.sent:
        if isinstance(event, SlateLabelled):
            other.pipeline.labelled(event)
    return other


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_kill_around_the_correction_sends_it_again_and_changes_nothing(is_stored: bool) -> None:
    """Another agent's drain may store a click before its correction is sent, or after it."""
    worker = shown(IN_TIME)
    worker.learner = Learner(CONFIG.knrs, CONFIG.vans)
    worker.tick(AFTER_S)
    before = stored(worker)
    worker.follow(worker.pipeline.click(Position(0, 1), LATE))
    assert worker.learner.n_examples == 2
    whole = worker.exposures()

    other = restarted(stored(worker) if is_stored else before, worker)
    wins = other.pipeline.slates.wins.copy()
    other.follow(other.pipeline.click(Position(0, 1), LATE))

    assert other.sent[-2:] == other.sent[-4:-2]  # example and slate, byte for byte
    assert worker.learner.n_examples == 2
    assert (other.pipeline.slates.wins == wins).all()
    assert tastes(other.exposures()) == tastes(whole)
    assert other.exposures().articles == whole.articles


def test_a_kill_before_the_labels_are_safe_loses_no_late_click() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S, is_safe=False)
    worker.pipeline.click(Position(0, 1), LATE)  # stored, its correction not sent

    other = restarted(stored(worker), worker)
    other.tick(AFTER_S + 120.0)

    assert other.examples()[-1] == ("r:2", (False, True, True))
    assert other.slates()[-1] == ("r", (False, True, True), False)
    assert other.pipeline.slates.wins.sum() == 2.0


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
    learner = Learner(config.knrs, config.vans)
    worker = Worker(pipeline_of(0, config=config), learner)
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
    evidence = [m.evidence(articles, categories=names, now=START_S * 1.01) for m in memories]
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
    assert worker.learner is not None
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
