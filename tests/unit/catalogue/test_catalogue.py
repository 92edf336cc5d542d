"""The catalogue: rows, lives and bounds, and counts that follow an article to its category."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import MISSING, Catalogue, CatalogueConfig, Interned
from cherryrec.catalogue.stories import StoryMemory
from cherryrec.errors import ConfigError
from cherryrec.events import instant
from cherryrec.text import HashedText, load_token_vectors
from tests.worlds import HALF_LIVES_S, START_S, article, catalogue_of

DAY_S = 86_400.0


def live(catalogue: Catalogue, now: float = START_S) -> list[str]:
    return [catalogue.ids[row] for row in catalogue.live_rows(now)]


def test_published_articles_are_live_until_retracted_or_too_old() -> None:
    catalogue = catalogue_of(3)
    catalogue.retract("a1", START_S)

    assert live(catalogue) == ["a0", "a2"]
    assert live(catalogue, START_S + 4 * DAY_S) == ["a0", "a2"]
    assert live(catalogue, START_S + 4 * DAY_S + 1) == []


def test_where_a_birth_is_required_an_article_without_one_is_not_live() -> None:
    catalogue = Catalogue(HALF_LIVES_S, CatalogueConfig(requires_birth=True))
    catalogue.publish(article(0, published_at=instant(START_S)), START_S)
    catalogue.publish(article(1), START_S)
    catalogue.publish(article(2), START_S)
    assert live(catalogue) == ["a0"]

    shard = Shard(0, catalogue, AttentionConfig())
    shard.view("i", ["a1"], time_s=START_S + 1.0, offset=0)

    assert live(catalogue, START_S + 2.0) == ["a0", "a1"]


def test_a_retraction_before_the_article_holds_until_it_is_published_again() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.retract("a0", START_S)
    assert catalogue.is_withheld("a0")
    assert catalogue.withheld(["a1", "a0", "a2"]) == {"a0"}
    assert live(catalogue) == []

    catalogue.publish(article(0), START_S)

    assert live(catalogue) == ["a0"]
    assert catalogue.withheld(["a1", "a0", "a2"]) == frozenset()


def test_an_article_seen_before_its_message_is_shown_but_not_live() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    shard = Shard(0, catalogue, AttentionConfig())

    shard.view("i", ["a0", "a1"], time_s=START_S, offset=0)
    catalogue.retract("a1", START_S)

    assert live(catalogue) == []
    assert [catalogue.ids[r] for r in catalogue.shown_rows(START_S)] == ["a0"]
    assert catalogue.shown_rows(START_S + 5 * DAY_S).size == 0


def test_age_counts_from_publication_else_first_exposure_else_nothing() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0, published_at=instant(START_S - 60)), START_S)
    catalogue.publish(article(1), START_S)
    catalogue.publish(article(2), START_S)
    catalogue.publish(article(3, published_at=instant(START_S + 600)), START_S)
    Shard(0, catalogue, AttentionConfig()).view("i", ["a0", "a1"], time_s=START_S - 30, offset=0)

    assert catalogue.age(slice(0, 4), START_S).tolist() == [60, 30, 0, 0]


def test_counts_follow_an_article_to_its_category_and_source() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    shard = Shard(0, catalogue, AttentionConfig())
    shard.view("i", ["a0", "a1"], time_s=START_S, offset=0)
    shard.click("a0", time_s=START_S, offset=0)
    shard.read_by(["a0"], time_s=START_S, offset=0)

    catalogue.publish(article(0, category="sport", source="wire"), START_S + 5 * DAY_S)
    catalogue.publish(article(0, category="science", source="wire"), START_S + 5 * DAY_S)

    def totals(name: str) -> list[float]:
        row = np.array([catalogue.categories.find(name)])
        return [float(x) for x in catalogue.category_totals.totals(row)[0]]

    assert totals("science") == [1, 1, 1]
    assert totals("sport") == [0, 0, 0]
    assert totals("unheard of") == [1, 0, 0]  # the missing one: a1
    wire = np.array([catalogue.sources.find("wire")])
    assert catalogue.source_totals.totals(wire)[0].tolist() == [1, 1, 1]


def test_a_category_is_the_sum_of_its_articles_whatever_is_published_when() -> None:
    rng = np.random.default_rng(0)
    catalogue = Catalogue(HALF_LIVES_S)
    shard = Shard(0, catalogue, AttentionConfig())
    time_s = START_S
    for offset in range(400):
        time_s += float(rng.exponential(3_000.0))
        picked = [f"a{k}" for k in rng.permutation(20)[:5]]
        if offset % 5 == 0:
            number = int(rng.integers(20))
            category = f"c{rng.integers(4)}"
            catalogue.publish(article(number, category=category), time_s)
        shard.view(f"i{offset}", picked, time_s=time_s, offset=offset)
        shard.click(picked[0], time_s=time_s, offset=offset)

    n = len(catalogue)
    codes = catalogue.category[:n]
    for group, single in (
        (catalogue.category_totals.views, catalogue.totals.views),
        (catalogue.category_totals.clicks, catalogue.totals.clicks),
    ):
        wanted = np.zeros((len(catalogue.categories), 4))
        np.add.at(wanted, codes, single(slice(0, n), time_s))
        got = group(slice(0, len(catalogue.categories)), time_s)
        np.testing.assert_allclose(got, wanted, atol=1e-9)


def test_the_row_idle_longest_is_reused_and_forgets_everything() -> None:
    catalogue = catalogue_of(3, CatalogueConfig(max_articles=3))
    shard = Shard(0, catalogue, AttentionConfig())
    shard.view("i0", ["a1"], time_s=START_S + 1, offset=0)
    shard.view("i1", ["a0", "a2"], time_s=START_S + 60, offset=1)

    row = catalogue.publish(article(7), START_S + 120)

    assert row == catalogue.row_of["a7"] == 1
    assert set(catalogue.row_of) == {"a0", "a2", "a7"}
    assert catalogue.known_rows(["a1"]).size == 0
    assert catalogue.totals.totals(np.array([row]))[0].tolist() == [0, 0, 0]
    assert not shard.counters.sums[row].any()
    assert np.isnan(catalogue.born()[row])


def test_rows_made_by_one_late_event_do_not_evict_each_other() -> None:
    catalogue = catalogue_of(4, CatalogueConfig(max_articles=4))

    rows = catalogue.rows(["x", "y", "z"], START_S - DAY_S)

    assert len(set(rows.tolist())) == 3
    assert [catalogue.ids[row] for row in rows] == ["x", "y", "z"]


def test_rows_grow_past_their_first_allocation() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    shard = Shard(0, catalogue, AttentionConfig())
    shard.view("i", ["a0"], time_s=START_S, offset=0)

    catalogue.rows([f"b{k}" for k in range(3_000)], START_S)

    assert len(catalogue) == catalogue.n_rows == 3_001
    assert catalogue.totals.totals(np.array([0]))[0].tolist() == [1, 0, 0]
    assert len(shard.counters.sums) == len(catalogue.alive)
    assert np.isnan(catalogue.published[1:3_001]).all()


def test_a_story_told_again_is_like_its_first_telling() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    first = catalogue.publish(article(0), START_S)
    again = catalogue.publish(article(8), START_S + 60)  # the same title
    other = catalogue.publish(article(1), START_S + 120)

    similarity = catalogue.story_similarity
    assert similarity[first] == 0.0
    assert similarity[again] == pytest.approx(1.0, abs=1e-5)
    assert similarity[other] < 0.6
    catalogue.publish(article(0), START_S + 180)
    assert similarity[first] == pytest.approx(1.0, abs=1e-5)  # like a8, not like itself


def test_a_story_memory_forgets_by_number_and_by_time() -> None:
    stories = StoryMemory(16, capacity=2, window_s=100.0)
    a, b, c = np.eye(16, dtype=np.float32)[:3]
    for name, vector in (("a", a), ("b", b), ("c", c)):
        stories.add(name, vector, now=0.0)

    assert stories.add("a2", a, now=1.0) == 0.0  # c has taken its place
    assert stories.add("c2", c, now=2.0) == 1.0
    assert stories.add("c3", c, now=200.0) == 0.0


def test_an_article_is_embedded_by_its_words_and_by_its_tokens() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    row = catalogue.publish(article(0), START_S)
    tokens = load_token_vectors("wordllama")
    assert tokens is not None

    assert catalogue.embeddings[row].tolist() == HashedText().embed(article(0).title).tolist()
    assert catalogue.token_embeddings.shape == (len(catalogue.alive), 256)
    assert catalogue.token_embeddings[row].tolist() == tokens.embed(article(0).title).tolist()

    catalogue.publish(article(0, title="Tax reform passes"), START_S)
    catalogue.rows([f"b{k}" for k in range(3_000)], START_S)  # the columns grow

    wanted = tokens.embed("Tax reform passes").tolist()
    assert catalogue.token_embeddings[row].tolist() == wanted
    assert len(catalogue.token_embeddings) == len(catalogue.alive)
    assert not catalogue.token_embeddings[1:].any()


def test_a_reused_row_keeps_no_embedding() -> None:
    catalogue = catalogue_of(1, CatalogueConfig(max_articles=1))
    assert catalogue.token_embeddings.any()

    row = catalogue.row("seen before told", START_S + 60)

    assert row == 0
    assert not catalogue.token_embeddings.any()
    assert not catalogue.embeddings.any()


def test_without_token_vectors_there_is_a_column_of_no_width() -> None:
    catalogue = catalogue_of(3, CatalogueConfig(token_vectors="none"))
    catalogue.rows([f"b{k}" for k in range(3_000)], START_S)

    assert catalogue.tokens is None
    assert catalogue.token_embeddings.shape == (len(catalogue.alive), 0)


def test_names_get_codes_in_order_of_arrival() -> None:
    names = Interned()

    assert [names.code(n) for n in ("b", "a", "b", "", None)] == [1, 2, 1, MISSING, MISSING]
    assert (names.find("a"), names.find("z"), len(names)) == (2, MISSING, 3)
    assert [names.name(code) for code in range(3)] == ["", "b", "a"]


@pytest.mark.parametrize("name", ["max_articles", "max_age_s", "story_window_s", "story_memory"])
def test_bounds_are_above_zero(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be above 0, got 0"):
        CatalogueConfig(**{name: 0})


def test_unknown_token_vectors_are_refused() -> None:
    with pytest.raises(ConfigError, match="token_vectors must be one of none, wordllama, got 'x'"):
        CatalogueConfig(token_vectors="x")


def test_names_are_bounded_however_many_articles_bring_new_ones() -> None:
    names = Interned(capacity=3)

    codes = [names.code(f"source {number}") for number in range(10)]

    assert codes == [1, 2, 3] + [MISSING] * 7
    assert len(names) == 4
