"""A selection in the making: what every step of it looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.co_reads import CoReads
from cherryrec.events import RecommendationRequest
from cherryrec.knrs.alike import Alike
from cherryrec.knrs.config import METRICS, KnrsConfig
from cherryrec.knrs.reach import within_reach
from cherryrec.knrs.retriever import Retriever
from cherryrec.knrs.signals import EXPOSURES, signals
from cherryrec.knrs.sources import N_SINGLE, N_STRONGEST
from cherryrec.knrs.values import LinearValue, NewsValue
from cherryrec.reader import Reader
from cherryrec.text import stable_hash

__all__ = ["Chooser"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_N_METRICS = len(METRICS)


@dataclass(frozen=True, slots=True, eq=False)
class Chooser:
    """The articles, the user, the request, and what values articles for it."""

    catalogue: Catalogue
    reader: Reader
    request: RecommendationRequest
    config: KnrsConfig
    value: NewsValue
    retriever: Retriever
    co_reads: CoReads
    now: float
    alike: Alike
    site_share: float

    def signals(self, rows: Rows, *, unknown_age_s: float | None = None) -> Floats:
        """Return the signals of some articles, (n, S)."""
        return signals(
            self.catalogue,
            self.reader,
            self.co_reads,
            rows,
            now=self.now,
            config=self.config,
            unknown_age_s=unknown_age_s,
            alike=self.alike,
            site_share=self.site_share,
        )

    def within_reach(self, rows: Rows, n: int, n_reserved: int) -> Rows:
        """Return the positions among which what is kept can be, rising; all but by the retriever.

        An ablation holds whole columns equal, and then everything is among a source's first.
        """
        if self.config.select_by != "retriever" or self.config.without:
            return np.arange(len(rows))
        weights = self.retriever.weights.copy()
        weights[EXPOSURES] *= self.site_share
        return within_reach(
            self.catalogue,
            self.reader,
            self.alike,
            rows,
            weights=weights,
            now=self.now,
            config=self.config,
            n_strongest=n - n_reserved + N_STRONGEST * n_reserved,
            n_single=N_SINGLE * max(n_reserved, 1),
        )

    def strength(self, found: Floats) -> Floats:
        """Return what articles are kept by, (n, S) → (n,)."""
        if self.config.select_by == "news_value":
            return self.value.values(found[:, :_N_METRICS])
        return self.retriever.values(found)

    def differences(self, apart: Floats) -> Floats | None:
        """Return what each signal adds to the strength, (S,); None where it is no weighted sum."""
        if self.config.select_by == "retriever":
            return np.asarray(self.retriever.weights * apart)
        if isinstance(self.value, LinearValue):
            weights = np.zeros(len(apart))
            weights[:_N_METRICS] = self.value.weights
            return weights * apart
        return None

    def ties(self, rows: Rows) -> NDArray[np.uint64]:
        """Return what orders articles that are equal: their hashes, another way each request."""
        mixed = self.catalogue.hashes[rows] ^ np.uint64(stable_hash(self.request.request_id))
        return np.asarray(mixed * np.uint64(0x9E3779B97F4A7C15))

    def ordered(self, rows: Rows, values: Floats) -> Rows:
        """Return positions by value, then newness, then by what tells nothing."""
        born = np.nan_to_num(self.catalogue.born(rows))
        return np.lexsort((self.ties(rows), -born, -values))
