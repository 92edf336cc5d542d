"""What a worker counts of the effects that it delivers, and of the titles that it reads."""

from __future__ import annotations

from cherryrec.cnle import suspicion
from cherryrec.evaluation.metrics import METRICS
from cherryrec.evaluation.shadow import judged
from cherryrec.events import Example, InquiryAnswer, SlateLabelled
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
        """Count what was asked of CnLE, what it took, what is learned from, inquiries."""
        for send in effects.sends:
            if isinstance(send.event, Example):
                self._metrics.examples.labels(send.event.origin).inc()
            elif isinstance(send.event, InquiryAnswer):
                self._metrics.inquiries.labels(send.event.outcome).inc()
            elif isinstance(send.event, SlateLabelled):
                self._shadow(send.event)
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

    def _shadow(self, slate: SlateLabelled) -> None:
        """Judge a slate of the site's own, where that can be done."""
        one = judged(slate)
        if one is None:
            return
        for ranking, values in (("cherryrec", one.ours), ("site", one.site)):
            for name, value in zip(METRICS, values, strict=True):
                self._metrics.shadow.labels(ranking, name).observe(value)
        counts = (
            ("first", one.n_first),
            ("kept", one.n_kept - one.n_first),
            ("left_out", one.n_clicked - one.n_kept),
        )
        for place, n in counts:
            self._metrics.shadow_clicked.labels(place).inc(n)

    def title(self, title: str) -> None:
        """Count a title that looks written for a language model, once a reason."""
        for reason in suspicion(title):
            self._metrics.suspicious_titles.labels(reason).inc()
