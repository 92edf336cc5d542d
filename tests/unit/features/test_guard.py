"""The guard against leaks: a planted one is caught in every source, by name; what is known is not.

The last two tests look for leaks without it: what is to come must not move a frozen feature, and
labels that mean nothing must not be foreseen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.errors import LeakError
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindImpression, MindLog
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.events import Example, SlateLabelled, instant
from cherryrec.features import FEATURE_SET, FEATURES, Newest, check_times
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.vans import VansConfig
from tests.worlds import START_S, article, click, impression, update

NOW = START_S + 600.0
FAST = PipelineConfig(vans=VansConfig(members=("linear",)))


def row(time_s: float) -> MindImpression:
    return MindImpression("r", "u", time_s, (), ("a", "b", "c"), (False, True, False))


def shows(engine: LocalReplay, time_s: float) -> None:
    engine.pipeline.impression(Position(0, 0), impression("x", ["a", "b"], time_s))


def shows_others(engine: LocalReplay, time_s: float) -> None:
    engine.pipeline.impression(Position(0, 0), impression("x", ["a"], time_s, user_id="other"))


def reads(engine: LocalReplay, time_s: float) -> None:
    engine.pipeline.click(Position(0, 0), click("a", time_s))


def labels(engine: LocalReplay, time_s: float) -> None:
    slate = SlateLabelled(
        slate_id="x",
        shown_at=instant(time_s),
        articles=("a", "b"),
        clicked=(True, False),
        categories=("", ""),
    )
    engine.pipeline.labelled(slate)


def publishes(engine: LocalReplay, time_s: float) -> None:
    engine.pipeline.article("a9", article(9, published_at=instant(time_s)), now=time_s)


def publishes_profile(engine: LocalReplay, time_s: float) -> None:
    engine.pipeline.profile_update(Position(0, 0), "u", update(time_s=time_s, fields=("sport",)))


def teaches(engine: LocalReplay, time_s: float) -> None:
    example = Example(
        example_id="x",
        user_id="other",
        shown_at=instant(time_s),
        articles=("a", "b"),
        clicked=(True, False),
        feature_set=FEATURE_SET,
        features=np.zeros((2, len(FEATURES)), "<f4").tobytes(),
        metrics=np.zeros((2, 5), "<f4").tobytes(),
    )
    engine.learner.learn(example, partition=0, offset=0)


Plant = Callable[[LocalReplay, float], None]
PLANTED: list[tuple[str, Plant]] = [
    ("exposures", shows),
    ("attention", shows_others),
    ("everyone", shows_others),
    ("profile", reads),
    ("slates", labels),
    ("catalogue", publishes),
    ("profile", publishes_profile),
    ("profile updates", publishes_profile),
    ("model", teaches),
]
IDS = [f"{source}-{plant.__name__}" for source, plant in PLANTED]


def replayed(plant: Plant, time_s: float) -> LocalReplay:
    """A replay of one row at NOW, fed an event of another time before it."""
    engine = LocalReplay(FAST)
    plant(engine, time_s)
    engine.run([row(NOW)], LogMessages({}), Judge(()))
    return engine


@pytest.mark.parametrize(("source", "plant"), PLANTED, ids=IDS)
def test_a_planted_leak_is_caught_by_name(source: str, plant: Plant) -> None:
    with pytest.raises(LeakError, match=rf"got one at .*\b{NOW + 1.0} from {source} \("):
        replayed(plant, NOW + 1.0)


@pytest.mark.parametrize(("source", "plant"), PLANTED, ids=IDS)
def test_an_event_of_the_requests_own_time_leaks_unless_it_is_sent_with_it(
    source: str, plant: Plant
) -> None:
    if plant in {publishes, publishes_profile}:
        replayed(plant, NOW)
    else:
        with pytest.raises(LeakError, match=f"{NOW} from {source} "):
            replayed(plant, NOW)


@pytest.mark.parametrize(("source", "plant"), PLANTED, ids=IDS)
def test_an_event_from_before_is_no_leak(source: str, plant: Plant) -> None:
    assert len(replayed(plant, NOW - 1e-6).latencies_s) == 1


def test_it_says_what_was_wanted_and_got() -> None:
    newest = {"profile": Newest(7.0, 60.0), "slates": Newest(60.5), "catalogue": Newest(0.0, 61.0)}

    with pytest.raises(LeakError) as caught:
        check_times(newest, 60.0)

    assert str(caught.value) == (
        "a request at 60.0 may be ranked by earlier events only, and by what is sent with it at "
        "its time, got one at 60.5 from slates (slate), one at 61.0 from catalogue "
        "(knrs, reading, article, sentences): an event was fed to the pipeline before it had "
        "happened"
    )


def test_it_costs_little(log: MindLog) -> None:
    engine = LocalReplay(FAST)
    rows, messages = list(log.impressions())[:60], LogMessages(log.articles())
    engine.run(rows, messages, Judge(()))
    asked = messages.turn(replace(rows[-1], impression_id="next")).request
    profile = engine.pipeline.users.profile(0, asked.user_id)

    times = []
    for _ in range(200):
        started = perf_counter()
        engine._check_times(asked, profile)
        times.append(perf_counter() - started)

    assert np.median(times) < 100e-6  # 20 µs where nothing else runs


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> MindLog:
    folder: Path = tmp_path_factory.mktemp("log")
    generate_log(folder, n_users=60, n_impressions=600, seed=5)
    return MindLog(folder)


def permuted(rows: list[MindImpression], *, start: int, seed: int) -> list[MindImpression]:
    """The same slates; from one on, labels are permuted within each."""
    rng = np.random.default_rng(seed)
    return [
        one
        if number < start or one.clicked is None
        else replace(one, clicked=tuple(rng.permutation(one.clicked).tolist()))
        for number, one in enumerate(rows)
    ]


class Kept:
    """A baseline that keeps the features of every impression."""

    name = "kept"

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        self.seen.append(features.tobytes())
        return features[:, 0]

    def learn(self, features: NDArray[np.float64], clicked: NDArray[np.bool_]) -> None:
        pass


@pytest.mark.slow
@pytest.mark.parametrize("label_delay_s", [0.0, 3_600.0])
def test_labels_to_come_move_no_feature(log: MindLog, label_delay_s: float) -> None:
    rows, k = list(log.impressions())[:150], 75
    seen = []
    for these in (rows, permuted(rows, start=k, seed=1)):
        kept = Kept()
        engine = LocalReplay(FAST, label_delay_s=label_delay_s)
        engine.run(these, LogMessages(log.articles()), Judge((), (kept,)))
        seen.append(kept.seen)

    assert seen[0][: k + 1] == seen[1][: k + 1]
    assert seen[0] != seen[1]


@pytest.mark.slow
def test_labels_that_mean_nothing_are_not_foreseen(log: MindLog) -> None:
    rows = permuted(list(log.impressions()), start=0, seed=2)
    judge = Judge(())

    LocalReplay(FAST).run(rows, LogMessages(log.articles()), judge)

    auc = judge.rows(0)[0].whole["auc"]
    half_width = (auc.high - auc.low) / 2.0
    assert half_width < 0.03
    assert abs(auc.mean - 0.5) < 1.7 * half_width  # 99.9 %: of 95 % intervals one in 20 misses
