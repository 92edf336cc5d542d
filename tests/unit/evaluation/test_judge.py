"""Keeping score: who is judged on what, what reaches the learners, and what the gain is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.evaluation.baselines import RandomOrder
from cherryrec.evaluation.intervals import mean_interval
from cherryrec.evaluation.metrics import METRICS, LogPart
from cherryrec.evaluation.mind import MindImpression
from cherryrec.evaluation.replay import OURS, Judge, frozen_features
from cherryrec.events import Recommendation, Recommended, instant
from cherryrec.features import FEATURES
from cherryrec.open_requests import Frozen


class FirstColumn:
    """Ranks by the first feature and remembers what it was asked and taught."""

    name = "first column"

    def __init__(self) -> None:
        self.asked: list[list[float]] = []
        self.taught: list[tuple[list[float], list[bool]]] = []

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        self.asked.append(features[:, 0].tolist())
        return features[:, 0]

    def learn(self, features: NDArray[np.float64], clicked: NDArray[np.bool_]) -> None:
        self.taught.append((features[:, 0].tolist(), clicked.tolist()))


def row(number: int, slate: str, clicked: str | None) -> MindImpression:
    labels = None if clicked is None else tuple(a in clicked for a in slate)
    return MindImpression(str(number), "u", float(number), (), tuple(slate), labels)


def recommended(number: int, slate: str, scores: list[float]) -> Recommendation:
    return Recommendation(
        request_id=str(number),
        user_id="u",
        requested_at=instant(float(number)),
        slate=tuple(
            Recommended(article_id=a, position=i, score=s, news_value=0.0, contributions={})
            for i, (a, s) in enumerate(zip(slate, scores, strict=True))
        ),
    )


def matrix(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32).reshape(-1, 1)


def test_features_come_in_the_order_of_the_row_and_what_was_dropped_has_none() -> None:
    values = np.arange(2 * len(FEATURES), dtype="<f4").reshape(2, -1)
    frozen = Frozen(("c", "a"), values.tobytes(), b"")

    found = frozen_features(frozen, ("a", "b", "c"))

    assert np.array_equal(found[[2, 0]], values)
    assert np.isnan(found[1]).all()
    assert np.isnan(frozen_features(Frozen((), b"", b""), ("a", "b"))).all()


def test_a_candidate_without_features_comes_last_and_is_not_learned() -> None:
    model = FirstColumn()
    judge = Judge((), (model,))
    features = matrix(-3.0, float("nan"), -5.0)

    judge.rank_baselines(row(1, "abc", "b"), features)
    judge.learn(row(1, "abc", "ab"), features)

    assert model.asked == [[-3.0, -5.0]]
    assert model.taught == [([-3.0, -5.0], [True, False])]
    assert judge.metrics["first column"].mean("auc") == 0.0


def test_a_row_whose_candidates_were_all_dropped_is_judged_and_teaches_nothing() -> None:
    model = FirstColumn()
    judge = Judge((), (model,))

    judge.rank_baselines(row(1, "ab", "b"), matrix(float("nan"), float("nan")))
    judge.learn(row(1, "ab", "b"), matrix(float("nan"), float("nan")))

    assert model.asked == model.taught == []
    assert judge.metrics["first column"].mean("auc") == 0.5


def test_rows_without_labels_are_neither_judged_nor_learned() -> None:
    model = FirstColumn()
    judge = Judge((RandomOrder(),), (model,))

    judge.rank_baselines(row(1, "ab", None), matrix(1.0, 2.0))
    judge.learn(row(1, "ab", None), matrix(1.0, 2.0))

    assert model.asked == model.taught == []
    assert not any(len(metrics) for metrics in judge.metrics.values())
    assert judge.differences(0) == ()


def test_row_baselines_need_no_features() -> None:
    judge = Judge((RandomOrder(),))

    judge.rank_baselines(row(1, "ab", "a"))
    judge.learn(row(1, "ab", "a"))

    assert len(judge.metrics["random"]) == 1


def test_the_report_part_is_told_beside_the_others() -> None:
    rng = np.random.default_rng(0)
    judge = Judge((RandomOrder(),))
    for number in range(60):
        clicked = "abcd"[rng.integers(4)]
        scores = [float(a == clicked) + rng.normal() for a in "abcd"]
        judge.rank(row(number, "abcd", clicked), recommended(number, "abcd", scores))
        judge.rank_baselines(row(number, "abcd", clicked))

    rows = judge.rows(3, report_from=42)
    gain = judge.differences(3, report_from=42)[0]

    last = judge.metrics[OURS].at(range(42, 60))
    assert rows[0].report == last.intervals(seed=3)
    theirs = judge.metrics["random"].at(range(42, 60))
    assert gain.report["auc"].mean == pytest.approx(last.mean("auc") - theirs.mean("auc"))
    assert judge.rows(3)[0].report == judge.differences(3)[0].report == {}


@pytest.mark.parametrize("part", ["whole", "second_half"])
def test_differences_are_ours_minus_theirs_with_paired_intervals(part: LogPart) -> None:
    rng = np.random.default_rng(0)
    judge = Judge((RandomOrder(),), (FirstColumn(),))
    for number in range(80):
        labels = np.zeros(4)
        labels[rng.integers(4)] = 1.0
        clicked = "abcd"[int(labels.argmax())]
        judge.rank(row(number, "abcd", clicked), recommended(number, "abcd", labels.tolist()))
        noisy = labels + rng.normal(0, 0.5, 4)
        judge.rank_baselines(row(number, "abcd", clicked), matrix(*noisy.tolist()))

    found = {difference.name: getattr(difference, part) for difference in judge.differences(7)}

    assert list(found) == ["random", "first column"]
    for name, intervals in found.items():
        assert list(intervals) == ["auc", "ndcg@10"]
        for metric, interval in intervals.items():
            column = METRICS.index(metric)
            ours, theirs = (judge.metrics[k].values(part)[:, column] for k in (OURS, name))
            assert interval == pytest.approx(mean_interval(ours - theirs, seed=7), abs=1e-7)
            assert interval.low > 0.0
