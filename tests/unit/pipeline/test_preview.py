"""A preview answers as a request would and leaves everything as it was."""

from __future__ import annotations

from dataclasses import replace

from cherryrec.codec import encode
from cherryrec.pipeline import MemoryStore, Models, Pipeline, PipelineConfig, Position
from tests.unit.pipeline.answers import CLOCK_S, answer
from tests.worlds import START_S, article, click, impression, pipeline_of, request


def used(pipeline: Pipeline) -> Pipeline:
    for n in range(12):
        shown = impression(f"i{n}", [f"a{n}", f"a{n + 1}"], START_S + n, user_id=f"u{n}")
        pipeline.impression(Position(0, n), shown)
        pipeline.click(Position(0, n), click(f"a{n}", START_S + n, user_id=f"u{n % 3}"))
    return pipeline


def test_it_is_the_answer_that_a_request_gets() -> None:
    pipeline = used(pipeline_of(40))
    asked = request("r", START_S + 60, user_id="u1", slate_size=5)

    got = pipeline.preview(0, asked)

    wanted = answer(pipeline.request(Position(0, 99), asked, clock_s=CLOCK_S))
    assert encode(got.recommendation) == encode(wanted)
    assert got.ranked()[:5] == tuple(item.article_id for item in wanted.slate)
    assert sorted(got.ranked()) == sorted(got.kept)
    assert len(got.kept) == 20  # the floor
    assert not {"a1", "a4", "a7", "a10"} & set(got.kept)  # u1 has read them


def test_nothing_is_kept_of_it() -> None:
    config = PipelineConfig()
    profiles, requests = MemoryStore(), MemoryStore()
    models = Models(scorer=pipeline_of(1).models.scorer)
    pipeline = Pipeline(config, models, profiles=profiles, requests=requests)
    for n in range(14):
        pipeline.article(f"a{n}", article(n), now=START_S)
    used(pipeline)
    before = dict(profiles.values), dict(requests.values)
    kept = sums(pipeline)

    first = pipeline.preview(0, request("r", START_S + 60, user_id="new"))
    second = pipeline.preview(0, request("r", START_S + 60, user_id="new"))

    assert first == second
    assert (profiles.values, requests.values) == before
    assert sums(pipeline) == kept
    pipeline.request(Position(0, 0), request("r", START_S + 60, user_id="new"), clock_s=CLOCK_S)
    assert sums(pipeline) != kept, "a request does take them"


def sums(pipeline: Pipeline) -> list[tuple[float, bytes]]:
    shares, ages = pipeline.catalogue.shares.kept, pipeline.catalogue.ages.kept
    return [(one._counted, one._sums.tobytes()) for one in (shares, ages)]


def test_candidates_of_which_nothing_has_come_get_no_rows() -> None:
    pipeline = used(pipeline_of(4))
    known = set(pipeline.catalogue.row_of)

    got = pipeline.preview(0, request("r", START_S + 60, candidates=("a1", "nowhere", "a2")))

    assert sorted(got.kept) == ["a1", "a2"]
    assert set(pipeline.catalogue.row_of) == known


def test_other_settings_of_knrs_may_be_tried() -> None:
    pipeline = used(pipeline_of(40))
    asked = request("r", START_S + 60, user_id="u1", slate_size=5)

    few = pipeline.preview(0, asked, config=replace(pipeline.config.knrs, floor=7, quota=0.01))

    assert len(few.kept) == 7
    assert len(pipeline.preview(0, asked).kept) == 20


def test_an_empty_catalogue_is_answered_with_an_empty_slate() -> None:
    got = pipeline_of(0).preview(0, request("r"))

    assert (got.kept, got.ranked(), got.recommendation.slate) == ((), (), ())
    assert got.recommendation.degraded == "catalogue_cold"
