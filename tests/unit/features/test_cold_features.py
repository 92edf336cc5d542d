"""What features are worth where nothing is known, as docs/features.md promises."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.features import FEATURES, feature_matrix
from cherryrec.knrs import KnrsConfig, select
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory, SlatesConfig
from tests.worlds import START_S, catalogue_of, request

NOT_ZERO = {
    "news_value": 0.5 * (0.35 + 0.05 + 0.35) + 0.15 + 0.1,
    "relevance": 0.5,
    "credibility": 0.5,
    "timeliness": 1.0,
    "attention": 0.5,
    "novelty": 1.0,
    "win_share": 0.5,
    "is_first_shown": 1.0,
    "context_slate": np.log(2.0),
    "context_idle": np.log1p(7 * 24 * 60),
    "context_day_cos": 1.0,
}


@pytest.mark.parametrize("name", FEATURES)
def test_a_cold_user_and_a_cold_article_have_the_promised_features(name: str) -> None:
    catalogue = catalogue_of(1)
    reader = Reader.of(Profile(), catalogue)
    selection = select(catalogue, reader, request("r"), KnrsConfig())

    slates = SlateMemory(SlatesConfig(max_articles=4, max_slates=4))
    row = feature_matrix(catalogue, reader, slates, selection, START_S)[0]

    got = dict(zip(FEATURES, row.tolist(), strict=True))
    assert got[name] == pytest.approx(NOT_ZERO.get(name, 0.0), abs=1e-5)
