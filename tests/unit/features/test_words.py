"""Every contribution that a slate can name has words."""

from __future__ import annotations

import pytest

from cherryrec.events import OTHERS
from cherryrec.features import ALL_FEATURES, FEATURES
from cherryrec.features.words import PHRASES, group_of, sentence
from cherryrec.knrs import SIGNALS


def test_every_contribution_has_its_phrase_and_no_phrase_is_left_over() -> None:
    signals = {f"catalogue_{signal.name}" for signal in SIGNALS}

    assert set(PHRASES) == {*ALL_FEATURES, *signals, OTHERS}


@pytest.mark.parametrize("name", PHRASES)
def test_a_sentence_reads_as_one_whatever_the_category(name: str) -> None:
    for category in ("sport", "", "{category}"):
        said = sentence(name, 1.0, category=category)
        assert said.startswith("Lifted by ")
        assert said.endswith(".")
        assert ("{" in said) == ("{" in category and "{category}" in PHRASES[name])


def test_phrases_that_differ_in_their_half_life_differ() -> None:
    attention = [PHRASES[name] for name in FEATURES if group_of(name) == "attention"]

    assert len(set(attention)) == len(attention)


def test_what_another_version_names_stands_for_itself() -> None:
    assert sentence("weather", -1.0, category="sport") == "Held back by weather."
    assert group_of("weather") == OTHERS
