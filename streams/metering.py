"""What a worker counts of the effects that it delivers, and of the titles that it reads."""

from __future__ import annotations

from cherryrec.cnle import suspicion
from cherryrec.pipeline import Effects
from streams.engine import Metrics

__all__ = ["Metering"]


class Metering:
    """Puts into metrics what the core has decided.

    Parameters
    ----------
    metrics
        Of the worker.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def effects(self, effects: Effects) -> None:
        """Count what was asked of CnLE, and what it took."""
        choice, spent = effects.choice, effects.spent
        if choice is not None:
            self._metrics.chosen(choice.outcome, choice.gain)
        if spent is not None:
            self._metrics.spent(
                spent.outcome,
                tokens=spent.tokens,
                compute_s=spent.compute_s,
                wait_s=spent.wait_s,
            )

    def title(self, title: str) -> None:
        """Count a title that looks written for a language model, once a reason."""
        for reason in suspicion(title):
            self._metrics.suspicious_titles.labels(reason).inc()
