"""What the catalogue computes in loops, beside the formula in plain Python."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from cherryrec.catalogue.stories import StoryMemory
from cherryrec.catalogue.words import TitleWords
from cherryrec.text import caseless

WORDS = [
    "storm",
    "coast",
    "tax",
    "plan",
    "cup",
    "final",
    "bridge",
    "opens",
    "rain",
    "vote",
    "lane",
    "harbour",
]


@pytest.mark.parametrize("seed", range(5))
def test_matching_words_is_the_sum_of_what_is_rare_and_was_read(seed: int) -> None:
    rng = np.random.default_rng(seed)
    titles = [" ".join(rng.choice(WORDS, rng.integers(1, 6))).title() for _ in range(30)]
    known, told = TitleWords(30), [*range(30)]
    for row, title in enumerate(titles):
        known.put(row, title)
    gone = told.pop(int(rng.integers(30)))
    known.forget(gone)
    reads = rng.choice(told, 6).tolist()  # one may be read twice

    found = known.match(np.array(told), np.array(reads))

    words = [set(re.findall(r"\w\w+", caseless(title))) for title in titles]
    n_with = {word: sum(word in words[row] for row in told) for word in WORDS}
    idf = {word: math.log((1 + len(told)) / (1 + n)) for word, n in n_with.items()}
    for row, match in zip(told, found.tolist(), strict=True):
        dot = sum(
            0.9**age * idf[word] ** 2
            for age, read in enumerate(reversed(reads))
            for word in words[read] & words[row]
        )
        length = math.sqrt(sum(idf[word] ** 2 for word in words[row]))
        assert match == pytest.approx(dot / length, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_earlier_story_is_the_most_alike_of_those_remembered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stories = StoryMemory(8, capacity=5, window_s=30.0)
    first_came: dict[str, float] = {}
    newest: dict[str, np.ndarray] = {}

    for now in np.cumsum(rng.uniform(0.0, 12.0, 60)).tolist():
        name = f"a{rng.integers(20)}"
        vector = rng.normal(size=8)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        found = stories.add(name, vector, now=now)

        alike = [
            float(vector @ newest[other])
            for other, came in first_came.items()
            if other != name and came >= now - 30.0
        ]
        assert found == pytest.approx(max([0.0, *alike]), abs=1e-6)
        first_came.setdefault(name, now)
        newest[name] = vector
        if len(first_came) > 5:  # the one that came first leaves
            del first_came[next(iter(first_came))]
