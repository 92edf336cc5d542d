"""CnLE alone: only impressions that it judged whole, and all rankings on the same ones."""

from __future__ import annotations

import pytest

from cherryrec.evaluation.baselines import RandomOrder
from cherryrec.evaluation.cnle_alone import CNLE_ALONE
from cherryrec.evaluation.mind import MindImpression
from cherryrec.evaluation.replay import OURS, Judge
from cherryrec.events import Recommendation, Recommended, instant


def row(number: int, clicked: str | None) -> MindImpression:
    labels = None if clicked is None else tuple(article in clicked for article in "abcd")
    return MindImpression(str(number), "u", float(number), (), tuple("abcd"), labels)


def answer(number: int, evaluations: dict[str, float], *, best: str = "a") -> Recommendation:
    """Our own ranking puts one article first; the evaluations stand beside it."""
    return Recommendation(
        request_id=str(number),
        user_id="u",
        requested_at=instant(float(number)),
        slate=tuple(
            Recommended(
                article_id=article,
                position=position,
                score=float(article == best),
                news_value=0.0,
                contributions={},
                evaluation=evaluations.get(article),
            )
            for position, article in enumerate("abcd")
        ),
    )


def likes(article: str) -> dict[str, float]:
    return {one: 0.9 if one == article else 0.4 for one in "abcd"}


def judged(*rows: tuple[str | None, dict[str, float]]) -> Judge:
    judge = Judge((RandomOrder(),))
    for number, (clicked, evaluations) in enumerate(rows):
        judge.rank(row(number, clicked), answer(number, evaluations))
        judge.rank_baselines(row(number, clicked))
    return judge


def test_an_impression_counts_when_every_candidate_was_evaluated() -> None:
    partly = {"a": 0.9, "b": 0.1, "c": 0.4}
    judge = judged(
        ("b", likes("b")), ("b", partly), ("c", {}), (None, likes("b")), ("c", likes("b"))
    )

    found = judge.cnle.summary(judge.metrics, 0)

    assert found is not None
    assert found.n == 2
    assert [one.name for one in found.rows] == [CNLE_ALONE, OURS, "random"]
    assert found.rows[0].whole["auc"].mean == pytest.approx((1.0 + 1 / 3) / 2)


def test_the_others_are_judged_on_the_same_impressions() -> None:
    judge = judged(("a", {}), ("b", likes("b")), ("a", {}), ("a", likes("b")))

    found = judge.cnle.summary(judge.metrics, 0)

    assert found is not None
    ours = judge.metrics[OURS].at([1, 3])
    assert found.rows[1].whole["auc"].mean == ours.mean("auc")
    gain = found.differences[0]
    assert gain.name == OURS
    assert gain.whole["auc"].mean == pytest.approx(
        judge.cnle.metrics.mean("auc") - ours.mean("auc")
    )


def test_the_report_part_begins_where_the_logs_does() -> None:
    judge = judged(("b", likes("b")), ("b", {}), ("b", likes("b")), ("b", {}), ("a", likes("b")))

    found = judge.cnle.summary(judge.metrics, 0, report_from=2, share=0.6)

    assert found is not None
    assert found.report_part is not None
    assert found.report_part.title == "report part, last 60 %, n = 2"
    assert found.rows[0].report["auc"].mean == pytest.approx((1.0 + 1 / 3) / 2)
    assert found.differences[0].report["auc"].mean == pytest.approx(
        found.rows[0].report["auc"].mean - found.rows[1].report["auc"].mean
    )


def test_without_evaluations_there_is_no_such_ranking() -> None:
    judge = judged(("b", {}), ("a", {}))

    assert judge.cnle.summary(judge.metrics, 0) is None
