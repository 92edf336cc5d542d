"""The ranking by CnLE's evaluations alone, beside all others on the same impressions."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping

from cherryrec.evaluation.comparison import differences, metric_rows
from cherryrec.evaluation.metrics import PrequentialMetrics
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.summary import CnleAlone, ReportPart
from cherryrec.events import Recommendation

__all__ = ["CNLE_ALONE", "CnleRecord"]

CNLE_ALONE = "CnLE alone"
"""The row of the ranking by evaluations."""


class CnleRecord:
    """Metrics of the evaluations' own ranking, where every candidate has one.

    An impression that was evaluated in part is left out: the candidates that CnLE was not asked
    about are those KnRS put last, and a place for them would be KnRS's, not CnLE's.
    """

    def __init__(self) -> None:
        self.metrics = PrequentialMetrics()
        self._places = array("q")

    def __len__(self) -> int:
        return len(self._places)

    def add(self, place: int, row: MindImpression, recommendation: Recommendation) -> None:
        """Judge the evaluations of a row with labels; `place` is its number among all judged."""
        assert row.clicked is not None, "only rows with labels are judged"
        found = {item.article_id: item.evaluation for item in recommendation.slate}
        scores = [found.get(article_id) for article_id in row.candidates]
        known = [score for score in scores if score is not None]
        if len(known) == len(scores):
            self._places.append(place)
            self.metrics.add(row.shown_at, known, row.candidates, row.clicked)

    def summary(
        self,
        rankings: Mapping[str, PrequentialMetrics],
        seed: int,
        *,
        report_from: int | None = None,
        share: float = 0.0,
    ) -> CnleAlone | None:
        """Set it beside other rankings on the same impressions; None where there is none.

        Parameters
        ----------
        rankings
            Name to metrics of all judged impressions; an empty one is left out.
        seed
            Of the resampling.
        report_from
            Number among all judged of the first impression of the report part, if there is one.
        share
            Of the log that the report part is.
        """
        if not len(self):
            return None
        beside = {CNLE_ALONE: self.metrics}
        beside |= {name: one.at(self._places) for name, one in rankings.items() if len(one)}
        first = None if report_from is None else bisect_left(self._places, report_from)
        return CnleAlone(
            n=len(self),
            rows=metric_rows(beside, seed, report_from=first),
            differences=differences(beside, seed, report_from=first),
            report_part=None if first is None else ReportPart(share, len(self) - first),
        )
