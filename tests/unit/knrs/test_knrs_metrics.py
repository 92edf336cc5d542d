"""The five metrics: in [0, 1], neutral where nothing is known, rising with what they measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.events import instant
from cherryrec.knrs import METRICS, KnrsConfig, metrics
from cherryrec.knrs.half_lives import half_lives
from cherryrec.profile import Profile, ProfileConfig, apply_click
from cherryrec.reader import Reader
from tests.worlds import HALF_LIVES_S, START_S, Traffic, article, catalogue_of, click, traffic

CONFIG = KnrsConfig()
F1, F2, F3, F4, F5 = range(5)
HOUR_S = 3_600.0


def measured(
    catalogue: Catalogue,
    profile: Profile | None = None,
    *,
    now: float = START_S,
    config: KnrsConfig = CONFIG,
) -> NDArray[np.float64]:
    rows = np.arange(len(catalogue))
    reader = Reader.of(profile or Profile(), catalogue)
    return metrics(catalogue, reader, rows, now, config)


def profile_of(catalogue: Catalogue, *articles: str) -> Profile:
    """A profile made by clicks, interest vector included."""
    profile = Profile()
    for offset, name in enumerate(articles):
        profile, _ = apply_click(
            profile,
            click(name, START_S + offset),
            offset=offset,
            config=ProfileConfig(),
            embed=lambda a: np.asarray(catalogue.embeddings[catalogue.row_of[a]]),
        )
    return profile


@settings(max_examples=60, deadline=None)
@given(events=traffic(), reads=st.lists(st.integers(0, 11), max_size=10), later=st.floats(0, 1e6))
def test_every_metric_is_in_the_unit_interval(
    events: Traffic, reads: list[int], later: float
) -> None:
    catalogue = catalogue_of(12)
    events.apply(Shard(0, catalogue, AttentionConfig()), 0, len(events))
    profile = profile_of(catalogue, *(f"a{k}" for k in reads))

    values = measured(catalogue, profile, now=START_S + later)

    assert values.shape == (12, len(METRICS))
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (values <= 1).all()


def test_an_unknown_reader_of_an_unseen_article_finds_everything_neutral() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0), START_S)

    values = measured(catalogue)[0]

    assert values.tolist() == [0.5, 0.5, 1.0, 0.5, 1.0]


def test_relevance_rises_with_likeness_to_what_was_read() -> None:
    catalogue = catalogue_of(8)  # a0 and a4 share the category only
    catalogue.publish(article(8, category="weather"), START_S)  # a0's title again

    f1 = measured(catalogue, profile_of(catalogue, "a0"))[:, F1]

    assert f1[8] > f1[4] > f1[5]


def test_a_field_that_the_user_named_makes_its_articles_relevant() -> None:
    catalogue = catalogue_of(4)
    catalogue.publish(article(5, subcategory="elections"), START_S)
    profile = Profile(fields=("sport", "unheard of"), collections=("elections",))

    f1 = measured(catalogue, profile)[:, F1]

    assert f1.tolist() == [0.5, 0.5, 1.0, 0.5, 1.0]


def sourced(priors: dict[str, float], clicks: dict[str, int]) -> dict[str, float]:
    """Credibility by source after 1,000 views each and some clicks."""
    catalogue = Catalogue(HALF_LIVES_S)
    names = sorted({*priors, *clicks})
    for number, name in enumerate(names):
        catalogue.publish(article(number, source=name), START_S)
    shard = Shard(0, catalogue, AttentionConfig())
    offset = 0
    if clicks:
        for _ in range(1_000):
            offset += 1
            shard.view(
                f"i{offset}", [f"a{k}" for k in range(len(names))], time_s=START_S, offset=offset
            )
    for name, n in clicks.items():
        for _ in range(n):
            offset += 1
            shard.click(f"a{names.index(name)}", time_s=START_S, offset=offset)
    values = measured(catalogue, config=KnrsConfig(credibility=priors))[:, F2].tolist()
    return dict(zip(names, values, strict=True))


def test_a_source_nobody_saw_stands_at_the_editors_prior() -> None:
    assert sourced({"trusted": 0.9, "doubtful": 0.2}, {}) == pytest.approx(
        {"trusted": 0.9, "doubtful": 0.2}
    )


def test_a_source_clicked_as_often_as_all_stays_at_its_prior() -> None:
    """The posterior once went to 0.5 with traffic, whatever the editors had said."""
    got = sourced({"trusted": 0.9, "doubtful": 0.2}, {"trusted": 500, "doubtful": 500})

    assert got == pytest.approx({"trusted": 0.9, "doubtful": 0.2}, abs=0.005)


def test_credibility_rises_with_clicks_against_expectation() -> None:
    got = sourced({}, {"a": 50, "b": 100, "c": 400})

    assert 0 < got["a"] < got["b"] < 0.5 < got["c"] < 1


def test_timeliness_halves_with_every_half_life_of_the_category() -> None:
    catalogue = catalogue_of(4)
    config = KnrsConfig(half_life_s=3_600.0, category_half_lives_s={"science": 7_200.0})

    f3 = measured(catalogue, now=START_S + 7_200.0, config=config)[:, F3]

    assert f3.tolist() == [0.25, 0.25, 0.25, 0.5]


def clicked_at(hours: dict[str, list[float]]) -> Catalogue:
    """A catalogue whose articles were clicked at these ages."""
    catalogue = catalogue_of(4)
    shard = Shard(0, catalogue, AttentionConfig())
    for offset, (name, age) in enumerate((n, age) for n, ages in hours.items() for age in ages):
        shard.click(name, time_s=START_S + age * HOUR_S, offset=offset)
    return catalogue


def lives_of(catalogue: Catalogue, **settings: Any) -> dict[str, float]:
    """Half-lives by category, in hours."""
    hours = half_lives(catalogue, KnrsConfig(**settings)) / HOUR_S
    return {catalogue.categories.name(code): float(h) for code, h in enumerate(hours)}


def test_a_category_clicked_young_ages_fast() -> None:
    catalogue = clicked_at({"a0": [1.0] * 100, "a2": [40.0] * 100})

    got = lives_of(catalogue, half_life_s=12 * HOUR_S)

    assert got["weather"] == pytest.approx((100 * np.log(2) * 1 + 50 * 12) / 150)
    assert got["sport"] == pytest.approx((100 * np.log(2) * 40 + 50 * 12) / 150)
    assert (got["politics"], got[""]) == (12.0, 12.0)
    f3 = measured(catalogue, now=START_S + 12 * HOUR_S)[:, F3]
    assert f3[0] < f3[1] == f3[3] == 0.5 < f3[2]


def test_a_half_life_that_generated_clicks_goes_to_the_one_they_were_made_of() -> None:
    ages = np.random.default_rng(0).exponential(6.0 / np.log(2), 4_000)

    got = lives_of(clicked_at({"a0": ages.tolist()}), half_life_s=48 * HOUR_S)

    assert got["weather"] == pytest.approx(6.5, abs=0.3)  # 50 imagined clicks at 48 h are in it


def test_a_half_life_that_the_editors_fixed_is_not_learned() -> None:
    catalogue = clicked_at({"a0": [1.0] * 100})

    assert lives_of(catalogue, category_half_lives_s={"weather": 7 * HOUR_S})["weather"] == 7.0


@pytest.mark.parametrize(("age", "wanted"), [(0.0, 0.5), (1_000.0, 7 * 24.0)])
def test_learned_half_lives_are_bounded(age: float, wanted: float) -> None:
    catalogue = clicked_at({"a0": [age] * 9_000})

    assert lives_of(catalogue)["weather"] == wanted


def test_a_configured_half_life_may_lie_outside_the_bounds() -> None:
    catalogue = clicked_at({})

    assert lives_of(catalogue, half_life_s=60.0)["weather"] == 60.0 / HOUR_S


def test_without_births_there_is_nothing_to_learn() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0), START_S)
    shard = Shard(0, catalogue, AttentionConfig())
    for offset in range(500):
        shard.click("a0", time_s=START_S + HOUR_S, offset=offset)

    assert lives_of(catalogue)["weather"] == 12.0


def test_an_article_published_later_counts_as_new() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0, published_at=instant(START_S + 60)), START_S)

    assert measured(catalogue)[0, F3] == 1.0


def test_attention_rises_with_clicks_falls_with_views_and_fades() -> None:
    catalogue = catalogue_of(4)
    shard = Shard(0, catalogue, AttentionConfig())
    for offset in range(60):
        shown = ["a0", "a1", "a2"] if offset < 40 else ["a1", "a2"]
        shard.view(f"i{offset}", shown, time_s=START_S, offset=offset)
    for offset in range(20):
        shard.click("a0" if offset % 2 else "a1", time_s=START_S, offset=offset)

    f4 = measured(catalogue)[:, F4]
    assert f4[0] > f4[1] > f4[3] > f4[2]

    later = measured(catalogue, now=START_S + 3 * 86_400.0)[:, F4]
    assert np.abs(later - 0.5).max() < np.abs(f4 - 0.5).max() / 4


def test_novelty_falls_with_an_earlier_telling_and_with_what_the_user_has_read() -> None:
    catalogue = catalogue_of(4)
    catalogue.publish(article(8), START_S + 60)  # a0's title again

    everyone = measured(catalogue)[:, F5]
    reader_of_a1 = measured(catalogue, profile_of(catalogue, "a1"))[:, F5]

    assert everyone[4] == pytest.approx(0.0, abs=1e-5)
    assert everyone[0] == 1.0
    assert everyone[1] > 0.5
    assert reader_of_a1[1] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_that_is_left_out_is_nothing_and_changes_no_other(name: str) -> None:
    catalogue = clicked_at({"a0": [1.0, 2.0], "a1": [30.0]})
    profile = profile_of(catalogue, "a1")
    now = START_S + 40 * HOUR_S

    whole = measured(catalogue, profile, now=now)
    without = measured(catalogue, profile, now=now, config=KnrsConfig(without=(name,)))

    column = METRICS.index(name)
    assert not without[:, column].any()
    assert np.delete(without, column, axis=1).tolist() == np.delete(whole, column, axis=1).tolist()


def test_no_rows_are_no_values() -> None:
    catalogue = catalogue_of(2)
    reader = Reader.of(profile_of(catalogue, "a0"), catalogue)

    assert metrics(catalogue, reader, np.zeros(0, np.intp), START_S, CONFIG).shape == (0, 5)
