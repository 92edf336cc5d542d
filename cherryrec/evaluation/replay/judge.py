"""Keeps score of a replay: our ranking and the baselines', each judged before labels are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from cherryrec.codec import encode
from cherryrec.evaluation.baselines import Baseline, FeatureBaseline
from cherryrec.evaluation.cnle_alone import CnleRecord
from cherryrec.evaluation.comparison import differences, metric_rows
from cherryrec.evaluation.ladder import Ladder
from cherryrec.evaluation.metric_rows import Difference, MetricRow
from cherryrec.evaluation.metrics import PrequentialMetrics, ranks_of
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.reliability import ReliabilityRecord
from cherryrec.events import Recommendation

__all__ = ["OURS", "Judge"]

OURS = "CherryRec"
"""The row of our own ranking in every table."""


class Judge:
    """Collects metrics, ranks and the digest of the recommendations.

    Parameters
    ----------
    baselines
        Rankings judged on the same impressions.
    feature_baselines
        The same, of the feature matrices; only an engine that has these can judge them.
    keep_ranks
        Keep the ranks of every impression, for a submission file.
    """

    def __init__(
        self,
        baselines: Sequence[Baseline] = (),
        feature_baselines: Sequence[FeatureBaseline] = (),
        *,
        keep_ranks: bool = False,
    ) -> None:
        self.baselines = baselines
        self.feature_baselines = feature_baselines
        names = (OURS, *(b.name for b in baselines), *(b.name for b in feature_baselines))
        self.metrics = {name: PrequentialMetrics() for name in names}
        self.ranks: dict[str, Sequence[int]] = {}
        self.reliability = ReliabilityRecord()
        self.cnle = CnleRecord()
        self.degraded: Counter[str] = Counter()
        self.ladder = Ladder()
        self.n_recommendations = 0
        self.n_evaluations = 0
        self._keep_ranks = keep_ranks
        self._digest = sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of all recommendations so far, in the order they were judged."""
        return self._digest.hexdigest()

    def rank(self, row: MindImpression, recommendation: Recommendation) -> None:
        """Judge our ranking of a row; a candidate missing from the slate comes last."""
        self._digest.update(encode(recommendation) + b"\n")
        self.n_recommendations += 1
        self.ladder.add(recommendation)
        n_evaluated = sum(item.evaluation is not None for item in recommendation.slate)
        self.n_evaluations += n_evaluated
        if recommendation.degraded is not None:
            self.degraded[recommendation.degraded] += 1
        scores = {item.article_id: item.score for item in recommendation.slate}
        lowest = min(scores.values(), default=0.0) - 1.0
        values = np.array([scores.get(article_id, lowest) for article_id in row.candidates])
        if self._keep_ranks:
            self.ranks[row.impression_id] = ranks_of(
                values, row.candidates, impression_id=row.impression_id
            ).tolist()
        if row.clicked is not None:
            if n_evaluated:
                self.cnle.add(len(self.metrics[OURS]), row, recommendation)
                clicks = [a for a, label in zip(row.candidates, row.clicked, strict=True) if label]
                self.reliability.add_slate(recommendation, clicks)
            self.metrics[OURS].add(row.shown_at, values, row.candidates, row.clicked)

    def rank_baselines(
        self, row: MindImpression, features: NDArray[np.float32] | None = None
    ) -> None:
        """Judge the baselines on a row.

        Parameters
        ----------
        row
            The impression.
        features
            Its feature matrix as `frozen_features` gives it, (n, F); may be absent where there are
            no feature baselines.
        """
        if row.clicked is None:
            return
        for baseline in self.baselines:
            scores = baseline.score(row)
            self.metrics[baseline.name].add(row.shown_at, scores, row.candidates, row.clicked)
        for model in self.feature_baselines:
            scores = _scores(model, _present(features))
            self.metrics[model.name].add(row.shown_at, scores, row.candidates, row.clicked)

    def learn(self, row: MindImpression, features: NDArray[np.float32] | None = None) -> None:
        """Let the baselines learn a row whose labels have become known, as in `rank_baselines`."""
        for baseline in self.baselines:
            baseline.learn(row)
        if row.clicked is None or not self.feature_baselines:
            return
        matrix = _present(features)  # (n, F)
        kept = np.isfinite(matrix).all(axis=1)  # (n,)
        if kept.any():
            clicked = np.array(row.clicked)[kept]
            for model in self.feature_baselines:
                model.learn(matrix[kept], clicked)

    def rows(self, seed: int, *, report_from: int | None = None) -> tuple[MetricRow, ...]:
        """Return the table: ours first, with 95 % bootstrap intervals; see `metric_rows`."""
        return metric_rows(self.metrics, seed, report_from=report_from)

    def differences(self, seed: int, *, report_from: int | None = None) -> tuple[Difference, ...]:
        """Return ours minus each baseline, with 95 % paired bootstrap intervals."""
        return differences(self.metrics, seed, report_from=report_from)


def _present(features: NDArray[np.float32] | None) -> NDArray[np.float64]:
    """Return the matrix in double precision; an engine without matrices has no such baselines."""
    assert features is not None, "feature baselines are judged by an engine that has the features"
    return features.astype(np.float64)


def _scores(model: FeatureBaseline, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score a matrix, (n, F) → (n,); a candidate without features comes last, as it does for us."""
    kept = np.isfinite(features).all(axis=1)  # (n,)
    if not kept.any():
        return np.zeros(len(features))
    found = model.score(features[kept])
    scores = np.full(len(features), found.min() - 1.0)
    scores[kept] = found
    return scores
