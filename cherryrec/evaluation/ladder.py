"""On which rung of the ladder a replay's slates stand, and what CnLE took for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, get_args

from cherryrec.events import Recommendation, Rung

__all__ = ["Ladder", "ladder_sentence"]


@dataclass(slots=True, kw_only=True)
class Ladder:
    """Counts of recommendations by rung, the shares of which add up to 1.

    Parameters
    ----------
    rungs
        Recommendations by rung.
    without
        Those on none of CnLE's rungs by reason; `not asked` where no evaluation was wanted.
    tokens
        That CnLE read, those of cached answers not again.
    compute_s
        Seconds of its model; 0 where that is not known, as of recorded evaluations.
    """

    rungs: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    compute_s: float = 0.0

    @property
    def is_evaluated(self) -> bool:
        """Whether CnLE took part, or was meant to."""
        return bool(self.without.keys() - {"not asked", "catalogue_cold"}) or bool(
            self.rungs["evaluated"] or self.rungs["cached"]
        )

    def add(self, recommendation: Recommendation) -> None:
        """Count one; one of a version that named no rung is told by its evaluations."""
        rung = recommendation.rung or _rung_of(recommendation)
        self.rungs[rung] += 1
        if rung in {"unevaluated", "popular"}:
            self.without[recommendation.degraded or "not asked"] += 1
        if rung == "evaluated":
            self.tokens += recommendation.tokens
            self.compute_s += recommendation.timings_ms.get("evaluation_share", 0.0) / 1e3

    def values(self) -> dict[str, Any]:
        """Return everything in it as plain JSON values."""
        n = self.rungs.total()
        return {
            "recommendations": {rung: self.rungs[rung] for rung in get_args(Rung)},
            "shares": {rung: self.rungs[rung] / n if n else 0.0 for rung in get_args(Rung)},
            "without": dict(sorted(self.without.items())),
            "tokens": self.tokens,
            "compute_s": self.compute_s,
        }


def ladder_sentence(ladder: Ladder) -> str:
    """Say it in one line.

    Examples
    --------
    >>> ladder = Ladder(tokens=50_000, compute_s=12.5)
    >>> ladder.rungs.update(evaluated=50, cached=10, unevaluated=40)
    >>> ladder.without.update({"evaluation_over_budget": 39, "not asked": 1})
    >>> ladder_sentence(ladder)
    'CnLE: 50 evaluated (50.0 %), 10 cached (10.0 %), 40 without (40.0 %: evaluation_over_budget \
39, not asked 1), 50,000 tokens, 12.5 s of its model, 4,000 tokens/s'
    """
    n = max(ladder.rungs.total(), 1)
    evaluated, cached = ladder.rungs["evaluated"], ladder.rungs["cached"]
    others = ladder.rungs.total() - evaluated - cached
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(ladder.without.items()))
    parts = [
        f"{evaluated:,} evaluated ({100 * evaluated / n:.1f} %)",
        f"{cached:,} cached ({100 * cached / n:.1f} %)",
        f"{others:,} without ({100 * others / n:.1f} %{': ' if reasons else ''}{reasons})",
        f"{ladder.tokens:,} tokens",
    ]
    if ladder.compute_s > 0:
        per_s = ladder.tokens / ladder.compute_s
        parts += [f"{ladder.compute_s:.1f} s of its model", f"{per_s:,.0f} tokens/s"]
    return f"CnLE: {', '.join(parts)}"


def _rung_of(recommendation: Recommendation) -> str:
    """Tell the rung of a recommendation that names none."""
    if recommendation.degraded == "catalogue_cold":
        return "popular"
    has = any(item.evaluation is not None for item in recommendation.slate)
    return "evaluated" if has else "unevaluated"
