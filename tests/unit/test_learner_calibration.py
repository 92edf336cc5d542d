"""The temperature's way: examples to the learner, snapshots to the workers, scores back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cherryrec.codec import decode, encode
from cherryrec.errors import ModelError
from cherryrec.evaluation.mind import MindArticle, MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.events import Evaluation, EvaluationRequest, Example, ModelSnapshot
from cherryrec.features import FEATURES, with_evaluations
from cherryrec.knrs import KnrsConfig
from cherryrec.learner import Learner
from cherryrec.pipeline import Models, PipelineConfig, Position
from cherryrec.snapshots import SERVING, STATE, temperatures_of
from cherryrec.vans import VansConfig
from tests.unit.pipeline.answers import CLOCK_S, answer, explains, question
from tests.unit.test_learner import example
from tests.worlds import liked, pipeline_of, request

KNRS = KnrsConfig()
VANS = VansConfig(members=("linear",))


def evaluated_example(number: int, *, evaluator: str = "sure", **changes: Any) -> Example:
    """An example whose evaluator is confident, and wrong every other time."""
    plain = example(number)
    matrix = np.frombuffer(plain.features, "<f4").reshape(8, len(FEATURES))
    favourite = plain.articles[plain.clicked.index(True) if number % 2 else number % 8]
    evaluations = {a: 0.85 if a == favourite else 0.05 for a in plain.articles}
    filled = with_evaluations(matrix, plain.articles, evaluations)
    return example(number, features=filled.tobytes(), evaluator=evaluator, **changes)


def taught(n: int, learner: Learner | None = None, start: int = 0) -> Learner:
    learner = learner or Learner(KNRS, VANS)
    for number in range(start, n):
        learner.learn(evaluated_example(number), partition=0, offset=number)
    return learner


def through_topic(snapshot: ModelSnapshot) -> ModelSnapshot:
    return decode(ModelSnapshot, encode(snapshot), max_bytes=16 << 20)


def test_the_temperature_is_learned_from_examples_and_published() -> None:
    learner = taught(120)

    published = temperatures_of(through_topic(learner.snapshot(SERVING)))

    assert published == learner.temperatures
    assert published.of("sure") > 1.2
    assert published.of("another version") == 1.0


def test_examples_without_evaluations_teach_no_temperature() -> None:
    learner = Learner(KNRS, VANS)

    for number in range(30):
        learner.learn(example(number), partition=0, offset=number)

    assert learner.calibration.latest is None
    assert temperatures_of(through_topic(learner.snapshot(SERVING))).of("sure") == 1.0


def test_a_restored_learner_goes_on_with_its_temperature_bit_by_bit() -> None:
    whole, stopped = taught(60), taught(35)

    restored = Learner.restore(KNRS, VANS, through_topic(stopped.snapshot(STATE)))
    taught(60, restored, start=35)

    assert encode(restored.snapshot(STATE)) == encode(whole.snapshot(STATE))


def test_a_state_without_temperatures_is_refused() -> None:
    state = taught(3).snapshot(STATE)
    arrays = {name: one for name, one in state.arrays.items() if not name.startswith("cnle/")}
    older = ModelSnapshot(
        **{name: getattr(state, name) for name in state.__struct_fields__} | {"arrays": arrays}
    )

    with pytest.raises(ModelError, match="snapshot of the calibration must hold"):
        Learner.restore(KNRS, VANS, older)


def test_what_the_log_odds_were_divided_by_does_not_change_what_is_learned() -> None:
    """The learner sees calibrated log-odds, and learns the temperature of the raw ones."""
    cold, hot = Learner(KNRS, VANS), Learner(KNRS, VANS)

    for number in range(60):
        plain = example(number)
        matrix = np.frombuffer(plain.features, "<f4").reshape(8, len(FEATURES))
        evaluations = {a: 0.85 if k == number % 8 else 0.05 for k, a in enumerate(plain.articles)}
        for learner, temperature in ((cold, 1.0), (hot, 4.0)):
            filled = with_evaluations(matrix, plain.articles, evaluations, temperature=temperature)
            one = example(number, features=filled.tobytes(), evaluator="v", temperature=temperature)
            learner.learn(one, partition=0, offset=number)

    assert hot.temperatures.of("v") == pytest.approx(cold.temperatures.of("v"), rel=1e-3)


def test_a_worker_divides_by_the_temperature_of_the_version_that_answered() -> None:
    learner = taught(120)
    pipeline = pipeline_of(8, evaluator=True)
    pipeline.rank_with(Models(scorer=learner.vans, temperatures=learner.temperatures))

    told = {}
    for number, version in enumerate(("sure", "unknown")):
        at = Position(0, number)
        asked = question(pipeline.request(at, request(f"r{number}"), clock_s=CLOCK_S))
        evaluation = liked(asked, "a5")
        one = Evaluation(
            request_id=evaluation.request_id,
            user_id=evaluation.user_id,
            evaluations=evaluation.evaluations,
            model=version,
        )
        got = answer(pipeline.evaluation(at, one))
        explains(got)
        told[version] = got.temperature

    assert told == {"sure": learner.temperatures.of("sure"), "unknown": 1.0}


def test_a_slate_without_evaluations_names_no_temperature() -> None:
    pipeline = pipeline_of(8)

    got = answer(pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S))

    assert got.temperature is None


ARTICLES = {
    key: MindArticle(key, "news", None, f"Title of {key}", "", "", ()) for key in "abcdefgh"
}


def test_a_replay_knows_the_temperature_of_before_each_impression() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(120):
        slate = tuple(rng.permutation(list("abcdefgh"))[:5].tolist())
        clicked = tuple((np.arange(5) == rng.integers(5)).tolist())
        rows.append(MindImpression(str(number), f"u{number}", 60.0 * number, (), slate, clicked))

    def evaluate(asked: EvaluationRequest) -> Evaluation:
        return liked(asked, min(one.article_id for one in asked.candidates))

    judge = Judge()
    engine = LocalReplay(PipelineConfig(vans=VANS), evaluate=evaluate)
    engine.run(rows, LogMessages(ARTICLES), judge)

    found = judge.reliability.summary(seed=0)
    assert found is not None
    assert found.n_impressions == 120
    assert found.after.error.mean < found.before.error.mean
    assert found.temperature > 2.0  # the clicks are nobody's guess
    assert list(engine.learner.trust()) == ["0", "1-5", "6-20", "over 20"]
