"""The compiled loops of hashed texts against a plain reading of what they say."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

import numpy as np
import pytest

from cherryrec.text import HashedText
from cherryrec.text.scripts import DENSE, HIRAGANA, LETTER, N_CODE_POINTS, SEPARATOR, scripts

N = 4_096  # so many dimensions that few features meet


def script_of(character: str) -> int:
    code = ord(character)
    return int(scripts()[code]) if code < N_CODE_POINTS else DENSE


def weights_of(title: str, abstract: str = "") -> list[float]:
    """Return the weights of all features, largest first, counted in a dictionary."""
    weights: dict[tuple[str, str], float] = {}

    def raise_to(kind: str, part: str, weight: float) -> None:
        weights[kind, part] = max(weight, weights.get((kind, part), 0.0))

    for text, scale in ((title.lower(), 1.0), (abstract.lower(), 0.5)):
        for script, run in groupby(text, lambda c: min(script_of(c), DENSE)):
            word = "".join(run)
            n = len(word)
            if script == LETTER and n > 1:
                weight = scale * (min(n, 8) / 8) ** 2
                raise_to("word", word, weight)
                for k in range(n - 3):
                    raise_to("gram", word[k : k + 4], weight / (n - 3) ** 0.5)
            elif script == DENSE:
                if n == 1:
                    raise_to("dense", word, scale * 0.25)
                for size, value in ((2, 0.5), (4, 0.35)):
                    for k in range(n - size + 1):
                        gram = word[k : k + size]
                        grammar = all(script_of(c) == HIRAGANA for c in gram)
                        raise_to("dense", gram, scale * value * (0.2 if grammar else 1.0))
    return sorted(weights.values(), reverse=True)


@pytest.mark.parametrize(
    ("title", "abstract"),
    [
        ("Storm floods harbour", ""),
        ("Storm floods the storm-worn harbour", "A storm, an unforgettable one, has passed"),
        ("政府通过税收改革", "改革 A股 iPhone"),
        ("台風がきています", "カメラと𠀀𠀁𠀂"),
        ("Шторм затопил города", "إصلاح الضرائب हिन्दी में 정부가"),
    ],
)
def test_a_vector_holds_the_weight_of_each_feature(title: str, abstract: str) -> None:
    wanted = np.array(weights_of(title, abstract))
    vector = HashedText(N).embed(title, abstract)

    found = np.sort(np.abs(vector[vector != 0.0]))[::-1]
    assert len(found) == len(wanted)  # no two features of these met
    np.testing.assert_allclose(found, wanted / np.linalg.norm(wanted), rtol=1e-5)


def test_letters_are_what_python_calls_a_word_and_marks() -> None:
    table = scripts()

    for code in range(0, N_CODE_POINTS, 7):
        character = chr(code)
        is_word = re.fullmatch(r"\w", character) is not None
        is_mark = unicodedata.category(character)[0] == "M"
        is_picture_sign = 0xFE00 <= code < 0xFE10
        assert (table[code] != SEPARATOR) == ((is_word or is_mark) and not is_picture_sign)
