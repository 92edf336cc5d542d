"""How titles go with what was read: what is learned of it, kept, sent and refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import Example, instant
from cherryrec.text import SENTENCE_DIMENSIONS
from cherryrec.title_fit import STUDENT_START, TitleFit, TitleFitLearner, titles_of
from tests.worlds import START_S

D = SENTENCE_DIMENSIONS
F32 = NDArray[np.float32]


def unit(rng: np.random.Generator, *shape: int) -> F32:
    drawn = rng.normal(size=(*shape, D)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)


def taught(n: int, seed: int = 0) -> TitleFitLearner:
    """Learn of slates of five whose click is the one that a hidden form of 384 x 384 picks."""
    rng = np.random.default_rng(seed)
    hidden = np.random.default_rng(99).normal(size=(D, D)).astype(np.float32)
    learner = TitleFitLearner()
    for _ in range(n):
        reader, titles = unit(rng), unit(rng, 5)
        scores = titles @ (reader @ hidden)
        learner.learn(reader, titles, np.arange(5) == scores.argmax())
    return learner


def loss(fit: TitleFit, reader: F32, titles: F32, clicked: int) -> float:
    scores = fit.scores(reader, titles).astype(np.float64)
    return float(np.log(np.exp(scores - scores[clicked]).sum()))


def test_the_first_step_goes_down_the_gradient() -> None:
    rng = np.random.default_rng(1)
    reader, titles = unit(rng), unit(rng, 4)
    learner = TitleFitLearner()
    before = TitleFit()
    bumped = 1e-2
    i, j = 7, 11
    weights = before.weights.copy()
    weights[i, j] += bumped
    slope = loss(TitleFit(weights, before.bias), reader, titles, 2) - loss(
        before, reader, titles, 2
    )

    learner.learn(reader, titles, np.arange(4) == 2)

    stepped = float(learner.fit.weights[i, j])
    gradient = slope / bumped
    assert stepped == pytest.approx(-0.03 * gradient / np.sqrt(0.01 + gradient**2), rel=0.05)
    assert loss(learner.fit, reader, titles, 2) < loss(before, reader, titles, 2)


def test_readers_without_reads_teach_what_everyone_wants() -> None:
    rng = np.random.default_rng(2)
    titles = unit(rng, 3)
    learner = TitleFitLearner()

    for _ in range(20):
        learner.learn(np.zeros(D, np.float32), titles, np.arange(3) == 1)

    assert not learner.fit.weights.any()
    assert learner.fit.scores(np.zeros(D, np.float32), titles).argmax() == 1


@pytest.mark.parametrize("clicked", [(True, True), (False, False)])
def test_a_slate_without_contrast_teaches_nothing(clicked: tuple[bool, ...]) -> None:
    learner = TitleFitLearner()

    learner.learn(*(unit(np.random.default_rng(3)), unit(np.random.default_rng(4), 2)),
                  np.array(clicked))  # fmt: skip

    assert not learner.fit.weights.any()
    assert not learner.fit.bias.any()


def test_one_that_stands_for_four_steps_as_of_four_times_the_gradient() -> None:
    reader, titles = unit(np.random.default_rng(5)), unit(np.random.default_rng(6), 3)
    one, four = TitleFitLearner(), TitleFitLearner()
    clicked = np.array([True, False, False])

    one.learn(reader, titles, clicked)
    four.learn(reader, titles, clicked, 4.0)

    squares = [x.snapshot()["bias_squares"].astype(np.float64) - 0.01 for x in (one, four)]
    moved = squares[0] > 1e-5
    assert (squares[1][moved] / squares[0][moved]) == pytest.approx(16.0, rel=0.01)


def test_a_restored_one_goes_on_as_if_there_had_been_no_stop() -> None:
    through = taught(30)
    stopped = taught(30)
    restored = TitleFitLearner()
    restored.load(stopped.snapshot())
    rng = np.random.default_rng(7)
    for learner in (through, restored):
        rng = np.random.default_rng(7)
        learner.learn(unit(rng), unit(rng, 4), np.arange(4) == 0)

    for name, array in through.snapshot().items():
        assert (array == restored.snapshot()[name]).all(), name


def test_workers_score_as_the_learner_but_for_half_precision() -> None:
    learner = taught(50)
    rng = np.random.default_rng(8)
    reader, titles = unit(rng), unit(rng, 50)

    served = TitleFit.of_arrays(learner.serving())

    wanted = learner.fit.scores(reader, titles)
    assert served.scores(reader, titles) == pytest.approx(wanted, abs=2e-3)
    assert wanted.std() > 0.05


def test_a_snapshot_without_it_brings_what_one_starts_with() -> None:
    fit = TitleFit.of_arrays({})

    assert not fit.weights.any()


def test_a_student_says_nothing_and_then_what_its_teacher_says() -> None:
    rng = np.random.default_rng(12)
    topics = unit(rng, 4)
    student = TitleFitLearner(STUDENT_START)
    assert not student.fit.scores(topics[0], topics).any()
    wanted = np.log(np.array([0.1, 0.2, 0.6, 0.1]))

    for _ in range(400):
        student.follow(topics[0], topics, wanted + rng.normal())

    shares = np.exp(student.fit.scores(topics[0], topics).astype(np.float64))
    assert shares / shares.sum() == pytest.approx([0.1, 0.2, 0.6, 0.1], abs=0.02)
    assert student.n_learned == 400


def test_one_title_has_no_shares() -> None:
    student = TitleFitLearner(STUDENT_START)

    student.follow(np.ones(D, np.float32), unit(np.random.default_rng(0), 1), np.zeros(1))

    assert (student.n_learned, student.fit.bias.any()) == (0, False)


def damaged(name: str, array: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    return {**TitleFitLearner().snapshot(), name: array}


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (damaged("bias", np.zeros(3, np.float32)), "'fit/bias' must be floats (384,)"),
        (damaged("bias", np.full(D, np.nan, np.float32)), "'fit/bias' must be finite"),
        (damaged("weights", np.zeros((D, D), np.int8)), "'fit/weights' must be floats"),
        (
            damaged("bias_squares", np.zeros(D, np.float32)),
            "'fit/bias_squares' must be at least 0.01",
        ),
        ({}, "'fit/weights' must be floats (384, 384), got none"),
        (damaged("n_learned", np.array(-1)), "'fit/n_learned' must be a count"),
        (damaged("n_learned", np.zeros(2, np.int64)), "'fit/n_learned' must be a count"),
    ],
)
def test_what_is_damaged_is_refused(arrays: dict[str, NDArray[np.generic]], said: str) -> None:
    with pytest.raises(ModelError, match="fit/") as refused:
        TitleFitLearner().load(arrays)

    assert said in str(refused.value)


def example(*, reader: bytes, titles: bytes) -> Example:
    return Example(
        example_id="e1",
        user_id="u1",
        shown_at=instant(START_S),
        articles=("a1", "a2"),
        clicked=(True, False),
        feature_set="f",
        features=b"",
        metrics=b"",
        reader=reader,
        titles=titles,
    )


def test_an_example_brings_unit_vectors() -> None:
    whole = np.zeros((2, D), np.int8)
    whole[0, :2] = 3, 4
    reader = np.full(D, 0.5, np.float16)

    found = titles_of(example(reader=reader.tobytes(), titles=whole.tobytes()))

    assert found is not None
    assert (found[0] == 0.5).all()
    assert found[1][0, :3] == pytest.approx([0.6, 0.8, 0.0])
    assert not found[1][1].any(), "a title without a vector"


def test_an_example_of_a_worker_without_a_model_brings_none() -> None:
    assert titles_of(example(reader=b"", titles=b"")) is None


@pytest.mark.parametrize(
    ("reader", "titles", "said"),
    [
        (b"", bytes(2 * D), "reader and titles of 2 articles must be (768, 768) bytes"),
        (bytes(2 * D), bytes(D), "got (768, 384)"),
        (bytes(2 * D), b"", "got (768, 0)"),
        (np.full(D, np.inf, np.float16).tobytes(), bytes(2 * D), "must be finite"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(reader: bytes, titles: bytes, said: str) -> None:
    with pytest.raises(BadMessage) as refused:
        titles_of(example(reader=reader, titles=titles))

    assert said in str(refused.value)


def test_what_depends_on_both_is_learned() -> None:
    """Readers of each of four topics open titles of the next one."""
    rng = np.random.default_rng(10)
    topics = unit(rng, 4)

    def slate() -> tuple[F32, F32, int]:
        topic = int(rng.integers(4))
        noise = unit(rng, 5) * np.float32(0.5)
        return topics[topic] + noise[4], topics + noise[:4], (topic + 1) % 4

    learner = TitleFitLearner()
    for _ in range(400):
        reader, titles, opened = slate()
        learner.learn(reader, titles, np.arange(4) == opened)

    later = [slate() for _ in range(200)]
    right = [
        learner.fit.scores(reader, titles).argmax() == opened for reader, titles, opened in later
    ]
    at_first = [
        TitleFit().scores(reader, titles).argmax() == opened for reader, titles, opened in later
    ]
    assert np.mean(right) > 0.95
    assert np.mean(at_first) < 0.05, "their own topic is likest"
