"""What is learned of titles in the whole system: from clicks, and from the language model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.features import ALL_FEATURES, FEATURES, column, set_of
from cherryrec.learner import Learner
from cherryrec.snapshots import SERVING, STATE, fits_of
from cherryrec.system import LocalSystem
from cherryrec.text import SENTENCE_DIMENSIONS
from cherryrec.title_fit import TitleFits
from tests.unit.pipeline.sentence_world import (
    Noted,
    likes_the_other_side,
    reads_of_one_side,
    system_with,
)
from tests.worlds import START_S, click, request


def test_what_titles_say_is_learned_and_explained() -> None:
    examples = Noted()
    system = system_with("minilm", on_send=examples)
    reads_of_one_side(system)
    now = START_S + 7_300.0
    system.send(click("a1", now, user_id="new"))
    answer = system.recommend(
        request("last", now + 1, user_id="new", candidates=["a2", "a3", "a4", "a5"])
    )

    assert system.learner.n_examples == len(examples) >= 60
    assert {one.feature_set for one in examples} == {set_of(ALL_FEATURES)}
    ranked = [item.article_id for item in answer.slate]
    assert {*ranked[:2]} == {"a3", "a5"}, "of the side that was read"
    named = {name for item in answer.slate[:2] for name in item.contributions}
    assert named & {*ALL_FEATURES[len(FEATURES) :]}


def test_examples_bring_what_is_learned_of_titles_and_reads() -> None:
    examples = Noted()
    system = system_with("minilm", on_send=examples)
    reads_of_one_side(system, n_users=8)

    slates = [one for one in examples if one.origin == "request"]
    assert len(slates) == 8
    assert {len(one.reader) for one in slates} == {2 * SENTENCE_DIMENSIONS}
    assert {len(one.titles) for one in slates} == {2 * SENTENCE_DIMENSIONS}, "of two articles"
    assert all(np.frombuffer(one.reader, "<f2").any() for one in slates), "each had read one"
    clicks = {(one.reader, one.titles) for one in examples if one.origin == "click"}
    assert clicks <= {(b"", b"")}
    learned = system.learner.fit.fit
    assert learned.weights.any()
    served = fits_of(system.learner.snapshot(SERVING), sentence_model="minilm").fit
    assert served.weights == pytest.approx(learned.weights, abs=1e-3)
    again = Learner.restore(
        system.config.knrs,
        system.config.vans,
        system.learner.snapshot(STATE),
        system.learner.features,
        sentence_model="minilm",
    )
    assert (again.fit.fit.weights == learned.weights).all()


def student_of(system: LocalSystem, name: str, now: float) -> list[float]:
    """Ask for one who has read a story of odd number; return what the student says of four."""
    asked = request(name, now, user_id="new", candidates=["a2", "a3", "a4", "a5"])
    system.send(asked)
    frozen = system.pipeline.users.frozen(0, "new", name)
    said = frozen.feature_array()[:, column("sentence_student")].tolist()
    by_article = dict(zip(frozen.articles, said, strict=True))
    return [by_article[article_id] for article_id in asked.candidates or ()]


def test_a_student_says_of_titles_what_the_language_model_said_of_others() -> None:
    system = system_with("minilm", evaluator=True, evaluate=likes_the_other_side)
    now = START_S + 7_300.0
    at_first = student_of(system, "first", START_S)
    reads_of_one_side(system)
    system.send(click("a1", now, user_id="new"))

    live = student_of(system, "live", now + 1)
    system.publish()
    served = student_of(system, "served", now + 2)

    assert not any(at_first)
    assert min(live[0], live[2]) > max(live[1], live[3]), "the side that was not read"
    assert served == pytest.approx(live, abs=1e-2)
    again = Learner.restore(
        system.config.knrs,
        system.config.vans,
        system.learner.snapshot(STATE),
        system.learner.features,
        sentence_model="minilm",
    )
    assert again.student.n_learned == system.learner.student.n_learned > 0
    assert (again.fits.student.weights == system.learner.fits.student.weights).all()


def test_workers_rank_by_what_was_learned_of_titles() -> None:
    system = system_with("minilm")
    reads_of_one_side(system)
    now = START_S + 7_300.0
    system.send(click("a1", now, user_id="new"))

    def fits(system: LocalSystem, name: str) -> NDArray[np.float32]:
        asked = request(name, now + 1, user_id="new", candidates=["a2", "a3", "a4", "a5"])
        system.send(asked)
        frozen = system.pipeline.users.frozen(0, "new", name)
        by_article = dict(
            zip(frozen.articles, frozen.feature_array()[:, column("sentence_fit")], strict=True)
        )
        return np.array([by_article[article_id] for article_id in asked.candidates or ()])

    live = fits(system, "live")
    system.publish()
    served = fits(system, "served")
    system.pipeline.rank_with(replace(system.pipeline.models, fits=TitleFits()))
    unlearned = fits(system, "unlearned")

    assert live == pytest.approx(served, abs=1e-2)
    assert min(live[1], live[3]) > max(live[0], live[2]), "of the side that was read"
    assert np.abs(live - unlearned).min() > 0.1
