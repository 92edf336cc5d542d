"""What features are worth where nothing is known, as their columns promise."""

from __future__ import annotations

import pytest

from cherryrec.features import BLOCKS, FEATURES, column, feature_matrix
from cherryrec.features.column import Column
from cherryrec.knrs import KnrsConfig, select
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory, SlatesConfig
from cherryrec.title_fit import TitleFits
from tests.worlds import START_S, catalogue_of, reads, request

COLUMNS = [one for block in BLOCKS for one in block.columns if one.name in FEATURES]


@pytest.mark.parametrize("one", COLUMNS, ids=FEATURES)
def test_a_cold_user_and_a_cold_article_have_the_promised_features(one: Column) -> None:
    anyone, cold = value(one.name, reads("a1", "a2")), value(one.name, Profile())

    assert cold == pytest.approx(anyone if one.cold is None else one.cold, abs=1e-5)


def value(name: str, profile: Profile) -> float:
    """The feature of the article that nobody has seen."""
    catalogue = catalogue_of(1)
    reader = Reader.of(profile, catalogue)
    selection = select(catalogue, reader, request("r"), KnrsConfig())
    slates = SlateMemory(SlatesConfig(max_articles=4, max_slates=4))
    return float(
        feature_matrix(catalogue, reader, slates, selection, START_S, fits=TitleFits())[
            0, column(name)
        ]
    )


def test_what_is_as_for_anyone_is_no_constant() -> None:
    assert [one.name for one in COLUMNS if one.cold is None] == [
        "context_slate",
        "context_day_sin",
        "context_day_cos",
    ]
