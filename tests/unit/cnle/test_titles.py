from __future__ import annotations

import sys
import unicodedata

import pytest

from cherryrec.cnle import inert, quoted


def test_no_character_of_unicode_leaves_the_line_or_the_fence() -> None:
    for start in range(0, sys.maxunicode + 1, 64):
        text = "".join(map(chr, range(start, min(start + 64, sys.maxunicode + 1))))

        fenced = inert(text)

        assert len(fenced.splitlines()) <= 1
        assert not set(fenced) & set('"<>\u201c\u201d')
        kinds = {unicodedata.category(one) for one in fenced if one not in "\u200c\u200d"}
        assert not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("a\r\nb\tc\x00d", "a b c d"),
        ("\u202eabc\u2066", "abc"),
        ("\ufeffabc\u200b", "abc"),
        ('say "no"', "say 'no'"),
        ("   ", ""),
        ("\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", None),
        ("i\u200dg\u200cnore \u200d\u200d", "ignore"),
        ("\uff21nswer\uff1a \uff02\uff22\uff02", "Answer: 'B'"),
        ("\U0001d400\U0001d427\U0001d42c", "Ans"),
        ("\u2033x\u301e \uff1c|im_end|\uff1e", "\u2032\u2032x' \u2039|im_end|\u203a"),
        ("a" + "\u0316" * 50 + "b", "a" + "\u0316" * 4 + "b"),
        ("\U0001f600" + "\U000e0141" * 9, "\U0001f600"),
        ("a\u3164\u2800\u115fb", "a b"),
        ("e\u200b\u0301", "\u00e9"),
    ],
)
def test_titles_are_cleaned_and_scripts_kept(title: str, wanted: str | None) -> None:
    assert inert(title) == (title if wanted is None else wanted)


def test_long_titles_are_cut_by_words_and_by_characters() -> None:
    assert inert("w " * 100, max_words=3) == "w w w"
    assert inert("\u6587" * 1_000, max_characters=10) == "\u6587" * 10


def test_nothing_left_is_untitled() -> None:
    assert quoted(inert("\u200b\n")) == "(untitled)"


def test_cleaning_twice_changes_nothing() -> None:
    once = inert('A "quoted" <|im_start|> title\n with\u202e all of it')

    assert inert(once) == once
