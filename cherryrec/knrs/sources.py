"""Which source brings an article: the retriever most, and beside it each source on its own.

The retriever weighs everything by what was clicked, so what nobody could click yet (a new story, a
niche) never comes up by its own strength. A stated share of the places goes to what single sources
put first: the first of each source, then the second of each, and among those of one rank the one
with the greater sum of reciprocal ranks over all sources.

References
----------
Cormack et al. (2009), Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning
Methods, SIGIR, https://doi.org/10.1145/1571941.1572114
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner
from cherryrec.distinct import distinct
from cherryrec.knrs.signals import SIGNALS

__all__ = ["N_SINGLE", "N_STRONGEST", "SOURCES", "brought_by", "contenders", "fused"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

SOURCES = (
    "most_clicked",
    "rising",
    "newest",
    "near",
    "alike",
    "readers_topics",
    "editors",
    "most_viewed",
)
"""What brings articles: clicks of an hour, clicks rising, publication, likeness to the last reads,
what readers alike went on to, the reader's categories, editors' credibility, views."""

N_STRONGEST, N_SINGLE = 20, 4
"""How many times as many as are looked for: of the strongest, of a single source's first."""

_SMOOTHING = 60.0  # of reciprocal ranks, the paper's
_COLUMN = {signal.name: index for index, signal in enumerate(SIGNALS)}
_NEUTRAL = 0.5


def fused(
    signals: Floats, n: int, *, is_born: NDArray[np.bool_], ties: NDArray[np.uint64]
) -> tuple[Rows, list[str]]:
    """Return the n positions that single sources together put first, and which did most for each.

    Parameters
    ----------
    signals
        Of the articles to choose from, (m, S).
    n
        How many; fewer where no source has anything to say.
    is_born
        Whether it is known since when there is an article, (m,): no other is new.
    ties
        What breaks them, (m,).

    Examples
    --------
    One article is the newest, another the one clicked most; both come before the rest:

    >>> import numpy as np
    >>> signals = np.zeros((4, len(SIGNALS)))
    >>> names = [signal.name for signal in SIGNALS]
    >>> signals[:, names.index("freshness")] = [0.1, 0.9, 0.1, 0.1]
    >>> signals[:, names.index("age")] = [9.0, 1.0, 9.0, 9.0]
    >>> signals[:, names.index("clicks_1h")] = [0.0, 0.0, 2.0, 0.0]
    >>> ties = np.arange(4, dtype=np.uint64)
    >>> places, names = fused(signals, 2, is_born=np.array([False, True, False, False]), ties=ties)
    >>> places.tolist(), names
    ([1, 2], ['newest', 'most_clicked'])
    """
    best, brought = _fuse(_scores(signals, is_born), ties, n, _SMOOTHING)
    return best, [SOURCES[k] for k in brought.tolist()]


@compiled
def _fuse(
    scores: Floats, ties: NDArray[np.uint64], n: int, smoothing: float
) -> tuple[Rows, NDArray[np.intp]]:
    """Return up to n positions by their best rank, then by all ranks, and whose rank it was."""
    n_sources, m = scores.shape
    total, most, brought = np.zeros(m), np.zeros(m), np.zeros(m, np.intp)
    order, best = np.empty(2 * n, np.intp), np.empty(n, np.intp)
    for source in range(n_sources):
        says, n_first = scores[source], 0
        for i in range(m):
            if says[i] != -np.inf:
                n_first = _insert(order, n_first, i, says, says, ties)
        for rank in range(n_first):
            i, share = order[rank], 1.0 / (smoothing + 1.0 + rank)
            total[i] += share
            if share > most[i]:
                most[i], brought[i] = share, source
    n_best = 0
    for i in range(m):
        if total[i] > 0.0:
            n_best = _insert(best, n_best, i, most, total, ties)
    return best[:n_best], brought[best[:n_best]]


@inner
def _insert(  # noqa: PLR0917 - compiled loops take arrays by position
    order: Rows, n: int, i: int, values: Floats, others: Floats, ties: NDArray[np.uint64]
) -> int:
    """Put i where it belongs among the first n, the last leaving a full order; return how many.

    Larger values come first, of equal ones larger others, then smaller ties, then smaller i.
    """
    at = n
    while at > 0:
        k = order[at - 1]
        if values[i] != values[k]:
            is_before = values[i] > values[k]
        elif others[i] != others[k]:
            is_before = others[i] > others[k]
        else:
            is_before = ties[i] < ties[k]
        if not is_before:
            break
        if at < len(order):
            order[at] = k
        at -= 1
    if at < len(order):
        order[at] = i
    return min(n + 1, len(order))


def contenders(signals: Floats, strengths: Floats, n: int) -> Rows:
    """Return the positions among which `fused` has to look for n articles, rising.

    Those are the strongest, as most sources speak for what is strong, and the first of the sources
    that don't: the newest, what is near the last reads, what readers alike went on to. To look
    among all would cost as much as everything else that a request over 95,000 articles does.

    Parameters
    ----------
    signals, strengths
        Of all articles that are left, (m, S) and (m,).
    n
        How many are looked for; at least 1.
    """
    found = [_largest(strengths, N_STRONGEST * n)]
    found.append(_largest(-signals[:, _COLUMN["age"]], N_SINGLE * n))
    for name in ("text_nearest", "alike"):  # 0 says nothing
        values = signals[:, _COLUMN[name]]
        says = np.flatnonzero(values > 0.0)
        found.append(says[_largest(values[says], N_SINGLE * n)])
    return distinct(np.concatenate(found))


def _largest(values: Floats, n: int) -> Rows:
    """Return the positions of the n largest and of all that equal the least of them, rising."""
    if n >= len(values):
        return np.arange(len(values))
    return np.flatnonzero(values >= np.partition(values, len(values) - n)[len(values) - n])


def _scores(signals: Floats, is_born: NDArray[np.bool_]) -> Floats:
    """Return what each source says of each article; minus infinity where it says nothing."""
    column = _COLUMN

    def of(name: str) -> Floats:
        return signals[:, column[name]]

    rising = of("clicks_now") - 0.5 * of("clicks_6h")
    scores = (
        np.where(of("clicks_1h") > 0.0, of("clicks_1h"), -np.inf),
        np.where(of("clicks_10m") > 0.0, rising, -np.inf),
        np.where(is_born, -of("age"), -np.inf),
        np.where(of("text_nearest") > 0.0, of("text_nearest"), -np.inf),
        np.where(of("alike") > 0.0, of("alike"), -np.inf),
        np.where(of("category_lift") > 0.0, of("category_lift") + of("clicks_hour"), -np.inf),
        np.where(of("credibility") > _NEUTRAL, of("credibility"), -np.inf),
    )
    return np.array(scores)


def brought_by(signals: Floats, weights: Floats) -> list[str]:
    """Name the source that did most to set each article apart from the others, (n, S).

    Parameters
    ----------
    signals
        Of the articles that are kept, (n, S).
    weights
        The retriever's, (S,).
    """
    if not len(signals):
        return []
    apart = (signals - signals.mean(axis=0)) * weights  # (n, S)
    groups = np.zeros((len(SIGNALS), len(SOURCES)))
    for index, signal in enumerate(SIGNALS):
        if signal.source in SOURCES:
            groups[index, SOURCES.index(signal.source)] = 1.0
    return [SOURCES[k] for k in (apart @ groups).argmax(axis=1).tolist()]
