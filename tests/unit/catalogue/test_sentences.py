"""Sentence vectors by row: the same likeness whichever way they came, none of another title."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue, CatalogueConfig, Sentences
from cherryrec.text import SENTENCE_DIMENSIONS, stable_hash
from tests.worlds import START_S, article

Vector = NDArray[np.int8]


def vector_of(title: str) -> Vector:
    """A direction of its own for each title, the same every time."""
    rng = np.random.default_rng(stable_hash(title) % 2**32)
    return rng.integers(-127, 128, SENTENCE_DIMENSIONS).astype(np.int8)


def read_all(sentences: Sentences) -> None:
    for one in sentences.unread(sentences.n_unread):
        assert sentences.put(one.article_id, one.key, vector_of(one.title))


def about_mean(vectors: list[Vector], rows: list[int], reads: list[int]) -> NDArray[np.float64]:
    """By the definition: unit vectors, less their mean as fifty more zeros leave it."""
    unit = np.array([v / np.linalg.norm(v.astype(float)) for v in vectors])
    away = unit - unit.sum(axis=0) / (len(unit) + 50)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    found: NDArray[np.float64] = away[rows] @ away[reads].T
    return found


def filled(titles: list[str]) -> Sentences:
    sentences = Sentences("minilm", 4, max_rows=64)
    sentences.grow(len(titles) + 4)
    for row, title in enumerate(titles):
        sentences.publish(row, f"a{row}", title)
    read_all(sentences)
    return sentences


def likeness(sentences: Sentences, rows: list[int], reads: list[int]) -> NDArray[np.float32]:
    return sentences.products(np.array(rows), sentences.centred(np.array(reads)))


def test_likeness_is_the_cosine_about_the_mean() -> None:
    titles = [f"title {k}" for k in range(9)]
    rows, reads = [0, 3, 8], [1, 3]

    found = likeness(filled(titles), rows, reads)

    wanted = about_mean([vector_of(title) for title in titles], rows, reads)
    assert found == pytest.approx(wanted, abs=1e-5)
    assert found[1, 1] == pytest.approx(1.0, abs=1e-6)


def test_without_a_vector_nothing_is_alike() -> None:
    sentences = filled(["one", "two"])
    sentences.publish(2, "a2", "three")

    found = likeness(sentences, [0, 2], [1, 2])

    assert found[0, 0] != 0
    assert found[0, 1] == found[1, 0] == found[1, 1] == 0
    assert sentences.n_unread == 1


def test_directions_are_the_same_in_whole_numbers() -> None:
    sentences = filled(["one", "two", "three"])
    sentences.publish(3, "a3", "unread")
    rows = np.array([0, 3, 2, -1])

    found = sentences.directions(rows)

    assert (found.dtype, found.shape) == (np.int8, (4, SENTENCE_DIMENSIONS))
    assert np.abs(found).max(axis=1).tolist() == [127, 0, 127, 0]
    whole = found.astype(np.float64)
    wanted = sentences.centred(np.array([0, 2])).astype(np.float64)
    cosines = (whole[[0, 2]] * wanted).sum(axis=1) / np.linalg.norm(whole[[0, 2]], axis=1)
    assert cosines == pytest.approx(1.0, abs=1e-3)


def test_products_are_those_of_the_centred_vectors() -> None:
    sentences = filled([f"title {k}" for k in range(7)])
    sentences.publish(7, "a7", "unread")
    rows = np.array([6, 7, 0])
    along = np.random.default_rng(0).normal(size=(4, SENTENCE_DIMENSIONS)).astype(np.float32)

    found = sentences.products(rows, along)

    assert found == pytest.approx(sentences.centred(rows) @ along.T, abs=1e-5)
    assert not found[1].any()


def test_without_a_model_there_are_no_directions() -> None:
    sentences = Sentences("none", 4, max_rows=4)

    assert sentences.centred(np.array([0, 1])).shape == (0, 0)


def test_a_title_without_words_is_put_once_and_like_nothing() -> None:
    sentences = Sentences("minilm", 4, max_rows=64)
    sentences.publish(0, "a0", "?!")
    (one,) = sentences.unread(5)

    assert sentences.put("a0", one.key, np.zeros(SENTENCE_DIMENSIONS, np.int8))

    assert sentences.n_unread == sentences.n_read == 0
    assert not sentences.centred(np.array([0])).any()


def test_another_title_drops_the_vector_and_its_own_is_waited_for() -> None:
    sentences = filled(["one", "two"])
    old = stable_hash("one")
    sentences.publish(0, "a0", "one, corrected")

    assert not sentences.put("a0", old, vector_of("one")), "of the title before"
    assert [one.title for one in sentences.unread(5)] == ["one, corrected"]
    read_all(sentences)

    again = Sentences("minilm", 4, max_rows=64)
    for row, title in enumerate(("one, corrected", "two")):
        again.publish(row, f"a{row}", title)
    read_all(again)
    rows = np.array([0, 1])
    assert (sentences.centred(rows) == again.centred(rows)).all()


def test_the_same_article_again_keeps_its_vector() -> None:
    sentences = filled(["one"])

    sentences.publish(0, "a0", "one")

    assert sentences.n_unread == 0
    assert sentences.n_read == 1


def test_a_vector_before_its_article_waits_for_it() -> None:
    sentences = Sentences("minilm", 4, max_rows=64)
    key = stable_hash("one")

    assert not sentences.put("a0", key, vector_of("one"))
    sentences.publish(0, "a0", "one")

    assert (sentences.n_unread, sentences.n_read) == (0, 1)


def test_as_many_wait_as_there_may_be_rows() -> None:
    sentences = Sentences("minilm", 2, max_rows=8)
    for k in range(9):
        sentences.put(f"a{k}", stable_hash(f"t{k}"), vector_of(f"t{k}"))
    sentences.grow(9)

    for k in range(9):
        sentences.publish(k, f"a{k}", f"t{k}")

    assert [one.article_id for one in sentences.unread(9)] == ["a0"], "the oldest made room"


def test_a_vector_before_the_title_that_it_is_of_waits_for_it() -> None:
    sentences = filled(["one", "two"])

    assert not sentences.put("a0", stable_hash("one, corrected"), vector_of("one, corrected"))
    assert not sentences.put("a1", stable_hash("two"), vector_of("two")), "is there already"
    sentences.publish(0, "a0", "one, corrected")

    assert (sentences.n_unread, sentences.n_read) == (0, 2)


def test_the_vector_of_an_article_that_left_is_there_when_it_comes_again() -> None:
    sentences = filled(["one", "two"])
    wanted = sentences.centred(np.array([0, 1]))

    sentences.forget(0, "a0")
    assert (sentences.n_read, sentences.centred(np.array([0])).any()) == (1, False)
    sentences.publish(4, "a0", "one")

    assert (sentences.n_unread, sentences.n_read) == (0, 2)
    assert (sentences.centred(np.array([4, 1])) == wanted).all()
    sentences.forget(4, "a0")
    sentences.publish(4, "a0", "one, corrected")
    assert sentences.n_unread == 1


def test_an_article_that_leaves_keeps_the_vector_that_waits_for_its_next_title() -> None:
    sentences = filled(["one", "two"])
    sentences.put("a0", stable_hash("one, corrected"), vector_of("one, corrected"))

    sentences.forget(0, "a0")
    sentences.publish(4, "a0", "one, corrected")

    assert (sentences.n_unread, sentences.n_read) == (0, 2)


def test_the_newest_titles_are_read_first() -> None:
    sentences = Sentences("minilm", 4, max_rows=64)
    for k in range(4):
        sentences.publish(k, f"a{k}", f"t{k}")

    assert [one.article_id for one in sentences.unread(2)] == ["a3", "a2"]
    read = {("a3", stable_hash("t3"))}
    assert [one.article_id for one in sentences.unread(2, but=read)] == ["a2", "a1"]


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(8)), dropped=st.sets(st.integers(0, 7), max_size=4))
def test_the_mean_depends_on_no_order(order: list[int], dropped: set[int]) -> None:
    one, other = Sentences("e5", 8, max_rows=64), Sentences("e5", 8, max_rows=64)
    for row in range(8):
        one.publish(row, f"a{row}", f"t{row}")
    for row in order:
        other.publish(row, f"a{row}", f"t{row}")
    for row in order:
        assert one.put(f"a{row}", stable_hash(f"t{row}"), vector_of(f"t{row}"))
    read_all(other)
    for row in sorted(dropped):
        one.forget(row, f"a{row}")
    for row in sorted(dropped, reverse=True):
        other.forget(row, f"a{row}")

    rows = np.arange(8)
    assert (one.centred(rows) == other.centred(rows)).all()


def test_a_catalogue_forgets_the_vector_with_the_article() -> None:
    config = CatalogueConfig(sentence_model="minilm", max_articles=3)
    catalogue = Catalogue((3600.0,), config)
    for number in range(5):
        catalogue.publish(article(number), now=START_S + number)
        read_all(catalogue.sentences)

    assert catalogue.sentences.n_read == 3
    rows = np.arange(3)
    lengths = np.linalg.norm(catalogue.sentences.centred(rows), axis=1)
    assert lengths == pytest.approx(1.0, abs=1e-6)


def test_without_a_model_there_is_nothing_to_read() -> None:
    catalogue = Catalogue((3600.0,), CatalogueConfig())
    catalogue.publish(article(1), now=START_S)

    assert not catalogue.sentences
    assert catalogue.sentences.unread(9) == []
