"""A log of clicks alone: an article is live from its first click on, known to the next request."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.catalogue import CatalogueConfig
from cherryrec.errors import LeakError
from cherryrec.evaluation.logs import LoggedClick
from cherryrec.evaluation.mind_rows import MindArticle
from cherryrec.evaluation.replay import ClickReplay
from cherryrec.evaluation.retrieval import RetrievalJudge, Selector, standard_rankings
from cherryrec.pipeline import PipelineConfig

CONFIG = PipelineConfig(catalogue=CatalogueConfig(requires_birth=True))
MOST_CLICKED = "most clicked, 10 min"


def clicks(*pairs: tuple[str, str]) -> list[LoggedClick]:
    return [
        LoggedClick(str(n), user, article, 1.6e9 + 60.0 * n)
        for n, (user, article) in enumerate(pairs)
    ]


def judged(log: list[LoggedClick], label_delay_s: float = 0.0) -> RetrievalJudge:
    judge = RetrievalJudge([Selector("ours")], standard_rankings())
    ClickReplay(CONFIG, label_delay_s=label_delay_s).run(log, judge)
    return judge


LOG = clicks(("u1", "a"), ("u2", "b"), ("u3", "a"), ("u4", "b"), ("u4", "b"))


def test_a_first_click_is_missed_and_every_other_may_be_found() -> None:
    record = judged(LOG).record

    assert record.is_live.tolist() == [False, False, True, True, True]
    assert record.was_read.tolist() == [False, False, False, False, True]  # u4 opens b again
    assert record.n_live.tolist() == [0, 1, 2, 2, 2]
    assert record.values("ours")[:, 0].tolist() == [0, 0, 1, 1, 0]
    assert record.n_read.tolist() == [0, 0, 0, 0, 1]


def test_the_ranks_of_the_baselines() -> None:
    record = judged(LOG).record

    # third: a and b have a click each, b's is newer; fourth: a has two, the second newer
    assert record.values("newest")[2:4, 2].tolist() == [0.5, 1.0]
    assert record.values(MOST_CLICKED)[2:4, 2].tolist() == [0.5, 0.5]
    assert record.values("V-SkNN")[3, 0] == 1.0  # it keeps as many


def test_what_the_log_says_of_an_article_comes_with_its_first_click() -> None:
    engine = ClickReplay(CONFIG)
    sport = MindArticle("a", "sport", "football", "Late goal", "", "", (), published_at=9e8)

    engine.run(LOG, RetrievalJudge([Selector("ours")], []), articles={"a": sport})

    catalogue = engine.pipeline.catalogue
    told, untold = catalogue.known_rows(["a", "b"])
    assert (catalogue.titles[told], catalogue.titles[untold]) == ("Late goal", "")
    assert catalogue.born(slice(None))[told] == LOG[0].clicked_at


def test_no_order_is_learned_of_a_first_click() -> None:
    firsts = [(f"u{n}", f"a{n}") for n in range(9)]

    engines = [ClickReplay(CONFIG), ClickReplay(CONFIG)]
    for engine, pairs in zip(engines, (firsts, [*firsts, ("u9", "a0")]), strict=True):
        engine.run(clicks(*pairs), RetrievalJudge([Selector("ours")], []))

    assert [engine.pipeline.models.order.is_learned for engine in engines] == [False, True]


def test_clicks_are_counted_when_they_are_known() -> None:
    log = clicks(("u1", "a"), ("u2", "b"), ("u3", "b"), ("u4", "b"), ("u5", "b"), ("u6", "b"))

    at_once, late = (judged(log, delay).record for delay in (0.0, 100.0))

    # b is ahead of a once its click is known: at the third moment, or 100 s late at the fourth
    assert at_once.values(MOST_CLICKED)[2:, 2].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert late.values(MOST_CLICKED)[3, 2] == 1.0
    assert late.values(MOST_CLICKED)[2, 2] == 0.5  # only the click on a is known
    assert late.is_live.tolist() == at_once.is_live.tolist()


@pytest.mark.slow
def test_twice_is_the_same() -> None:
    rng = np.random.default_rng(0)
    log = clicks(*((f"u{rng.integers(9)}", f"a{rng.integers(30)}") for _ in range(200)))

    first, second = (judged(log).record for _ in range(2))

    for name in first.names:
        assert np.array_equal(first.values(name), second.values(name))


def test_clicks_of_one_time_follow_each_other() -> None:
    log = [LoggedClick(str(n), f"u{n}", "a", 1.6e9) for n in range(3)]

    assert judged(log).record.is_live.tolist() == [False, True, True]


def test_an_event_of_the_future_ends_the_replay() -> None:
    engine = ClickReplay(CONFIG)
    engine.pipeline.shard(0).click("a", time_s=1.6e9 + 90.0, offset=0)

    with pytest.raises(LeakError, match="from attention"):
        engine.run(LOG, RetrievalJudge([Selector("ours")]))
