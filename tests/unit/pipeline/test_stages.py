"""The stages of a cold start: what a slate is ranked by before a model has learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.events import ArticlePublished, Recommendation, instant
from cherryrec.features import FEATURES, column
from cherryrec.knrs import CatalogueOrder
from cherryrec.knrs.fusion import prior_order
from cherryrec.pipeline import Pipeline, PipelineConfig, Position, TrialsConfig
from cherryrec.pipeline.stages import (
    CATEGORY_RANK,
    CLICKS,
    FIRST,
    best_first,
    first_scores,
    stage_of,
)
from cherryrec.pipeline.trials import with_trials
from cherryrec.system import LocalSystem
from cherryrec.vans import VansConfig
from tests.unit.pipeline.answers import CLOCK_S, WINDOW_S, answer, explains, ids
from tests.worlds import START_S, click, impression, pipeline_of, request, system_of

DAY_S = 86_400.0
NO_FEATURES = np.zeros((4, len(FEATURES)), np.float32)


def publish(pipeline: Pipeline, article_id: str, age_s: float, category: str = "news") -> None:
    told = ArticlePublished(
        article_id=article_id,
        title=f"Story of {article_id}",
        category=category,
        published_at=instant(START_S - age_s),
    )
    pipeline.article(article_id, told, now=START_S - age_s)


def ask(
    pipeline: Pipeline, name: str = "r", time_s: float = START_S, **fields: object
) -> Recommendation:
    got = answer(
        pipeline.request(Position(0, 9_000), request(name, time_s, **fields), clock_s=CLOCK_S)
    )
    explains(got)
    return got


def site() -> Pipeline:
    """Fifteen stories three days old, then five of five minutes, by id in order of birth."""
    pipeline = pipeline_of(0)
    for number in range(15):
        publish(pipeline, f"10000{number:02}", 3 * DAY_S)
    for number in range(5):
        publish(pipeline, f"10001{number:02}", 300.0)
    return pipeline


def test_where_nothing_is_known_the_newest_come_first() -> None:
    got = ask(site())

    assert got.stage == "newest"
    assert {*ids(got)[:5]} == {f"10001{n:02}" for n in range(5)}


def test_where_nothing_is_known_every_category_has_its_turn() -> None:
    pipeline = pipeline_of(0)
    for number in range(4):
        publish(pipeline, f"s{number}", 60.0 * (number + 1), "sport")
    publish(pipeline, "p0", 7_200.0, "politics")
    publish(pipeline, "p1", 9_000.0, "politics")

    got = ask(pipeline)

    assert ids(got) == ["s0", "p0", "s1", "p1", "s2", "s3"]
    assert [item.contributions[CATEGORY_RANK] for item in got.slate] == [0, 0, -1, -1, -2, -3]


def test_a_click_counts_before_any_model_has_learned() -> None:
    pipeline = site()
    for number in range(200):
        clicked = click("1000104", START_S, user_id=f"r{number}", event_id=f"c{number}")
        pipeline.click(Position(0, number), clicked)

    got = ask(pipeline, time_s=START_S + 1.0)

    assert got.stage == "news_value"
    assert ids(got)[0] == "1000104"
    assert {*ids(got)[1:5]} == {f"10001{n:02}" for n in range(4)}
    assert got.slate[0].contributions["news_value"] == pytest.approx(got.slate[0].score)


def test_the_news_value_takes_over_with_the_clicks() -> None:
    features = NO_FEATURES[:2].copy()
    features[:, column("age")] = [1.0, 2.0]
    features[1, column("clicks_24h")] = np.log1p(CLICKS)

    scores = first_scores(features, np.array([5, 5]), np.array([-1.0, 1.0]))

    assert FIRST == ("age", CATEGORY_RANK, "news_value")
    assert scores[0] == pytest.approx([0.0, 0.0, -0.5])
    assert scores[1, 1:] == pytest.approx([-0.5, 0.5])  # half of one place


def test_where_only_clicks_come_the_order_learned_from_them_ranks() -> None:
    pipeline = site()
    for number in range(200):
        clicked = click("1000104", START_S, user_id=f"r{number}", event_id=f"c{number}")
        pipeline.click(Position(0, number), clicked)
    weights = prior_order()
    weights[0] += 0.01
    pipeline.rank_with(replace(pipeline.models, order=CatalogueOrder(weights)))

    got = ask(pipeline, time_s=START_S + 1.0)

    assert got.stage == "prior"
    assert ids(got)[0] == "1000104"
    assert got.slate[0].contributions["catalogue_clicks_10m"] > 0.5
    explains(got)


def test_equal_articles_are_in_another_order_for_each_request() -> None:
    names = ["a0", "a1", "a2", "a3"]

    orders = [
        best_first(range(4), [0.0] * 4, NO_FEATURES, names, request_id=f"r{number}")
        for number in range(40)
    ]

    assert {order[0] for order in orders} == {0, 1, 2, 3}
    assert orders[0] == best_first([3, 2, 1, 0], [0.0] * 4, NO_FEATURES, names, request_id="r0")


def test_ties_go_by_news_value_then_newness() -> None:
    features = NO_FEATURES.copy()
    features[:, column("news_value")] = [0.1, 0.2, 0.2, 0.1]
    features[:, column("age")] = [0.0, 5.0, 3.0, 9.0]

    order = best_first(range(4), [1.0] * 4, features, list("abcd"), request_id="r")

    assert order == [2, 1, 3, 0]  # unknown birth, 0, is no youth


def test_a_stage_is_named_by_what_was_learned_and_seen() -> None:
    seen = NO_FEATURES.copy()
    seen[2, column("views_24h")] = 0.7

    assert [stage_of(NO_FEATURES, trust) for trust in (0.0, 0.5, 0.9)] == [
        "newest", "prior", "learned",
    ]  # fmt: skip
    assert stage_of(seen, 0.0) == "news_value"


def learned(n_articles: int, n: int) -> LocalSystem:
    """Show six articles n times, click a2 each time, learn from the examples."""
    system = system_of(n_articles)
    names = [f"a{number}" for number in range(6)]
    for k in range(n):
        time_s, name, user = START_S + 10.0 * k, f"t{k}", f"u{k}"
        system.recommend(request(name, time_s, user_id=user, candidates=names))
        system.send(impression(name, names, time_s, user_id=user))
        system.send(click("a2", time_s, user_id=user, impression_id=name))
    system.advance(START_S + 2 * WINDOW_S)
    system.publish()
    return system


@pytest.mark.parametrize(("n", "stage"), [(1, "prior"), (30, "prior"), (90, "learned")])
def test_trust_grows_with_the_examples(n: int, stage: str) -> None:
    system = learned(8, n)

    got = ask(system.pipeline, time_s=START_S + 3 * WINDOW_S, user_id="new")

    assert system.learner.vans.trust == pytest.approx(n / (n + 10))
    assert got.stage == stage
    assert ids(got)[0] == "a2"


def test_a_trial_takes_the_last_of_ten_places() -> None:
    features = np.zeros((12, len(FEATURES)), np.float32)
    features[:10, column("views_24h")] = np.log1p(500.0)
    names = [f"a{number}" for number in range(12)]

    found = [
        with_trials(range(12), features, names, request_id=f"r{k}", slate_size=10,
                    config=TrialsConfig())
        for k in range(20)
    ]  # fmt: skip

    assert all(shown[:9] == list(range(9)) and {shown[9]} == tried for shown, tried in found)
    assert {shown[9] for shown, _ in found} == {10, 11}


def test_an_article_that_was_seen_often_enough_is_tried_no_more() -> None:
    features = np.zeros((12, len(FEATURES)), np.float32)
    features[:, column("views_24h")] = np.log1p(21.0)

    shown, tried = with_trials(
        range(12), features, [*"abcdefghijkl"], request_id="r", slate_size=10,
        config=TrialsConfig(views=20.0),
    )  # fmt: skip

    assert (shown, tried) == (list(range(10)), frozenset())


def test_given_candidates_are_never_tried() -> None:
    pipeline = learned(15, 5).pipeline
    names = [f"a{number}" for number in range(15)]
    now = START_S + 3 * WINDOW_S

    given = ask(pipeline, "given", now, user_id="new", candidates=names)
    request_of_all = request("all", now, user_id="new")
    whole = answer(pipeline.request(Position(0, 9_001), request_of_all, clock_s=CLOCK_S))

    assert not any(item.is_trial for item in given.slate)
    assert [item.is_trial for item in whole.slate] == [False] * 9 + [True]


def test_settings_of_trials_and_of_the_prior_are_checked() -> None:
    with pytest.raises(ConfigError, match="every must be at least 0, got -1"):
        TrialsConfig(every=-1)
    with pytest.raises(ConfigError, match="views must be above 0, got 0"):
        TrialsConfig(views=0.0)
    with pytest.raises(ConfigError, match=r"vans.prior_feature must be .* got 'clicks'"):
        PipelineConfig(vans=VansConfig(prior_feature="clicks"))


def two_sections(n: int = 40) -> Pipeline:
    """Sport and politics are shown together n times, and sport is clicked."""
    system = system_of(0)
    shown = [f"{kind}{number}" for number in range(3) for kind in ("sport", "politics")]
    for name in shown:
        publish(system.pipeline, name, 3_600.0, name[:-1])
    for k in range(n):
        time_s, name, user = START_S + 10.0 * k, f"t{k}", f"u{k}"
        system.recommend(request(name, time_s, user_id=user, candidates=shown))
        system.send(impression(name, shown, time_s, user_id=user))
        system.send(click(f"sport{k % 3}", time_s, user_id=user, impression_id=name))
    system.advance(START_S + 2 * WINDOW_S)
    system.publish()
    return system.pipeline


def test_an_article_without_views_stands_by_what_its_category_is_clicked() -> None:
    pipeline = two_sections()
    for name in ("sport9", "politics9"):
        publish(pipeline, name, -WINDOW_S, name[:-1])
    asked = {"user_id": "new", "candidates": ["politics9", "sport9"]}

    got = ask(pipeline, time_s=START_S + 2 * WINDOW_S, **asked)

    assert got.stage == "prior"
    assert ids(got) == ["sport9", "politics9"]


def test_a_reader_without_history_gets_what_everyone_reads() -> None:
    pipeline = two_sections()

    one, other = (
        ask(pipeline, name, START_S + 2 * WINDOW_S, user_id=name) for name in ("anna", "bert")
    )

    assert {name[:-1] for name in ids(one)[:3]} == {"sport"}
    assert [item.score for item in one.slate] == [item.score for item in other.slate]
