"""Baselines over the catalogue score all rows at once as they would one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.evaluation.baselines.item_knn import ItemKnn
from cherryrec.evaluation.baselines.vsknn import Vsknn
from cherryrec.evaluation.leave_last_out.dataset import leave_last_out
from cherryrec.evaluation.leave_last_out.markov import Markov
from cherryrec.evaluation.logs import LoggedClick
from cherryrec.evaluation.retrieval import Moment, Offer
from cherryrec.evaluation.retrieval.rankings import (
    CategoryClicks,
    ClickedLately,
    MostClicked,
    Newest,
)
from cherryrec.evaluation.retrieval.sequence_rankings import (
    CatalogueItemNeighbours,
    CatalogueMarkov,
    CatalogueVsknn,
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


def test_item_neighbours_are_those_of_the_baseline_for_given_candidates() -> None:
    rng = np.random.default_rng(1)
    catalogue = catalogue_of(40)
    ours, theirs = CatalogueItemNeighbours(), ItemKnn()
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


def test_the_chain_counts_as_that_of_protocol_b() -> None:
    orders = {user: (0, 1, 2, 3, 4) for user in "uvwxy"} | {"z": (1, 0, 3, 2, 4)}
    log = [
        LoggedClick(f"{user}{time}", user, f"a{order[time]}", float(time))
        for time in range(5)
        for user, order in orders.items()
    ]
    data = leave_last_out(log, least=1)
    fitted = Markov(window=2)
    fitted.fit(data)
    catalogue = catalogue_of(5)
    chain = CatalogueMarkov(window=2)
    for number, user in enumerate(data.users):
        for place, code in enumerate(data.training(number)):
            clicked = (data.articles[code],)
            chain.learn(Moment(f"{user}{place}", user, START_S + place, clicked))

    asked = Moment("r", "new", START_S + 9, (), history=(data.articles[0],))
    rows = np.array([catalogue.row_of[name] for name in data.articles])
    scores = chain.score(replace(offer(catalogue), moment=asked, rows=rows))

    wanted = fitted.score([np.array([0], np.int32)])[0]
    assert np.floor(scores * 2).tolist() == np.floor(wanted * 2).tolist()
    assert np.argsort(-scores).tolist() == np.argsort(-wanted).tolist()


def test_the_chain_counts_what_was_read_before_the_log_once() -> None:
    catalogue = catalogue_of(3)
    chain = CatalogueMarkov(window=2)
    for number in range(2):
        chain.learn(Moment(str(number), "ann", START_S, ("a2",), history=("a0", "a1")))

    asked = Moment("r", "bob", START_S, (), history=("a0",))
    scores = chain.score(replace(offer(catalogue), moment=asked))

    # a1 once right after a0, a2 once two places later; a2 right after itself says nothing
    assert scores.round(2).tolist() == [0.08, 1.08, 0.67]


def test_only_the_followers_that_are_kept_count() -> None:
    catalogue = catalogue_of(3)
    chain = CatalogueMarkov(window=1, max_next=1)
    for number, follower in enumerate(("a1", "a1", "a2")):
        chain.learn(Moment(str(number), f"u{number}", START_S, (follower,), history=("a0",)))

    asked = Moment("r", "bob", START_S, (), history=("a0",))
    scores = chain.score(replace(offer(catalogue), moment=asked))

    assert np.floor(scores).tolist() == [0.0, 0.0, 1.0]


def test_clicks_of_minutes_fade_by_the_half_life() -> None:
    catalogue = catalogue_of(3)
    lately = ClickedLately(120.0)
    for number, (article_id, ago_s) in enumerate((("a1", 240.0), ("a1", 120.0), ("a0", 120.0))):
        lately.learn(Moment(str(number), "u", START_S + HOUR_S - ago_s, (article_id,)))

    assert lately.score(offer(catalogue)).tolist() == [0.5, 0.75, 0.0]
