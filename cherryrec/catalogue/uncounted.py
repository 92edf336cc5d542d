"""Counters as they were before a few clicks, for as long as something is computed from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from cherryrec.attention import DecayedCounters
from cherryrec.catalogue.catalogue import Catalogue

__all__ = ["without_clicks"]


@contextmanager
def without_clicks(catalogue: Catalogue, clicks: Mapping[str, float]) -> Iterator[None]:
    """Take one click of each article out of the totals, and put the very bits back on leaving.

    Parameters
    ----------
    catalogue
        Whose totals by article, by category and by source are meant.
    clicks
        Article id -> when it was clicked, epoch seconds.

    Examples
    --------
    >>> catalogue = Catalogue((3600.0,))
    >>> rows = catalogue.rows(["a"], 0.0)
    >>> for at in (0.0, 60.0):
    ...     catalogue.totals.add(rows, np.array([0]), [at], is_click=True)
    >>> with without_clicks(catalogue, {"a": 60.0}):
    ...     print(catalogue.totals.clicks(rows, 0.0).tolist())
    [[1.0]]
    >>> catalogue.totals.totals(rows)[0].tolist()
    [0.0, 2.0, 0.0]
    """
    known = [article_id for article_id in clicks if article_id in catalogue.row_of]
    rows = catalogue.known_rows(known)
    times = [clicks[article_id] for article_id in known]
    counted: tuple[tuple[DecayedCounters, NDArray[np.integer]], ...] = (
        (catalogue.totals, rows),
        (catalogue.category_totals, catalogue.category[rows]),
        (catalogue.source_totals, catalogue.source[rows]),
    )
    before = [counters.sums[codes].copy() for counters, codes in counted]
    # After a crash a click may be in its reader's profile and not in the counters again yet.
    is_in = counted[0][0].totals(rows)[:, 1] >= 1.0
    for counters, codes in counted:
        np.subtract.at(counters.sums, codes[is_in], counters.clicks_at(times)[is_in])
    try:
        yield
    finally:
        for (counters, codes), sums in zip(counted, before, strict=True):
            counters.sums[codes] = sums
