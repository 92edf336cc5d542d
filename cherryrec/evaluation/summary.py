"""Everything a replay found out, as one value: what `report` writes and the command prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.history import HistoryTable
from cherryrec.evaluation.ladder import Ladder
from cherryrec.evaluation.metric_rows import Difference, MetricRow
from cherryrec.evaluation.reliability import Reliability

if TYPE_CHECKING:
    from cherryrec.evaluation.retrieval.summary import RetrievalSummary

__all__ = [
    "METRIC_TITLES",
    "PARTS",
    "CnleAlone",
    "Latency",
    "LogParts",
    "ReplaySummary",
    "ReportPart",
]

METRIC_TITLES = {
    "auc": "AUC",
    "mrr": "MRR",
    "mrr_first": "MRR first",
    "ndcg@5": "nDCG@5",
    "ndcg@10": "nDCG@10",
}
"""How the metrics of protocol A are headed in tables."""

LogParts = tuple[tuple[str, str], ...]
"""Titles of the parts of a log, each with the attribute that holds it in rows and differences."""

PARTS: LogParts = (("whole log", "whole"), ("second half", "second_half"))
"""The parts that every replay is told in."""

PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class ReportPart:
    """The last part of a log that was split by time.

    Parameters
    ----------
    share
        Of the log's impressions, above 0.
    n
        Impressions in it that are judged.

    Examples
    --------
    >>> ReportPart(0.3, 2_400).title
    'report part, last 30 %, n = 2,400'
    """

    share: float
    n: int

    @property
    def title(self) -> str:
        """What it is called."""
        return f"report part, last {100 * self.share:g} %, n = {self.n:,}"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long each recommendation took, beside its event time.

    Parameters
    ----------
    event_times_s
        Event time of each request, UTC seconds, (n,).
    milliseconds
        From request to recommendation, (n,).
    is_degraded
        Whether each was answered without evaluations, (n,); None where that was not recorded.
    """

    event_times_s: NDArray[np.float64]
    milliseconds: NDArray[np.float64]
    is_degraded: NDArray[np.bool_] | None = None

    def percentiles(self) -> dict[str, float]:
        """Return p50, p90, p99 and p100 in milliseconds; empty where nothing was timed."""
        if not self.milliseconds.size:
            return {}
        found = np.percentile(self.milliseconds, PERCENTILES)
        return {f"p{p}": float(ms) for p, ms in zip(PERCENTILES, found, strict=True)}


@dataclass(frozen=True, slots=True)
class CnleAlone:
    """The ranking by CnLE's evaluations alone, on the impressions that were evaluated whole.

    Parameters
    ----------
    n
        Impressions of which every candidate was evaluated.
    rows
        CnLE alone first, then every other ranking on the same impressions.
    differences
        CnLE alone minus each other.
    report_part
        Those among them in the last part of a split log.
    """

    n: int
    rows: tuple[MetricRow, ...]
    differences: tuple[Difference, ...]
    report_part: ReportPart | None = None

    @property
    def parts(self) -> LogParts:
        """The parts that rows and differences tell of; the first holds all impressions."""
        report = self.report_part
        whole = (f"evaluated whole, n = {self.n:,}", "whole")
        return (whole,) if report is None else (whole, (report.title, "report"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySummary:
    """What a replay measured, and all that is needed to repeat it.

    Parameters
    ----------
    protocol
        In one line, label delay included: `A: impression ranking, prequential, label delay 0 s`.
    log_name
        Name of the log folder.
    engine
        `local` or `kafka`.
    seed, command
        What repeats the run.
    rows
        The rankings in the order of the table, CherryRec first; empty where protocol A did not run.
    differences
        CherryRec minus each other ranking, in the order of the rows.
    counts
        Numbers of impressions, articles, users, bad rows and the like, by name.
    wall_s
        Seconds the replay took.
    impressions_per_s
        Throughput of ranking and learning together.
    ablations
        CherryRec without a part of it each, named by the part; empty where nothing was left out.
    ablation_gains
        CherryRec minus each of `ablations`, in their order.
    latency
        Request to recommendation; None where it was not timed.
    degraded
        Reason to number of recommendations answered so; empty where none was.
    ladder
        The rungs that the recommendations stand on, and what CnLE took.
    sha256
        Of the recommendations; None where the engine promises no fixed order.
    versions
        Name to version of what ran: cherryrec, python, numpy.
    notes
        Sentences for the reader: what was cut, assumed, left out.
    reliability
        How far CnLE's confidence was borne out; None where nothing was evaluated.
    trust
        History length to the weight that VaNS has learned of CnLE, as `Learner.trust` gives it;
        empty where nothing was evaluated or the engine does not tell.
    report_part
        The last part of the log, where it was split.
    cnle_alone
        The ranking by CnLE's evaluations alone; None where no impression was evaluated whole.
    by_history
        CnLE's gain by history length, a table for each part; empty unless it was left out once.
    retrieval
        What protocol C measured; None where the whole catalogue was not asked.
    """

    protocol: str
    log_name: str
    engine: str
    seed: int
    command: str
    rows: tuple[MetricRow, ...]
    counts: Mapping[str, int]
    wall_s: float
    impressions_per_s: float
    differences: tuple[Difference, ...] = ()
    ablations: tuple[MetricRow, ...] = ()
    ablation_gains: tuple[Difference, ...] = ()
    latency: Latency | None = None
    degraded: Mapping[str, int] = field(default_factory=dict)
    ladder: Ladder = field(default_factory=Ladder)
    sha256: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reliability: Reliability | None = None
    trust: Mapping[str, float] = field(default_factory=dict)
    report_part: ReportPart | None = None
    cnle_alone: CnleAlone | None = None
    by_history: tuple[HistoryTable, ...] = ()
    retrieval: RetrievalSummary | None = None

    @property
    def parts(self) -> LogParts:
        """The parts of the log that rows and differences tell of."""
        report = self.report_part
        return PARTS if report is None else (*PARTS, (report.title, "report"))
