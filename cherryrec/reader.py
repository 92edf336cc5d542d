"""One user's reading as arrays over the catalogue: what every metric and feature starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import MISSING, Catalogue
from cherryrec.profile import Profile

__all__ = ["Reader", "lift"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_PRIOR_CLICKS = 5.0
_GLOBAL_PRIOR = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A profile resolved against the catalogue at one time.

    `rows` are the read articles that the catalogue knows, oldest first (n,); `interest` the unit
    interest vector (D,), zero without clicks; the lifts are log-ratios of the user's category (or
    subcategory) share to everyone's, by code.
    """

    profile: Profile
    rows: Rows
    interest: NDArray[np.float32]
    category_lift: Floats
    subcategory_lift: Floats
    newest_s: float

    @classmethod
    def of(cls, profile: Profile, catalogue: Catalogue) -> Reader:
        """Resolve a profile."""
        rows = catalogue.known_rows([visit.article_id for visit in profile.history])
        interest = profile.interest_vector
        n_dimensions = catalogue.config.n_dimensions
        if interest.size != n_dimensions:
            interest = np.zeros(n_dimensions, np.float32)
        norm = float(np.sqrt(interest @ interest))
        return cls(
            profile=profile,
            rows=rows,
            interest=interest / norm if norm > 0 else interest,
            category_lift=lift(
                catalogue.category[rows],
                category_share(catalogue),
                len(catalogue.categories),
            ),
            subcategory_lift=lift(catalogue.subcategory[rows], None, len(catalogue.subcategories)),
            newest_s=profile.newest_s,
        )


def category_share(catalogue: Catalogue) -> Floats:
    """Everyone's share of each category among clicks and read histories, by code, smoothed."""
    totals = catalogue.category_totals.totals(slice(0, len(catalogue.categories)))
    counts = np.maximum(totals[:, 1] + totals[:, 2], 0.0)
    n_named = max(len(counts) - 1, 1)
    return np.asarray((counts + _GLOBAL_PRIOR / n_named) / (counts.sum() + _GLOBAL_PRIOR))


def lift(codes: NDArray[np.int32], share: Floats | None, n_codes: int) -> Floats:
    """How much more often a user reads each code than everyone, as a log-ratio by code.

    `log((n_c + 5 g_c) / ((n + 5) g_c))` for the user's counts n_c and everyone's share g_c (equal
    shares where `share` is None); 0 for the missing code and for a user without history.

    Examples
    --------
    One read of code 1 where everyone reads codes 1 and 2 equally: log((1 + 2.5) / (6 · 0.5)).

    >>> lift(np.array([1], np.int32), np.array([0.0, 0.5, 0.5]), 3).round(3).tolist()
    [0.0, 0.154, -0.182]
    """
    counts = np.bincount(codes, minlength=n_codes).astype(float)
    counts[MISSING] = 0.0
    total = counts.sum()
    if share is None:
        share = np.full(n_codes, 1.0 / max(n_codes - 1, 1))
    share = np.maximum(share, 1e-9)
    result = np.log((counts + _PRIOR_CLICKS * share) / ((total + _PRIOR_CLICKS) * share))
    result[MISSING] = 0.0
    return np.asarray(result)
