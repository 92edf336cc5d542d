"""The metrics of protocol C, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cherryrec.evaluation.retrieval import RETRIEVAL_METRICS, Clicked, Places, RetrievalRecord

NAN = math.nan


def clicked(*ages_s: float) -> Clicked:
    return Clicked(0.0, 5, 100, 30, ages_s, [False] * len(ages_s))


def metrics(record: RetrievalRecord, among: object = None) -> list[dict[str, float]]:
    values = record.values("ours", among)  # type: ignore[arg-type]
    return [dict(zip(RETRIEVAL_METRICS, row.tolist(), strict=True)) for row in values]


def test_each_metric_of_a_moment_with_one_click() -> None:
    record = RetrievalRecord(["ours"])
    record.add(clicked(60.0), {"ours": Places(kept=[21], slate=[3], shown=[2])})

    (found,) = metrics(record)

    assert found["recall"] == 1.0
    assert found["recall@20"] == 0.0
    assert found["mrr@10"] == pytest.approx(1 / 3)
    assert found["ndcg@10"] == 0.5  # 1 / log2(4)
    assert found["hr@10"] == 1.0
    assert found["shown_mrr@10"] == 0.5
    assert found["shown_ndcg@10"] == pytest.approx(1 / math.log2(3))


def test_a_click_outside_of_the_ten_gains_nothing() -> None:
    record = RetrievalRecord(["ours"])
    record.add(clicked(60.0), {"ours": Places(kept=[20], slate=[11], shown=[10])})

    (found,) = metrics(record)

    assert (found["recall@20"], found["mrr@10"], found["ndcg@10"], found["hr@10"]) == (1, 0, 0, 0)
    assert (found["shown_mrr@10"], found["shown_hr@10"]) == (0.1, 1)


def test_several_clicks_share_a_moment() -> None:
    record = RetrievalRecord(["ours"])
    record.add(clicked(60.0, 60.0), {"ours": Places([1, 0], [1, 0], [0, 0])})
    record.add(clicked(60.0, 60.0), {"ours": Places([1, 2], [2, 1], [0, 0])})

    first, second = metrics(record)

    assert (first["recall"], first["mrr@10"], first["hr@10"]) == (0.5, 0.5, 1.0)
    ideal = 1 + 1 / math.log2(3)
    assert first["ndcg@10"] == pytest.approx(1 / ideal)
    assert (second["recall"], second["mrr@10"]) == (1.0, 0.75)
    assert second["ndcg@10"] == pytest.approx(1.0)


def test_what_was_not_live_is_missed_and_left_out_of_the_live() -> None:
    record = RetrievalRecord(["ours"])
    record.add(clicked(60.0, NAN), {"ours": Places([2, 0], [2, 0], [1, 0])})
    record.add(clicked(NAN), {"ours": Places([0], [0], [0])})

    headline, live = metrics(record), metrics(record, record.is_live)

    assert [row["recall"] for row in headline] == [0.5, 0.0]
    assert [row["mrr@10"] for row in headline] == [0.25, 0.0]
    assert (live[0]["recall"], live[0]["mrr@10"]) == (1.0, 0.5)
    assert all(math.isnan(value) for value in live[1].values())


def test_the_rankings_are_kept_apart() -> None:
    record = RetrievalRecord(["ours", "theirs"])
    record.add(clicked(60.0), {"ours": Places([1], [1], [1]), "theirs": Places([0], [0], [0])})

    assert np.array_equal(record.values("ours")[0], np.ones(8))
    assert np.array_equal(record.values("theirs")[0], np.zeros(8))
