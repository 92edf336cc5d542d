"""Texts are compared in one spelling, whoever compares them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.catalogue.words import TitleWords
from cherryrec.evaluation.baselines.title_match import TitleMatch
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.text import caseless, composed, load_token_vectors

STYLED = "\U0001d412\U0001d413\U0001d40e\U0001d411\U0001d40c"  # mathematical bold capitals
ALIKE = [
    ("storm", STYLED),
    ("storm", "\uff33\uff34\uff2f\uff32\uff2d"),
    ("storm", "sto\u00adrm"),
    ("straße", "STRASSE"),
    ("café", "CAFE\u0301"),
    ("σίσυφος", "ΣΊΣΥΦΟΣ"),
]


@pytest.mark.parametrize(("one", "same"), ALIKE)
def test_words_that_read_alike_match(one: str, same: str) -> None:
    titles = TitleWords(3)
    for row, title in enumerate((f"{one} abc", f"{same} xyz", "tax plan")):
        titles.put(row, title)
    articles = {
        key: MindArticle(key, "", None, title, "", "", ())
        for key, title in (("a", one), ("b", same), ("c", "tax"))
    }
    row = MindImpression("1", "u", 0.0, ("a",), ("b", "c"), None)

    assert titles.match(np.array([1]), np.array([0]))[0] > 0.0
    assert TitleMatch(articles).score(row).tolist() == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("same", [STYLED, "\uff33\uff34\uff2f\uff32\uff2d", "STO\u00adRM"])
def test_token_vectors_read_through_styles(same: str) -> None:
    vectors = load_token_vectors("wordllama")

    assert vectors is not None
    assert (vectors.embed(same) == vectors.embed("STORM")).all()


@given(st.text())
def test_a_spelling_once_made_stays(text: str) -> None:
    assert composed(composed(text)) == composed(text)
    assert caseless(composed(text)) == caseless(text)


@pytest.mark.slow
def test_no_letter_keeps_a_case_that_python_folds() -> None:
    for code in range(sys.maxunicode + 1):
        folded = caseless(chr(code))
        assert caseless(folded) == folded, hex(code)
