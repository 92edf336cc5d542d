"""Baselines over the catalogue score all rows at once as they would one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.evaluation.baselines.vsknn import Vsknn
from cherryrec.evaluation.retrieval import Moment, Offer
from cherryrec.evaluation.retrieval.rankings import (
    CatalogueVsknn,
    CategoryClicks,
    MostClicked,
    Newest,
)
from cherryrec.events import instant
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from tests.worlds import HOUR_S, START_S, article, catalogue_of, reads


def offer(
    catalogue: Catalogue, *, now: float = START_S + HOUR_S, profile: Profile | None = None
) -> Offer:
    reader = Reader.of(profile or Profile(), catalogue)
    moment = Moment("r", "u", now, clicked=("a0",))
    return Offer(moment, catalogue, reader, np.arange(catalogue.n_rows))


def clicked(catalogue: Catalogue, *clicks: tuple[str, float]) -> None:
    shard = Shard(0, catalogue, AttentionConfig())
    for offset, (article_id, time_s) in enumerate(clicks):
        shard.click(article_id, time_s=time_s, offset=offset)


def test_newest_goes_by_publication_else_first_exposure() -> None:
    catalogue = catalogue_of(2)  # published at START_S
    catalogue.publish(article(2, published_at=instant(START_S + 60)), START_S + 60)
    catalogue.publish(article(3), START_S)
    shard = Shard(0, catalogue, AttentionConfig())
    shard.view("i", ["a3"], time_s=START_S + 30, offset=0)

    scores = Newest().score(offer(catalogue)) - START_S

    assert scores.tolist() == [0.0, 0.0, 60.0, 30.0]


@pytest.mark.parametrize(
    ("half_life_s", "wanted"),
    [(600.0, [1.0, 2 * 2.0**-6]), (3_600.0, [1.0, 1.0]), (21_600.0, [1.0, 2 * 2.0 ** (-1 / 6)])],
)
def test_clicks_fade_by_the_half_life(half_life_s: float, wanted: list[float]) -> None:
    catalogue = catalogue_of(3)
    old, new = START_S, START_S + HOUR_S
    clicked(catalogue, ("a1", old), ("a1", old), ("a0", new))  # two an hour ago, one now

    scores = MostClicked(half_life_s).score(offer(catalogue, now=new))

    assert scores == pytest.approx([*wanted, 0.0])


def test_the_readers_categories_multiply_the_clicks() -> None:
    catalogue = catalogue_of(8)  # a0 and a4 are of one category, a1 of another
    clicked(catalogue, ("a0", START_S), ("a1", START_S))
    asked = offer(catalogue, profile=reads("a4"))

    scores = CategoryClicks().score(asked)

    clicks = MostClicked(HOUR_S).score(asked)
    share = catalogue.category_share()[catalogue.category[0]]
    # of the one read of a category with that share (1 + 5 share) / (6 share), of another 5 / 6
    assert scores[:2] == pytest.approx(clicks[:2] * [(1 + 5 * share) / (6 * share), 5 / 6])
    assert scores[2:].tolist() == [0.0] * 6


def test_without_a_history_only_the_clicks_count() -> None:
    catalogue = catalogue_of(8)
    clicked(catalogue, ("a0", START_S), ("a1", START_S))

    scores = CategoryClicks().score(offer(catalogue))

    assert scores == pytest.approx(MostClicked(HOUR_S).score(offer(catalogue)))


def test_neighbours_are_those_of_the_baseline_for_given_candidates() -> None:
    rng = np.random.default_rng(0)
    catalogue = catalogue_of(40)
    ours, theirs = CatalogueVsknn(), Vsknn()
    found = []
    for number in range(200):
        read = tuple(f"a{n}" for n in rng.integers(0, 40, size=3))
        moment = Moment(str(number), f"u{rng.integers(0, 30)}", START_S, read[:1], history=read[1:])
        asked = replace(offer(catalogue), moment=moment)
        row = replace(moment.reading, candidates=tuple(catalogue.ids), clicked=None)
        scores = ours.score(asked)
        assert scores == pytest.approx(theirs.score(row))
        found.append(scores.any())
        ours.learn(moment)
        theirs.learn(moment.reading)

    assert sum(found) > 150


def test_a_row_that_holds_another_article_is_another_article() -> None:
    catalogue = catalogue_of(2)
    knn = CatalogueVsknn()
    knn.learn(Moment("1", "ann", START_S, ("a0", "a1")))
    asked = replace(offer(catalogue), moment=Moment("2", "bob", START_S, (), history=("a0",)))
    assert knn.score(asked).tolist() == [1.0, 1.0]

    catalogue._forget(1)
    catalogue.ids[1] = "new"
    catalogue.row_of["new"], catalogue.hashes[1] = 1, np.uint64(99)

    assert knn.score(asked).tolist() == [1.0, 0.0]
