"""One user's reading as arrays over the catalogue: what every metric and feature starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.compiled import compiled
from cherryrec.exposures import Exposures
from cherryrec.profile import Profile

__all__ = ["Reader", "lift"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_TITLES = 50
_PRIOR_CLICKS = 5.0
_LEAST_SHARE = 1e-9
_MISSING = 0  # as in the catalogue: what a kernel compiled against must lie in its own file


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A profile resolved against the catalogue at one time.

    `rows` are the read articles that the catalogue knows, oldest first (n,); `interest` the unit
    interest vector (D,), zero without clicks; the lifts are log-ratios of the user's category (or
    subcategory) share to everyone's, by code, the shares everyone's own; `exposures` what they were
    shown lately. `titles` are a sentence model's vectors of the last 50 of `rows`, as directions
    from the catalogue's mean, and `title_vector` their sum over the root of their number, in half
    precision, as it is stored; (0, D) and (0,) without a model.
    """

    profile: Profile
    rows: Rows
    interest: NDArray[np.float32]
    category_share: Floats
    subcategory_share: Floats
    category_lift: Floats
    subcategory_lift: Floats
    newest_s: float
    exposures: Exposures
    titles: NDArray[np.float32]
    title_vector: NDArray[np.float32]

    @classmethod
    def of(
        cls, profile: Profile, catalogue: Catalogue, exposures: Exposures | None = None
    ) -> Reader:
        """Resolve a profile."""
        rows = catalogue.known_rows([past.article_id for past in profile.history])
        interest = profile.interest_vector
        n_dimensions = catalogue.config.n_dimensions
        if interest.size != n_dimensions:
            interest = np.zeros(n_dimensions, np.float32)
        norm = float(np.sqrt(interest @ interest))
        category_share = catalogue.category_share()
        subcategory_share = catalogue.subcategory_share()
        titles = catalogue.sentences.centred(rows[-_TITLES:])
        return cls(
            profile=profile,
            rows=rows,
            interest=interest / norm if norm > 0 else interest,
            category_share=category_share,
            subcategory_share=subcategory_share,
            category_lift=lift(catalogue.category[rows], category_share, len(category_share)),
            subcategory_lift=lift(
                catalogue.subcategory[rows].ravel(), subcategory_share, len(subcategory_share)
            ),
            newest_s=profile.newest_s,
            exposures=exposures or Exposures(),
            titles=titles,
            title_vector=_together(titles),
        )


def _together(titles: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return one vector of the titles that were read, (h, D) -> (D,); zeros of none."""
    if not len(titles):
        return np.zeros(titles.shape[1], np.float32)
    together = titles.sum(axis=0) / np.sqrt(np.float32(len(titles)))
    stored: NDArray[np.float32] = together.astype(np.float16).astype(np.float32)
    return stored


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
    if share is None:
        share = np.full(n_codes, 1.0 / max(n_codes - 1, 1))
    return _lifts(codes, share)


@compiled
def _lifts(codes: NDArray[np.int32], share: Floats) -> Floats:
    """Return the lift of every code, as many as there are shares."""
    counts = np.zeros(len(share))
    total = 0.0
    for code in codes:
        if code != _MISSING:
            counts[code] += 1.0
            total += 1.0
    lifts = np.zeros(len(share))
    for code in range(_MISSING + 1, len(share)):
        own = max(share[code], _LEAST_SHARE)
        wanted = _PRIOR_CLICKS * own
        lifts[code] = np.log((counts[code] + wanted) / ((total + _PRIOR_CLICKS) * own))
    return lifts
