"""What the user was shown, what was read word by word and ever, what earlier slates say."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.catalogue import Catalogue
from cherryrec.exposures import Exposures, note_clicked, note_labelled, note_shown
from cherryrec.features import FEATURES, feature_matrix
from cherryrec.knrs import KnrsConfig, select
from cherryrec.profile import Profile
from cherryrec.profile.category_records import with_reads
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory, SlatesConfig
from cherryrec.text import stable_hash
from cherryrec.title_fit import TitleFits
from tests.worlds import HALF_LIVES_S, START_S, article, reads, request

NOW = START_S + 86_400.0
LOG = np.log

Features = dict[str, dict[str, float]]


def key(name: str) -> int:
    return stable_hash(name) & 0xFFFF_FFFF


def keys(*names: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array([key(name) for name in names], np.uint32)


@pytest.fixture
def catalogue() -> Catalogue:
    """Three articles without traffic: everyone's shares are equal, a half each."""
    catalogue = Catalogue(HALF_LIVES_S)
    for number, title, category, subcategory in (
        (0, "Storm floods harbour towns", "weather", "coast|rain"),
        (1, "Storm hits harbour", "weather", "rain"),
        (2, "Parliament passes tax", "politics", None),
    ):
        changes = {"title": title, "category": category, "subcategory": subcategory}
        catalogue.publish(article(number, **changes), START_S)
    return catalogue


def features_of(
    catalogue: Catalogue,
    profile: Profile | None = None,
    *,
    exposures: Exposures | None = None,
    slates: SlateMemory | None = None,
) -> Features:
    """Features by article and name."""
    reader = Reader.of(profile or Profile(), catalogue, exposures)
    asked = request("r", NOW, candidates=["a0", "a1", "a2"])
    selection = select(catalogue, reader, asked, KnrsConfig())
    slates = slates or SlateMemory(SlatesConfig(max_articles=8, max_slates=8))
    matrix = feature_matrix(catalogue, reader, slates, selection, NOW, fits=TitleFits())
    return {
        catalogue.ids[row]: dict(zip(FEATURES, values, strict=True))
        for row, values in zip(selection.rows, matrix.tolist(), strict=True)
    }


def assert_values(features: Features, name: str, *wanted: float) -> None:
    got = [features[article_id][name] for article_id in ("a0", "a1", "a2")]
    assert got == pytest.approx(wanted, abs=1e-5), name


def test_what_a_user_was_shown_counts_by_how_often_how_lately_and_what_was_clicked(
    catalogue: Catalogue,
) -> None:
    exposures = note_shown(Exposures(), keys("a0", "a2"), NOW - 1_200.0, offset=0)
    exposures = note_shown(exposures, keys("a0", "a1"), NOW - 600.0, offset=1)
    exposures = note_clicked(exposures, key("a0"), NOW - 300.0)

    features = features_of(catalogue, exposures=exposures)

    assert_values(features, "seen_times", LOG(3), LOG(2), LOG(2))
    assert_values(features, "seen_clicks", LOG(2), 0.0, 0.0)
    assert_values(features, "seen_lately", 0.5, 0.5, 0.25)
    assert_values(features, "seen_today", 2 ** (-1 / 36), 2 ** (-1 / 36), 2 ** (-1 / 18))
    assert_values(features, "seen_in_last", 1.0, 1.0, 0.0)
    assert_values(features, "context_shown", *[LOG(3)] * 3)


def test_a_category_clicked_more_than_chance_would_have_it_is_preferred(
    catalogue: Catalogue,
) -> None:
    shown = keys("weather", "weather", "politics", "politics")  # half a click expected of each
    exposures = note_labelled(Exposures(), shown, np.array([True, False, False, False]))

    features = features_of(catalogue, exposures=exposures)

    assert_values(features, "category_preference", LOG(2 / 1.5), LOG(2 / 1.5), LOG(1 / 1.5))


def test_earlier_slates_say_who_wins_and_what_is_clicked_beside_the_others(
    catalogue: Catalogue,
) -> None:
    slates = SlateMemory(SlatesConfig(max_articles=8, max_slates=8, half_life_s=86_400.0))
    weather = ["weather", "weather"]
    slates.add("s", ["a0", "a1"], [True, False], categories=weather, time_s=NOW - 86_400.0)

    features = features_of(catalogue, slates=slates)

    won = LOG(1.5 / 0.5)  # a0 once over a1, nobody over a2
    assert_values(features, "wins_mean", won / 2, -won / 2, 0.0)
    assert_values(features, "wins_root", won / np.sqrt(2), -won / np.sqrt(2), 0.0)
    assert_values(features, "win_share", (0.75 + 0.5) / 2, (0.25 + 0.5) / 2, 0.5)
    assert_values(features, "wins_lowest", 0.0, -won, 0.0)
    assert_values(features, "wins_surprise", 0.5, -0.5, 0.0)  # (1 / √2) / √2
    assert_values(features, "wins_category", won / 2, -won / 2, 0.0)
    # Two of three articles are shared, one half-life ago: J = 2/3, half a click expected of each.
    near, close = 0.5 * 2 / 3, 0.5 * (2 / 3) ** 3
    for name, weight in (("neighbours", near), ("neighbours_close", close)):
        clicked = LOG((weight + 0.2) / (weight / 2 + 0.2))
        passed_over = LOG(0.2 / (weight / 2 + 0.2))
        assert_values(features, name, clicked, passed_over, 0.0)


def test_titles_are_matched_word_by_word_rare_words_and_new_reads_more(
    catalogue: Catalogue,
) -> None:
    features = features_of(catalogue, reads("a0", "a1"))

    common, rare = LOG(4 / 3) ** 2, LOG(4 / 2) ** 2  # in two titles of three, and in one
    first = 2 * 1.9 * common + 2 * 0.9 * rare  # storm, harbour in both reads; floods, towns
    second = 2 * 1.9 * common + rare  # hits, of the newest read
    assert_values(
        features,
        "text_words",
        first / np.sqrt(2 * common + 2 * rare),
        second / np.sqrt(2 * common + rare),
        0.0,
    )


def test_token_vectors_are_compared_as_embeddings_are(catalogue: Catalogue) -> None:
    features = features_of(catalogue, reads("a0", "a1"))

    vectors = catalogue.token_embeddings[:3]
    likeness = (vectors @ vectors[:2].T).tolist()  # (3, 2): to a0, to a1
    assert_values(features, "token_last", *[last for _, last in likeness])
    assert_values(features, "token_nearest", *[max(both) for both in likeness])
    for name in ("token_recent_30", "token_recent_5", "token_top_3"):
        assert_values(features, name, *[sum(both) / 2 for both in likeness])
    assert features["a1"]["token_last"] == pytest.approx(1.0, abs=1e-5)
    assert features["a2"]["token_nearest"] < features["a0"]["token_last"] < 1.0


def test_the_mean_of_the_three_nearest_is_of_the_nearest(catalogue: Catalogue) -> None:
    features = features_of(catalogue, reads("a2", "a0", "a0", "a0", "a2"))

    assert features["a0"]["text_top_3"] == pytest.approx(1.0, abs=1e-5)
    assert features["a0"]["token_top_3"] == pytest.approx(1.0, abs=1e-5)


def test_all_that_was_ever_read_counts_though_history_has_forgotten_it(
    catalogue: Catalogue,
) -> None:
    profile = Profile(
        categories=with_reads(b"", keys("weather", "weather", "weather", "politics")),
        subcategories=with_reads(b"", keys("rain", "rain", "rain", "coast")),
    )

    features = features_of(catalogue, profile)

    liked, other = LOG(5.5 / 4.5), LOG(3.5 / 4.5)  # (3 + 2.5) and (1 + 2.5) over (4 + 5) / 2
    assert_values(features, "category_lift_ever", liked, liked, other)
    assert_values(features, "subcategory_lift_ever", (liked + other) / 2, liked, 0.0)
    assert_values(features, "category_lift", 0.0, 0.0, 0.0)


def test_an_article_of_several_subcategories_has_their_mean_and_their_most(
    catalogue: Catalogue,
) -> None:
    features = features_of(catalogue, reads("a0", "a1"))

    rain, coast = LOG(4.5 / 4.0), LOG(3.5 / 4.0)  # 2 and 1 of 3 reads, over (3 + 5) / 2
    assert_values(features, "subcategory_lift", (rain + coast) / 2, rain, 0.0)
    assert_values(features, "subcategory_lift_most", rain, rain, 0.0)
    assert_values(features, "subcategory_share", 0.75, 1.0, 0.0)
