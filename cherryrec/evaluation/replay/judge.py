"""Keeps score of a replay: our ranking and the baselines', each judged before labels are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from cherryrec.codec import encode
from cherryrec.evaluation.baselines import Baseline
from cherryrec.evaluation.metrics import PrequentialMetrics, ranks_of
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.summary import MetricRow
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
    keep_ranks
        Keep the ranks of every impression, for a submission file.
    """

    def __init__(self, baselines: Sequence[Baseline], *, keep_ranks: bool = False) -> None:
        self.baselines = baselines
        self.metrics = {name: PrequentialMetrics() for name in (OURS, *(b.name for b in baselines))}
        self.ranks: dict[str, Sequence[int]] = {}
        self.degraded: Counter[str] = Counter()
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
        self.n_evaluations += sum(item.evaluation is not None for item in recommendation.slate)
        if recommendation.degraded is not None:
            self.degraded[recommendation.degraded] += 1
        scores = {item.article_id: item.score for item in recommendation.slate}
        lowest = min(scores.values(), default=0.0) - 1.0
        values = np.array([scores.get(article_id, lowest) for article_id in row.candidates])
        if self._keep_ranks:
            self.ranks[row.impression_id] = ranks_of(values, row.candidates).tolist()
        if row.clicked is not None:
            self.metrics[OURS].add(row.shown_at, values, row.candidates, row.clicked)

    def rank_baselines(self, row: MindImpression) -> None:
        """Judge the baselines on a row."""
        if row.clicked is not None:
            for baseline in self.baselines:
                self.metrics[baseline.name].add(
                    row.shown_at, baseline.score(row), row.candidates, row.clicked
                )

    def learn(self, row: MindImpression) -> None:
        """Let the baselines learn a row whose labels have become known."""
        for baseline in self.baselines:
            baseline.learn(row)

    def rows(self, seed: int) -> tuple[MetricRow, ...]:
        """Return the table: ours first, with 95 % bootstrap intervals."""
        return tuple(
            MetricRow(
                name=name,
                whole=metrics.intervals(part="whole", seed=seed),
                second_half=metrics.intervals(part="second_half", seed=seed),
            )
            for name, metrics in self.metrics.items()
            if len(metrics)
        )
