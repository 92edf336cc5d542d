"""A small log by hand: what is live, who keeps what, and where the clicked articles stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cherryrec.catalogue import CatalogueConfig
from cherryrec.errors import LeakError
from cherryrec.evaluation.mind import MindArticle, MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.evaluation.retrieval import (
    RETRIEVAL_METRICS,
    Moment,
    RetrievalJudge,
    Selector,
    standard_rankings,
)
from cherryrec.evaluation.retrieval.rankings import MostClicked, Newest
from cherryrec.events import Recommendation, RecommendationRequest, Recommended
from cherryrec.pipeline import Pipeline, PipelineConfig, Preview

CONFIG = PipelineConfig(catalogue=CatalogueConfig(requires_birth=True))
ARTICLES = {key: MindArticle(key, "news", None, f"Title of {key}", "", "", ()) for key in "abcdz"}
MOST_CLICKED = "most clicked, 1 h"


def row(number: int, user: str, slate: str, clicked: str, history: str = "") -> MindImpression:
    labels = tuple(article in clicked for article in slate)
    shown_at = 1.6e9 + 60.0 * number
    return MindImpression(str(number), user, shown_at, tuple(history), tuple(slate), labels)


# Before the second a and z have been shown and z clicked; before the third b too, and a clicked.
LOG = [row(1, "u1", "az", "z", "d"), row(2, "u2", "ba", "a"), row(3, "u3", "bca", "bc")]


def answering(kept: str, ranked: str) -> Selector:
    """A selector that answers the same whatever it is asked; its slate is the first of `ranked`."""

    def select(pipeline: Pipeline, partition: int, request: RecommendationRequest) -> Preview:
        def first(n_articles: int) -> Recommendation:
            slate = tuple(
                Recommended(article_id=a, position=i, score=0.0, news_value=0.0, contributions={})
                for i, a in enumerate(ranked[:n_articles])
            )
            return Recommendation(
                request_id=request.request_id,
                user_id=request.user_id,
                requested_at=request.requested_at,
                slate=slate,
            )

        answer = first(request.slate_size)
        return Preview(tuple(kept), answer, whole=lambda n_explained: first(len(ranked)))

    return Selector("ours", select)


def judged(*selectors: Selector) -> RetrievalJudge:
    judge = RetrievalJudge(selectors, [Newest(), MostClicked(3_600.0)])
    LocalReplay(CONFIG, retrieval=judge).run(LOG, LogMessages(ARTICLES), Judge())
    return judge


def values(judge: RetrievalJudge, name: str, metric: str) -> list[float]:
    found = judge.record.values(name)[:, RETRIEVAL_METRICS.index(metric)]
    return [float(value) for value in found]


def test_live_is_what_was_shown_before_and_not_what_a_history_names() -> None:
    record = judged(answering("ab", "ba")).record

    assert record.n_live.tolist() == [0, 2, 3]
    assert record.is_live.tolist() == [False, True, True, False]  # z, a, b, c
    assert record.ages_s[1:3] == pytest.approx([60.0, 60.0], abs=1e-3)


def test_ours_is_where_the_answer_has_it() -> None:
    judge = judged(answering("ab", "ba"))

    assert values(judge, "ours", "recall") == [0.0, 1.0, 0.5]
    assert values(judge, "ours", "mrr@10") == [0.0, 0.5, 0.5]  # a is second, b first of b and c
    assert values(judge, "ours", "shown_mrr@10") == [0.0, 0.5, 0.5]


def test_the_final_order_is_restricted_to_what_the_site_showed() -> None:
    judge = judged(answering("zab", "zab"))

    # the second moment showed a and b, the third a, b and c, which was not live: it is missed
    assert values(judge, "ours", "shown_mrr@10")[1:] == [1.0, 0.25]
    assert values(judge, "ours", "mrr@10")[1:] == pytest.approx([1 / 2, 1 / 3 / 2])


def test_baselines_keep_as_many_as_the_first_selector() -> None:
    judge = judged(answering("ab", "ba"))

    # third: b is the newest, c not live; of clicks a has the newer, then z, and b none: third of 2
    assert values(judge, "newest", "recall")[2] == 0.5
    assert values(judge, "newest", "mrr@10")[2] == 0.5
    assert values(judge, MOST_CLICKED, "recall") == [0.0, 1.0, 0.0]
    assert values(judge, MOST_CLICKED, "mrr@10") == [0.0, 0.5, 0.0]
    assert values(judge, MOST_CLICKED, "shown_mrr@10") == [0.0, 1.0, 0.0]  # b is not live yet
    three = judged(answering("abz", "baz"))
    assert values(three, MOST_CLICKED, "recall") == [0.0, 1.0, 0.5]
    assert values(three, MOST_CLICKED, "mrr@10")[2] == pytest.approx(1 / 3 / 2)


def test_a_second_selector_is_judged_beside_the_first() -> None:
    judge = judged(answering("ab", "ba"), replace(answering("zc", "zc"), name="variant"))

    assert values(judge, "variant", "recall") == [0.0, 0.0, 0.0]  # neither z nor c was live
    assert values(judge, "ours", "recall") == [0.0, 1.0, 0.5]
    assert judge.record.n_kept.tolist() == [2, 2, 2]


def test_what_the_reader_has_read_is_offered_by_nobody() -> None:
    again = row(4, "u2", "az", "a")  # u2 has opened a before
    judge = RetrievalJudge([Selector("ours")], standard_rankings())
    LocalReplay(CONFIG, retrieval=judge).run([*LOG, again], LogMessages(ARTICLES), Judge())

    assert judge.record.was_read.tolist() == [False, False, False, False, True]
    for name in judge.record.names:
        assert values(judge, name, "recall")[3] == 0.0


def test_the_pipeline_keeps_all_of_a_small_catalogue() -> None:
    judge = RetrievalJudge([Selector("ours")], standard_rankings())
    LocalReplay(CONFIG, retrieval=judge).run(LOG, LogMessages(ARTICLES), Judge())

    for name in judge.record.names:
        assert values(judge, name, "recall") == [0.0, 1.0, 0.5]


@pytest.mark.slow
@pytest.mark.parametrize("label_delay_s", [0.0, 60.0])
def test_protocol_a_is_the_same_beside_it(label_delay_s: float) -> None:
    rng = np.random.default_rng(0)
    rows = [
        row(n, f"u{n % 7}", "".join(rng.permutation(list("abcdz"))[:4]), rng.choice(list("abcd")))
        for n in range(120)
    ]
    digests, records = [], []
    for retrieval in (None, *(_standard() for _ in range(2))):
        judge = Judge()
        LocalReplay(CONFIG, label_delay_s=label_delay_s, retrieval=retrieval).run(
            rows, LogMessages(ARTICLES), judge
        )
        digests.append(judge.digest)
        if retrieval is not None:
            names = retrieval.record.names
            records.append(np.stack([retrieval.record.values(name) for name in names]))

    assert len(set(digests)) == 1
    assert np.array_equal(records[0], records[1])
    assert 0 < records[0][0, :, 0].mean() < 1


def _standard() -> RetrievalJudge:
    return RetrievalJudge([Selector("ours")], standard_rankings())


def test_an_event_of_the_future_ends_the_replay() -> None:
    judge = _standard()
    engine = LocalReplay(CONFIG, retrieval=judge)
    messages = LogMessages(ARTICLES)
    engine.run(LOG[:2], messages, Judge())
    engine.pipeline.shard(0).view("early", ["a"], time_s=LOG[2].shown_at + 1.0, offset=99)

    with pytest.raises(LeakError, match="from attention"):
        engine.run(LOG[2:], messages, Judge())

    assert len(judge.record) == 2


def test_a_moment_without_clicks_is_passed() -> None:
    judge = RetrievalJudge([Selector("ours")])
    LocalReplay(CONFIG, retrieval=judge).run(
        [replace(LOG[0], clicked=None)], LogMessages(ARTICLES), Judge()
    )

    assert len(judge.record) == 0
    assert Moment.of(replace(LOG[0], clicked=None), 0.0).clicked == ()
