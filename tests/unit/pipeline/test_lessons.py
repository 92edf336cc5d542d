"""What is drawn to learn against: for every request, or of a busy site's for a share."""

from __future__ import annotations

import pytest

from cherryrec.errors import ConfigError
from cherryrec.knrs import KnrsConfig
from cherryrec.pipeline import Pipeline, PipelineConfig, Position
from cherryrec.pipeline.lessons import Lessons
from tests.unit.pipeline.answers import CLOCK_S, answer
from tests.worlds import START_S, impression, pipeline_of, request


def busy(most_per_s: float) -> Pipeline:
    return pipeline_of(8, config=PipelineConfig(knrs=KnrsConfig(rivals_per_s=most_per_s)))


def drawn_for(pipeline: Pipeline, *, per_s: float, n: int) -> list[bool]:
    """Say of requests at a rate, each of another reader, whether what to learn of was drawn."""
    found = []
    for k in range(n):
        user = f"u{k}"
        asked = request(f"r{k}", START_S + k / per_s, user_id=user, candidates=("a0", "a1"))
        assert len(answer(pipeline.request(Position(0, k), asked, clock_s=CLOCK_S)).slate) == 2
        frozen = pipeline.users.load(0, user).frozen_of(f"r{k}")
        assert (frozen.rivals is None) == (frozen.others is None)
        found.append(frozen.rivals is not None)
    return found


def test_every_request_draws_while_few_come() -> None:
    assert all(drawn_for(busy(20.0), per_s=10.0, n=200))


def test_a_share_draws_while_many_come_and_all_again_afterwards() -> None:
    pipeline = busy(1.0)

    found = drawn_for(pipeline, per_s=20.0, n=2_400)
    later = pipeline.request(
        Position(0, 9_999),
        request("later", START_S + 600.0, candidates=("a0", "a1")),
        clock_s=CLOCK_S,
    )

    assert pipeline.lessons.latest == 1.0
    assert all(found[:30]), "half a minute's worth is drawn at once"
    assert 0.03 < sum(found[-1_200:]) / 1_200 < 0.07, "of twenty a second one"
    assert answer(later).slate
    assert pipeline.users.load(0, "u").frozen_of("later").rivals is not None


def test_slates_of_the_sites_own_count_among_them() -> None:
    pipeline = busy(1.0)
    for k in range(1_200):
        shown = impression(f"i{k}", ["a0", "a1"], START_S + k / 20.0, user_id=f"v{k}")
        pipeline.impression(Position(0, k), shown)

    kept = [
        one
        for k in range(600, 1_200)
        for entry in pipeline.users.load(0, f"v{k}").requests.entries
        if (one := pipeline.users.load(0, f"v{k}").frozen_of(entry.request_id)).rivals is not None
    ]

    assert 0.02 < len(kept) / 600 < 0.1


def test_time_that_goes_back_and_stands_still_counts_as_none() -> None:
    lessons = Lessons(1.0)

    shares = [lessons.share(START_S - k % 2) for k in range(1_000)]

    assert shares[0] == 1.0
    assert shares[-1] == pytest.approx(30.0 / (1_000 * 0.6931), rel=0.01)


def test_rate_must_be_above_0() -> None:
    with pytest.raises(ConfigError, match="rivals_per_s must be above 0, got 0"):
        KnrsConfig(rivals_per_s=0.0)
