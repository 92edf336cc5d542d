"""Ages at click by category: whatever comes first, and nothing where a birth is not known."""

from __future__ import annotations

from itertools import permutations

import pytest

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue, CatalogueConfig
from cherryrec.events import instant
from tests.worlds import HALF_LIVES_S, START_S, article

HOUR_S = 3_600.0


def shard_of(catalogue: Catalogue) -> Shard:
    return Shard(0, catalogue, AttentionConfig())


def ages(catalogue: Catalogue) -> dict[str, list[float]]:
    """Clicks and hours of age by category, where there were clicks."""
    hours = catalogue.click_ages() / [1.0, HOUR_S]
    names = [catalogue.categories.name(code) for code in range(len(hours))]
    return {n: row for n, row in zip(names, hours.tolist(), strict=True) if any(row)}


def test_clicks_and_ages_add_up_by_category() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    for number in range(6):
        born = START_S - number * HOUR_S
        catalogue.publish(article(number, published_at=instant(born)), START_S)
    shard = shard_of(catalogue)

    for offset, name in enumerate(["a0", "a4", "a4", "a1"]):  # a0 and a4: weather; a1: politics
        shard.click(name, time_s=START_S + HOUR_S, offset=offset)

    assert ages(catalogue) == {"weather": [3, 1 + 5 + 5], "politics": [1, 2]}


@pytest.mark.parametrize("order", list(permutations(["publish", "view", "late view", "click"])))
def test_a_birth_may_be_learned_before_or_after_the_click(order: tuple[str, ...]) -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    shard = shard_of(catalogue)

    for step in order:
        if step == "publish":
            catalogue.publish(article(0), START_S)
        elif step == "click":
            shard.click("a0", time_s=START_S + 3 * HOUR_S, offset=0)
        else:
            offset = int(step == "late view")
            time_s = START_S + (1 - offset) * HOUR_S
            shard.view(step, ["a0"], time_s=time_s, offset=order.index(step))

    assert ages(catalogue) == {"weather": [1, 3]}


def test_an_article_never_published_nor_shown_counts_nothing() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0), START_S)
    shard = shard_of(catalogue)

    shard.click("a0", time_s=START_S + HOUR_S, offset=0)

    assert ages(catalogue) == {}


def test_a_click_before_the_birth_is_of_age_nothing() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0, published_at=instant(START_S + 9 * HOUR_S)), START_S)

    shard_of(catalogue).click("a0", time_s=START_S, offset=0)

    assert ages(catalogue) == {"weather": [1, 0]}


def test_ages_go_along_when_an_article_changes_category() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0, published_at=instant(START_S)), START_S)
    shard_of(catalogue).click("a0", time_s=START_S + HOUR_S, offset=0)
    assert ages(catalogue) == {"weather": [1, 1]}
    weather = catalogue.categories.find("weather")

    catalogue.publish(article(0, category="storms", published_at=instant(START_S)), START_S)

    assert ages(catalogue) == {"storms": [1, 1]}
    storms = catalogue.categories.find("storms")
    assert not catalogue.category_totals.sums[weather].any()
    assert catalogue.category_totals.sums[storms].tolist() == catalogue.totals.sums[0].tolist()


def test_an_article_whose_row_was_reused_counts_no_more() -> None:
    catalogue = Catalogue(HALF_LIVES_S, CatalogueConfig(max_articles=2))
    shard = shard_of(catalogue)
    for number in range(3):
        time_s = START_S + number * HOUR_S
        catalogue.publish(article(number, published_at=instant(START_S)), time_s)
        shard.click(f"a{number}", time_s=time_s, offset=number)

    assert ages(catalogue) == {"politics": [1, 1], "sport": [1, 2]}


def test_sums_are_kept_until_a_hundredth_has_come() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0, published_at=instant(START_S)), START_S)
    shard = shard_of(catalogue)
    for offset in range(200):
        shard.click("a0", time_s=START_S, offset=offset)
    assert ages(catalogue) == {"weather": [200, 0]}

    shard.click("a0", time_s=START_S + HOUR_S, offset=200)
    assert ages(catalogue) == {"weather": [200, 0]}

    for offset in range(201, 203):
        shard.click("a0", time_s=START_S + HOUR_S, offset=offset)
    assert ages(catalogue) == {"weather": [203, 3]}
