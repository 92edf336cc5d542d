"""Which articles go on: the news value over the catalogue, the quota, and the filters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.events import RecommendationRequest, seconds
from cherryrec.knrs.config import KnrsConfig
from cherryrec.knrs.metrics import metrics
from cherryrec.knrs.values import LinearValue, NewsValue
from cherryrec.reader import Reader

__all__ = ["Selection", "n_kept", "select"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The candidates of one request, best news value first.

    `rows` (n,) index the catalogue, `metrics` (n, 5) are f1 to f5, `values` (n,) the news values;
    `dropped` names candidates of the request that were excluded, retracted or under embargo;
    `is_cold` says that no article was live, and the ones shown lately stand in.
    """

    rows: Rows
    metrics: Floats
    values: Floats
    dropped: tuple[str, ...] = ()
    is_cold: bool = False


def n_kept(n_live: int, slate_size: int, config: KnrsConfig) -> int:
    """How many of `n_live` articles are kept: the quota between floor and ceiling, or the slate.

    Examples
    --------
    >>> [n_kept(n_live, 10, KnrsConfig()) for n_live in (50_000, 1_000, 100, 8)]
    [400, 50, 20, 8]
    """
    quota = min(max(int(np.ceil(n_live * config.quota)), config.floor), config.ceiling)
    return min(max(quota, slate_size), n_live)


def select(
    catalogue: Catalogue,
    reader: Reader,
    request: RecommendationRequest,
    config: KnrsConfig,
    value: NewsValue | None = None,
) -> Selection:
    """Select the candidates of a request.

    With `candidates` in the request all of them go on, in order of news value, but for those
    excluded, retracted or under embargo; one whose article message has not come yet is ranked
    without its text.
    Without, the whole live catalogue is scored, what the user has read or excludes is left out,
    and the best of the rest are kept (`n_kept`). Where no article is live (the catalogue is cold),
    those shown lately stand in.

    Parameters
    ----------
    catalogue, reader
        The articles and the user.
    request
        The request; its time is the newest event time anything here may have used.
    config
        Weights, quota, priors.
    value
        The learned news value; the sum with the config's weights where None.
    """
    now = seconds(request.requested_at)
    excluded = set(request.exclude)
    is_cold = False
    dropped: tuple[str, ...] = ()
    if request.candidates is None:
        live = catalogue.live_rows(now)
        is_cold = not live.size
        live = catalogue.shown_rows(now) if is_cold else live
        read = {visit.article_id for visit in reader.profile.history} | excluded
        is_new = np.ones(catalogue.n_rows, bool)
        is_new[catalogue.known_rows(sorted(read))] = False
        rows = live[is_new[live]]
        n = n_kept(len(live), request.slate_size, config)
    else:
        names = dict.fromkeys(request.candidates)
        dropped = tuple(a for a in names if a in excluded or catalogue.is_withheld(a))
        left_out = set(dropped)
        usable = [a for a in names if a not in left_out]
        rows, n = catalogue.rows(usable, now), len(usable)
    f = metrics(catalogue, reader, rows, now, config)
    values = (value or LinearValue(np.array(config.weights))).values(f)
    best = _best(catalogue, rows, values, n)
    return Selection(rows[best], f[best], values[best], dropped, is_cold)


def _best(catalogue: Catalogue, rows: Rows, values: Floats, n: int) -> NDArray[np.intp]:
    """Positions of the n best values, best first, ties by article id."""
    positions = np.arange(len(rows))
    if n < len(rows):
        threshold = np.partition(values, len(rows) - n)[len(rows) - n]
        positions = np.flatnonzero(values >= threshold)
    found = values[positions].tolist()
    ids = [catalogue.ids[row] for row in rows[positions].tolist()]
    order = sorted(range(len(found)), key=lambda k: (-found[k], ids[k]))
    return np.asarray(positions[order[:n]])
