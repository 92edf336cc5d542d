"""What is kept when most articles are only bounded is what is kept when all have their signals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue, CatalogueConfig
from cherryrec.catalogue.coarse import coarse
from cherryrec.co_reads import CoReads
from cherryrec.events import RecommendationRequest, instant
from cherryrec.exposures import Exposures, note_shown
from cherryrec.knrs import N_SIGNALS, SIGNALS, KnrsConfig, Retriever, n_kept, select, signals
from cherryrec.knrs.alike import went_on
from cherryrec.knrs.reach import bounds, within_reach
from cherryrec.knrs.signals import prior_weights
from cherryrec.knrs.sources import brought_by, contenders, fused
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from cherryrec.text import stable_hash
from tests.worlds import CATEGORIES, HALF_LIVES_S, HOUR_S, START_S, article, reads, request

Floats = NDArray[np.float64]

CONFIG = KnrsConfig(credibility={"agency": 0.9, "blog": 0.2})
NAMES = [signal.name for signal in SIGNALS]
WORDS = (
    "storm harbour tax reform striker contract telescope planet bakery bread strike trains novel "
    "lighthouse vaccine trial budget island court record"
)


@dataclass(frozen=True)
class World:
    """A catalogue with counts, and one reader of it."""

    catalogue: Catalogue
    reader: Reader
    co_reads: CoReads
    now: float


def world(seed: int, n: int = 700, *, profile: Profile | None = None) -> World:
    """Articles of two days, some of unknown birth, some shown and clicked, by chance."""
    rng = np.random.default_rng(seed)
    catalogue = Catalogue(HALF_LIVES_S)
    now = START_S + 48 * HOUR_S
    for number in range(n):
        born_s = START_S + float(rng.uniform(0.0, now - START_S))
        catalogue.publish(
            article(
                number,
                title=" ".join(rng.choice(WORDS.split(), 5)),
                category=CATEGORIES[int(rng.integers(len(CATEGORIES)))],
                subcategory="|".join(rng.choice(("goal", "vote", "rain"), rng.integers(3))) or None,
                source=(None, "agency", "blog")[int(rng.integers(3))],
                published_at=None if rng.random() < 0.05 else instant(born_s),
            ),
            START_S,
        )
    shard = Shard(0, catalogue, AttentionConfig())
    times = np.sort(now - rng.exponential(4 * HOUR_S, 300)).tolist()
    for number, time_s in enumerate(times):
        names = [f"a{k}" for k in rng.integers(0, n // 3, 8)]
        shard.view(f"i{number}", list(dict.fromkeys(names)), time_s=time_s, offset=2 * number)
        if number % 3 == 0:
            shard.click(names[0], time_s=time_s, offset=2 * number + 1)
    catalogue.settle()
    pairs = CoReads()
    for number in range(40):
        one, other = (f"a{k}" for k in rng.integers(0, n, 2))
        pairs.add(number, one, [other, "a1"], time_s=now - 60.0)
    keys = np.array([stable_hash(f"a{k}") & 0xFFFFFFFF for k in range(0, n, 7)], np.uint32)
    exposures = note_shown(Exposures(), keys, now - 60.0, offset=0)
    who = reads("a1", "a2", "a5", "a9") if profile is None else profile
    return World(catalogue, Reader.of(who, catalogue, exposures), pairs, now)


def all_signals(one: World, rows: NDArray[np.intp], site_share: float = 1.0) -> Floats:
    return signals(
        one.catalogue,
        one.reader,
        one.co_reads,
        rows,
        now=one.now,
        config=CONFIG,
        site_share=site_share,
    )


def kept_of_all(
    one: World, asked: RecommendationRequest, weights: Floats, site_share: float
) -> tuple[list[int], list[str]]:
    """Keep by the signals of everything: what `select` has to return."""
    catalogue = one.catalogue
    live = catalogue.live_rows(one.now)
    read = catalogue.known_rows([past.article_id for past in one.reader.profile.history])
    rows = np.setdiff1d(live, read)
    n = n_kept(len(live), asked.slate_size, CONFIG)
    found = all_signals(one, rows, site_share)
    ties = catalogue.hashes[rows] ^ np.uint64(stable_hash(asked.request_id))
    ties *= np.uint64(0x9E3779B97F4A7C15)
    is_born = ~np.isnan(catalogue.born(rows))
    strengths = Retriever(weights).values(found)
    n_reserved = int(n * CONFIG.reserved)
    order = np.lexsort((ties, -np.nan_to_num(catalogue.born(rows)), -strengths))
    own = order[: n - n_reserved]
    names = brought_by(found[own], weights)
    strengths[own] = -np.inf
    left = contenders(found, strengths, n_reserved)
    left = left[np.isfinite(strengths[left])]
    more, why = fused(found[left], n_reserved, is_born=is_born[left], ties=ties[left])
    return rows[np.concatenate((own, left[more]))].tolist(), names + why


weightings = st.one_of(
    st.just(prior_weights()),
    st.integers(0, 2**32 - 1).map(lambda s: np.random.default_rng(s).normal(0.0, 0.5, N_SIGNALS)),
    st.integers(0, N_SIGNALS - 1).map(lambda column: np.eye(N_SIGNALS)[column]),
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), weightings)
def test_worth_likeness_and_age_lie_within_their_bounds(seed: int, weights: Floats) -> None:
    one = world(seed, 300, profile=reads("a1", "a2", "a5", fields=("sport", "rain")))
    rows = np.arange(one.catalogue.n_rows)

    alike = went_on(one.catalogue, one.reader, one.co_reads, now=one.now)
    found = bounds(
        one.catalogue, one.reader, alike, rows, weights=weights, now=one.now, config=CONFIG
    ).astype(float)

    expected = all_signals(one, rows)
    value = expected @ weights
    nearest = expected[:, NAMES.index("text_nearest")]
    assert (found[0] <= value).all()
    assert (value <= found[1]).all()
    assert (found[2] <= nearest).all()
    assert (nearest <= found[3]).all()
    ages = np.expm1(expected[:, NAMES.index("age")]) * 60.0
    np.testing.assert_allclose(found[4], ages, rtol=1e-6, atol=1e-3)
    assert (found[1] - found[0]).max() < 0.05 * np.abs(weights).sum(), "bounds are of use"


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), weightings, st.booleans(), st.sampled_from([1.0, 0.4, 2e-4]))
def test_the_same_is_kept_in_the_same_order_as_of_all(
    seed: int, weights: Floats, is_new: bool, site_share: float
) -> None:
    one = world(seed, profile=Profile() if is_new else None)
    asked = request("r", one.now)

    got = select(
        one.catalogue,
        one.reader,
        asked,
        CONFIG,
        retriever=Retriever(weights),
        co_reads=one.co_reads,
        site_share=site_share,
    )

    rows, names = kept_of_all(one, asked, weights, site_share)
    assert got.rows.tolist() == rows
    assert list(got.sources) == names
    expected = all_signals(one, got.rows, site_share)
    np.testing.assert_allclose(got.signals, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_few_articles_are_looked_at() -> None:
    one = world(1, 3_000)
    rows = np.arange(3_000)

    alike = went_on(one.catalogue, one.reader, one.co_reads, now=one.now)
    near = within_reach(
        one.catalogue, one.reader, alike, rows, weights=prior_weights(), now=one.now,
        config=CONFIG, n_strongest=200, n_single=20,
    )  # fmt: skip

    strongest = (all_signals(one, rows) @ prior_weights()).argsort()[-200:]
    assert set(strongest.tolist()) <= set(near.tolist())
    assert len(near) < 600


def test_an_embedding_in_eight_bits_is_as_far_off_as_it_says() -> None:
    rng = np.random.default_rng(0)
    vector = rng.normal(size=64).astype(np.float32)
    other = rng.normal(size=64)

    codes, scale, error = coarse(vector)

    assert np.linalg.norm(vector - scale * codes) == pytest.approx(error)
    off = abs(vector @ other - scale * (codes @ other))
    assert 0.0 < off <= error * np.linalg.norm(other)
    assert error < 0.01 * np.linalg.norm(vector)


def test_a_row_that_is_used_again_has_no_coarse_embedding_of_before() -> None:
    one = world(2, 50)

    one.catalogue.clear_columns(3)

    assert not one.catalogue.coarse[3].any()
    assert one.catalogue.coarse_scale[3] == one.catalogue.coarse_error[3] == 0.0
    assert one.catalogue.coarse[4].any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 12), st.integers(0, 2))
def test_sources_are_fused_as_sorting_says(seed: int, m: int, n: int, decimals: int) -> None:
    """Coarsely rounded, so that many are equal."""
    rng = np.random.default_rng(seed)
    found = np.maximum(rng.normal(size=(m, N_SIGNALS)).round(decimals), 0.0)
    is_born, ties = rng.random(m) < 0.8, rng.integers(0, 5, m).astype(np.uint64)

    places, names = fused(found, n, is_born=is_born, ties=ties)

    ranks: dict[int, list[tuple[float, str]]] = {}
    for source, says in scores_by_hand(found, is_born).items():
        order = sorted(
            np.flatnonzero(np.isfinite(says)).tolist(), key=lambda i: (-says[i], ties[i])
        )
        for rank, i in enumerate(order[: 2 * n]):
            ranks.setdefault(i, []).append((1.0 / (61.0 + rank), source))
    best = sorted(
        sorted(ranks),
        key=lambda i: (-max(ranks[i])[0], -sum(share for share, _ in ranks[i]), ties[i]),
    )[:n]
    assert places.tolist() == best
    assert names == [max(ranks[i], key=lambda one: one[0])[1] for i in best]


def scores_by_hand(found: Floats, is_born: NDArray[np.bool_]) -> dict[str, Floats]:
    """What each source says, as the docstring of `SOURCES` has it; minus infinity for nothing."""
    of = dict(zip(NAMES, found.T, strict=True))
    said = {
        "most_clicked": (of["clicks_1h"], of["clicks_1h"] > 0),
        "rising": (of["clicks_now"] - 0.5 * of["clicks_6h"], of["clicks_10m"] > 0),
        "newest": (-of["age"], is_born),
        "near": (of["text_nearest"], of["text_nearest"] > 0),
        "alike": (of["alike"], of["alike"] > 0),
        "readers_topics": (of["category_lift"] + of["clicks_hour"], of["category_lift"] > 0),
        "editors": (of["credibility"], of["credibility"] > 0.5),
    }
    return {name: np.where(says, value, -np.inf) for name, (value, says) in said.items()}


def test_products_of_long_flat_vectors_do_not_wrap() -> None:
    """In 32 bits; the worst of 4,096 dimensions, all components alike."""
    catalogue = Catalogue(HALF_LIVES_S, CatalogueConfig(n_dimensions=4_096))
    for number in range(3):
        catalogue.publish(article(number), START_S)
    flat = np.full(4_096, 1.0 / 64.0, np.float32)
    catalogue.embeddings[:3] = flat
    for row in range(3):
        catalogue.coarse[row], catalogue.coarse_scale[row], catalogue.coarse_error[row] = coarse(
            flat
        )
    reader, rows = Reader.of(reads("a1"), catalogue), np.arange(3)
    alike = went_on(catalogue, reader, CoReads(), now=START_S)

    found = bounds(
        catalogue, reader, alike, rows, weights=prior_weights(), now=START_S, config=CONFIG
    )

    np.testing.assert_allclose(found[2:4], 1.0, atol=1e-3)
