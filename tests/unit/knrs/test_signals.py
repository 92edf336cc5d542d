"""Every signal by hand, and the retriever, its sources and its contrasts on small worlds."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.co_reads import CoReads
from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import Contrast, Example, instant
from cherryrec.exposures import Exposures, note_shown
from cherryrec.knrs import (
    METRICS,
    N_SIGNALS,
    SIGNALS,
    SOURCES,
    CatalogueOrder,
    KnrsConfig,
    RetrievalLearner,
    Retriever,
    contrasted,
    metrics,
    select,
    signals,
)
from cherryrec.knrs.contrast import draw, generator, is_taught
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from tests.worlds import HALF_LIVES_S, START_S, article, catalogue_of, reads, request

CONFIG = KnrsConfig()
NAMES = [signal.name for signal in SIGNALS]
HOUR_S = 3_600.0


def measured(
    catalogue: Catalogue,
    profile: Profile | None = None,
    *,
    now: float = START_S,
    config: KnrsConfig = CONFIG,
    co_reads: CoReads | None = None,
    exposures: Exposures | None = None,
) -> dict[str, list[float]]:
    reader = Reader.of(profile or Profile(), catalogue, exposures)
    rows = np.arange(len(catalogue))
    found = signals(catalogue, reader, co_reads or CoReads(), rows, now=now, config=config)
    return dict(zip(NAMES, found.T.tolist(), strict=True))


def counted(views: int, clicks: int) -> Catalogue:
    """Two articles, the first of them shown and clicked."""
    catalogue = catalogue_of(2)
    shard = Shard(0, catalogue, AttentionConfig())
    for number in range(views):
        shard.view(f"i{number}", ["a0"], time_s=START_S, offset=number)
    for number in range(clicks):
        shard.click("a0", time_s=START_S, offset=number)
    catalogue.settle()
    return catalogue


def test_the_first_signals_are_the_papers_metrics() -> None:
    catalogue, profile = catalogue_of(8), reads("a1", "a2")
    reader, rows = Reader.of(profile, catalogue), np.arange(8)

    found = signals(catalogue, reader, CoReads(), rows, now=START_S, config=CONFIG)

    expected = metrics(catalogue, reader, rows, START_S, CONFIG)
    assert found[:, : len(METRICS)].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("views_10m", log(1 + 8 * 2**-6)),  # an hour is six half-lives of ten minutes
        ("views_1h", log(1 + 8 / 2)),
        ("views_6h", log(1 + 8 * 2 ** (-1 / 6))),
        ("views_24h", log(1 + 8 * 2 ** (-1 / 24))),
        ("clicks_10m", log(1 + 4 * 2**-6)),
        ("clicks_1h", log(1 + 4 / 2)),
        ("clicks_6h", log(1 + 4 * 2 ** (-1 / 6))),
        ("clicks_24h", log(1 + 4 * 2 ** (-1 / 24))),
        ("views_now", log(8 * 2**-6 + 0.1)),
        ("clicks_now", log(4 * 2**-6 + 0.1)),
        ("clicks_hour", log(4 / 2 + 0.1)),
        ("rate_10m", log((4 * 2**-6 + 0.5) / (8 * 2**-6 + 10))),
        ("rate_1h", log((4 / 2 + 0.5) / (8 / 2 + 10))),
        ("rate_6h", log((4 * 2 ** (-1 / 6) + 0.5) / (8 * 2 ** (-1 / 6) + 10))),
        ("age", log(1 + 60)),
        ("freshness", 0.5),
    ],
)
def test_counts_and_ages_an_hour_later(name: str, value: float) -> None:
    """Eight views and four clicks at the time of publication."""
    found = measured(counted(8, 4), now=START_S + HOUR_S)

    assert found[name][0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("views_1h", 0.0),
        ("clicks_24h", 0.0),
        ("views_now", log(0.1)),
        ("clicks_now", log(0.1)),
        ("clicks_hour", log(0.1)),
        ("rate_10m", log(0.5 / 10)),
        ("age", 0.0),
        ("freshness", 1.0),
        ("alike", 0.0),
        ("was_shown", 0.0),
        ("text_nearest", 0.0),
    ],
)
def test_an_article_nobody_has_seen(name: str, value: float) -> None:
    assert measured(counted(3, 1))[name][1] == pytest.approx(value)


def test_an_unknown_birth_is_not_youth() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    for number in range(2):
        at = instant(START_S) if number else None
        catalogue.publish(article(number, published_at=at), START_S)

    found = measured(catalogue)

    assert found["timeliness"] == [0.5, 1.0]
    assert found["freshness"][0] < 0.001 < found["freshness"][1]


def test_likeness_lifts_and_exposure_are_the_readers() -> None:
    catalogue = catalogue_of(8)
    reader = Reader.of(reads("a1"), catalogue)
    keys = catalogue.keys(catalogue.known_rows(["a3"]))
    shown = note_shown(Exposures(), keys, START_S, offset=0, clicked=keys[:0])

    found = measured(catalogue, reads("a1"), exposures=shown)

    own = catalogue.embeddings[:8] @ catalogue.embeddings[1]
    assert found["text_nearest"] == pytest.approx(np.maximum(own, 0.0).tolist(), abs=1e-6)
    lifts = reader.category_lift[catalogue.category[:8]]
    assert found["category_lift"] == pytest.approx(lifts.tolist())
    assert found["was_shown"] == [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]


def test_readers_alike_went_on_to_an_article() -> None:
    pairs = CoReads()
    pairs.add(1, "a2", ["a1"], time_s=START_S)

    found = measured(catalogue_of(4), reads("a1"), co_reads=pairs)

    assert found["alike"] == pytest.approx([0.0, 0.0, log(1 + 20 * 1 / 5), 0.0])
    assert found["alike_rare"][2] == pytest.approx(log(1 + 20 / (5 * 6) ** 0.5))
    without = KnrsConfig(without=("alike",))
    assert not any(measured(catalogue_of(4), reads("a1"), co_reads=pairs, config=without)["alike"])


def test_who_arrives_gets_what_is_opened_by_those_who_arrive() -> None:
    pairs = CoReads()
    pairs.add(1, "a1", [], time_s=START_S)
    pairs.add(2, "a2", ["a1"], time_s=START_S)
    pairs.add(3, "a3", ["a2"], time_s=START_S, begins_session=True)

    found = measured(catalogue_of(4), co_reads=pairs)

    assert found["session_starts"] == pytest.approx([0.0, log(11), 0.0, log(11)])
    assert not any(found["session_reads"])
    assert not any(found["session_next"])


def test_who_is_reading_gets_what_was_read_right_after_and_within_sessions() -> None:
    pairs = CoReads()
    pairs.add(1, "a2", ["a1"], time_s=START_S)
    pairs.add(2, "a3", ["a0"], time_s=START_S)
    reader = reads("a1")

    found = measured(catalogue_of(4), reader, co_reads=pairs)

    assert found["session_reads"] == pytest.approx([0.0, 0.0, log(11), log(11)])
    assert found["session_next"] == pytest.approx([0.0, 0.0, log(1 + 1 / 5.001), 0.0])
    assert not any(found["session_starts"])

    gap_s = pairs.config.session_gap_s
    later = measured(catalogue_of(4), reader, co_reads=pairs, now=START_S + gap_s + 1.0)
    assert not any(later["session_next"]), "after a pause a reader arrives again"
    assert not any(later["session_reads"])


def test_without_views_nothing_that_was_shown_is_seen() -> None:
    config = KnrsConfig(without=("views",))

    found = measured(counted(8, 4), config=config)

    hidden = {signal.name for signal in SIGNALS if signal.is_of_views}
    assert {name for name, values in found.items() if not any(values)} >= hidden
    assert found["clicks_1h"][0] > 0.0


def test_of_views_so_much_is_seen_as_the_site_has_chosen() -> None:
    catalogue = counted(8, 4)
    reader, rows = Reader.of(Profile(), catalogue), np.arange(2)

    whole, half = (
        signals(catalogue, reader, CoReads(), rows, now=START_S, config=CONFIG, site_share=share)
        for share in (1.0, 0.5)
    )

    is_count = np.array([name.startswith("views_") for name in NAMES])
    assert (half[:, is_count] == 0.5 * whole[:, is_count]).all()
    assert (half[:, ~is_count] == whole[:, ~is_count]).all()
    assert whole[0, is_count].all()


def test_the_whole_catalogue_says_what_brought_each_article() -> None:
    catalogue = catalogue_of(60)
    shard = Shard(0, catalogue, AttentionConfig())
    for number in range(30):
        shard.click("a7", time_s=START_S, offset=number)
    catalogue.settle()

    got = select(catalogue, Reader.of(Profile(), catalogue), request("r"), CONFIG)

    assert catalogue.ids[got.rows[0]] == "a7"
    assert got.sources[0] in {"rising", "most_clicked"}
    assert set(got.sources) <= set(SOURCES)
    assert len(got.sources) == len(got.rows)


def test_reserved_places_go_to_what_single_sources_put_first() -> None:
    """A new story that nobody clicked yet, beside 300 that many did."""
    catalogue = catalogue_of(300)
    shard = Shard(0, catalogue, AttentionConfig())
    offset = 0
    for number in range(300):
        for _ in range(3):
            shard.click(f"a{number}", time_s=START_S, offset=offset)
            offset += 1
    catalogue.settle()
    now = START_S + 3 * HOUR_S
    catalogue.publish(article(300, published_at=instant(now)), now)
    reader = Reader.of(Profile(), catalogue)
    weights = np.where([name == "clicks_24h" for name in NAMES], 1.0, 0.0)

    def kept(share: float) -> dict[str, str]:
        config = KnrsConfig(reserved=share)
        asked = request("r", now)
        got = select(catalogue, reader, asked, config, retriever=Retriever(weights))
        return dict(zip((catalogue.ids[row] for row in got.rows), got.sources, strict=True))

    assert "a300" not in kept(0.0)
    assert kept(0.2)["a300"] == "newest"


def test_given_candidates_are_learned_against_what_else_was_live() -> None:
    catalogue = catalogue_of(300)
    reader = Reader.of(reads("a9"), catalogue)
    config = KnrsConfig(n_others=10, n_rivals=5, rivals_share=1.0)

    got = select(catalogue, reader, request("r", candidates=("a1", "a2")), config)

    assert got.others is not None
    assert got.rivals is not None
    assert (len(got.others.articles), got.others.n_all) == (10, 299), "all but what was read"
    assert len(got.rivals.rows) == 5
    assert got.rivals.n_all == 20
    again = select(catalogue, reader, request("r", candidates=("a1", "a2")), config)
    assert again.others == got.others
    none = select(catalogue, reader, request("r", candidates=("a1",)), KnrsConfig(rivals_share=0.0))
    assert none.rivals is None


def test_drawn_places_are_distinct_and_evenly_spread() -> None:
    counts = np.zeros(3_000)
    for number in range(400):
        drawn = draw(generator(f"r{number}"), 3_000, 50)
        assert len(set(drawn.tolist())) == len(drawn)
        counts[drawn] += 1

    assert counts.sum() == pytest.approx(400 * 50, rel=0.02)
    assert counts[:1_500].sum() == pytest.approx(counts[1_500:].sum(), rel=0.05)
    share = np.mean([is_taught(f"r{number}", 0.25) for number in range(4_000)])
    assert share == pytest.approx(0.25, abs=0.03)


def example(**fields: object) -> Example:
    """Two articles of which the second was clicked, and what it is learned against."""
    own = np.zeros((2, N_SIGNALS), "<f4")
    own[1, NAMES.index("freshness")] = 1.0
    known: dict[str, object] = {
        "example_id": "e",
        "user_id": "u",
        "shown_at": instant(START_S),
        "articles": ("a1", "a2"),
        "clicked": (False, True),
        "feature_set": "f",
        "features": b"",
        "metrics": b"",
        "signals": own.tobytes(),
        "others": Contrast(("a2", "a3"), np.zeros((2, N_SIGNALS), "<f4").tobytes(), 50),
    }
    return Example(**(known | fields))  # type: ignore[arg-type]


def test_the_retriever_learns_what_sets_the_clicked_apart() -> None:
    learner = RetrievalLearner()
    before = learner.retriever.weights.copy()

    learner.learn(contrasted(example()))

    moved = learner.retriever.weights - before
    assert moved[NAMES.index("freshness")] == pytest.approx(0.05)
    assert np.count_nonzero(moved) == 1
    assert (learner.order.weights == RetrievalLearner().order.weights).all()


def test_what_was_clicked_is_not_its_own_contrast() -> None:
    read = contrasted(example())

    assert read is not None
    assert len(read.others) == 1, "of a2, which was clicked, and a3"


def test_the_order_learns_from_rivals_with_their_scores() -> None:
    rivals = Contrast(
        ("a8",), np.zeros((1, N_SIGNALS), "<f4").tobytes(), 20, np.array([-1.0], "<f4").tobytes()
    )
    learner = RetrievalLearner()
    before = learner.order.weights.copy()

    scores = np.array([0.0, 1.0], "<f4").tobytes()
    learner.learn(contrasted(example(rivals=rivals, scores=scores)))

    moved = learner.order.weights - before
    assert moved[-1] == pytest.approx(0.05)
    assert moved[NAMES.index("freshness")] == pytest.approx(0.05)


def test_a_learner_goes_on_from_its_state_bit_by_bit() -> None:
    first, second = RetrievalLearner(), RetrievalLearner()
    first.learn(contrasted(example()))
    second.load(first.snapshot())

    for learner in (first, second):
        learner.learn(contrasted(example()))

    assert first.retriever.weights.tobytes() == second.retriever.weights.tobytes()


def test_an_example_of_before_there_were_signals_teaches_nothing() -> None:
    assert contrasted(example(signals=b"", others=None)) is None


@pytest.mark.parametrize("n_columns", [N_SIGNALS - 3, N_SIGNALS + 1])
def test_an_example_of_other_signals_teaches_the_rest_only(n_columns: int) -> None:
    assert contrasted(example(signals=np.ones((2, n_columns), "<f4").tobytes())) is None


def test_a_state_of_other_signals_leaves_the_prior() -> None:
    first, second = RetrievalLearner(), RetrievalLearner()
    first.learn(contrasted(example()))
    state = {
        name: values[:-3] if values.shape in {(N_SIGNALS,), (N_SIGNALS + 1,)} else values
        for name, values in first.snapshot().items()
    }

    second.load(state)

    assert second.retriever.weights.tolist() == RetrievalLearner().retriever.weights.tolist()
    assert second.order.weights.tolist() == RetrievalLearner().order.weights.tolist()


@pytest.mark.parametrize(
    "wrong",
    [
        {"signals": b"\x00" * 12},
        {"signals": np.full((2, N_SIGNALS), np.nan, "<f4").tobytes()},
        {"others": Contrast(("a3",), b"\x00" * 8, 5)},
        {"scores": b"\x00" * 3},
    ],
)
def test_arrays_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadMessage, match="of example 'e'"):
        contrasted(example(**wrong))


def test_weights_of_another_version_are_refused() -> None:
    with pytest.raises(ModelError, match="must be 31 finite numbers"):
        Retriever(np.zeros(3))
    with pytest.raises(ModelError, match="must be 32 finite numbers"):
        CatalogueOrder(np.full(N_SIGNALS + 1, np.nan))
