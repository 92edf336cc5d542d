"""Bounds under which no slate could be remembered are refused."""

from __future__ import annotations

import pytest

from cherryrec.errors import ConfigError
from cherryrec.slates import SlatesConfig


@pytest.mark.parametrize("name", ["max_slates", "max_places", "max_postings", "half_life_s"])
@pytest.mark.parametrize("wrong", [0, -1, float("nan")])
def test_bounds_of_nothing_are_refused(name: str, wrong: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be above 0, got {wrong}"):
        SlatesConfig(**{name: wrong})  # type: ignore[arg-type]


def test_one_article_cannot_be_compared() -> None:
    with pytest.raises(ConfigError, match="max_articles must be at least 2, got 1"):
        SlatesConfig(max_articles=1)
