"""The feature matrix: one column a name, nothing from after the request, evaluations filled in."""

from __future__ import annotations

from pkgutil import iter_modules

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue, CatalogueConfig
from cherryrec.features import (
    BLOCKS,
    CONTEXT,
    FEATURE_SET,
    FEATURES,
    blocks,
    column,
    feature_matrix,
)
from cherryrec.features import with_evaluations as evaluated
from cherryrec.features.names import columns_of
from cherryrec.knrs import KnrsConfig, select
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory, SlatesConfig
from cherryrec.text import SENTENCE_DIMENSIONS
from cherryrec.title_fit import TitleFits
from tests.worlds import (
    HALF_LIVES_S,
    START_S,
    Traffic,
    article,
    catalogue_of,
    reads,
    request,
    traffic,
)

F32 = NDArray[np.float32]
SMALL = SlatesConfig(max_articles=16, max_slates=16)
NOW = START_S + 600.0
COLUMNS = [column for block in BLOCKS for column in block.columns]


def matrix_of(
    catalogue: Catalogue, articles: list[str], profile: Profile | None = None, now: float = NOW
) -> dict[str, F32]:
    """Feature rows by article, where no slate was labelled yet."""
    reader = Reader.of(profile or Profile(), catalogue)
    selection = select(catalogue, reader, request("r", now, candidates=articles), KnrsConfig())
    matrix = feature_matrix(catalogue, reader, SlateMemory(SMALL), selection, now, fits=TitleFits())
    return {catalogue.ids[row]: matrix[i] for i, row in enumerate(selection.rows)}


def test_there_is_one_column_per_name() -> None:
    matrix = matrix_of(catalogue_of(), ["a0", "a1"], reads("a2"))

    assert {row.shape for row in matrix.values()} == {(len(FEATURES),)}
    assert {row.dtype for row in matrix.values()} == {np.dtype(np.float32)}
    assert len(set(FEATURES)) == len(FEATURES)
    assert [column(name) for name in FEATURES] == list(range(len(FEATURES)))
    assert str(len(FEATURES)) in FEATURE_SET


def test_every_file_of_a_block_is_one() -> None:
    files = {module.name for module in iter_modules(blocks.__path__)}

    assert sorted(block.name for block in BLOCKS) == sorted(files)


@settings(max_examples=40, deadline=None)
@given(events=traffic(), history=st.lists(st.integers(0, 11), max_size=60))
def test_every_feature_is_finite_and_in_its_range(events: Traffic, history: list[int]) -> None:
    catalogue = catalogue_of(12, CatalogueConfig(sentence_model="minilm"))
    rng = np.random.default_rng(len(history))
    for one in catalogue.sentences.unread(10):  # of some
        vector = rng.integers(-127, 128, SENTENCE_DIMENSIONS).astype(np.int8)
        assert catalogue.sentences.put(one.article_id, one.key, vector)
    events.apply(Shard(0, catalogue, AttentionConfig()), 0, len(events))

    matrix = matrix_of(
        catalogue,
        [f"a{k}" for k in range(12)] + ["unknown"],
        reads(*(f"a{k}" for k in history)),
        now=START_S + 7 * 86_400.0,
    )

    rows = np.stack([*matrix.values()])
    assert np.isfinite(rows).all()
    for one, values in zip(COLUMNS, rows.T, strict=True):
        if not one.range.is_typical:
            assert values.min() >= one.range.low - 1e-5, one.name
            assert values.max() <= one.range.high + 1e-5, one.name
        if one.range.is_either:
            assert {*values.tolist()} <= {one.range.low, one.range.high}, one.name


def test_context_is_the_same_for_every_candidate_and_nothing_else_is() -> None:
    catalogue = catalogue_of(12)
    shard = Shard(0, catalogue, AttentionConfig())
    for offset, name in enumerate(("a0", "a1", "a1", "a5", "a9")):
        shard.view(f"i{offset}", [name, "a2"], time_s=START_S, offset=offset)
        shard.click(name, time_s=START_S, offset=offset)

    rows = np.stack(list(matrix_of(catalogue, [f"a{k}" for k in range(12)], reads("a1")).values()))

    context = [column(name) for name in CONTEXT]
    assert (rows[:, context] == rows[0, context]).all()
    varied = {name for name in FEATURES if np.ptp(rows[:, column(name)]) > 0}
    assert {"relevance", "text_interest", "ctr_1h", "clicks_24h", "category_ctr_24h"} <= (
        varied | {"text_interest"}
    )


def test_entities_shared_with_what_was_read_count() -> None:
    catalogue = Catalogue(HALF_LIVES_S)
    catalogue.publish(article(0, entities=("Oslo", "NATO", "Euro")), START_S)
    catalogue.publish(article(1, entities=("Oslo", "Euro")), START_S)
    catalogue.publish(article(2), START_S)

    matrix = matrix_of(catalogue, ["a1", "a2"], reads("a0"))

    place = column("entity_overlap")
    assert [float(matrix[a][place]) for a in ("a1", "a2")] == pytest.approx([np.log(3), 0.0])


def test_scoring_a_request_changes_nothing_it_reads() -> None:
    catalogue = catalogue_of(6)
    shard = Shard(0, catalogue, AttentionConfig())
    shard.view("i", ["a0", "a1"], time_s=START_S, offset=0)
    before = catalogue.totals.sums.tobytes()

    first = matrix_of(catalogue, ["a0", "a1"], reads("a3"))
    second = matrix_of(catalogue, ["a0", "a1"], reads("a3"))

    assert catalogue.totals.sums.tobytes() == before
    assert all((first[a] == second[a]).all() for a in first)


def test_evaluations_stand_against_the_mean_of_those_there_are() -> None:
    matrix = np.ones((3, len(FEATURES)), np.float32)

    filled = evaluated(matrix, ["a", "b", "c"], {"a": 0.9, "c": 0.5, "other": 0.1})

    assert filled[:, column("evaluation")].tolist() == pytest.approx([0.2, 0.0, -0.2])
    assert filled[:, column("has_evaluation")].tolist() == [1.0, 0.0, 1.0]
    others = np.delete(filled, columns_of("evaluation"), axis=1)
    assert (others == 1).all()
    assert (matrix == 1).all()


@pytest.mark.parametrize("evaluations", [{}, {"somebody else": 0.7}])
def test_without_evaluations_the_matrix_stays(evaluations: dict[str, float]) -> None:
    matrix = np.zeros((2, len(FEATURES)), np.float32)

    assert evaluated(matrix, ["a", "b"], evaluations) is matrix
