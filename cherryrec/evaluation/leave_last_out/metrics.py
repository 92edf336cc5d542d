"""The metrics of protocol B: one article is wanted, twenty are retrieved and ranked.

With r the rank of the wanted article, all of them are 0 where r is above their cut:

- MRR@5 is 1 / r, nDCG@5 is 1 / log2(1 + r), as the ideal order has the one article first;
- Recall@5 and Recall@20 are 1.

References
----------
Yue et al. (2023), LlamaRec: two-stage recommendation using large language models for ranking,
https://arxiv.org/abs/2311.02089: sections 4.2 and 4.3, with the users whose article was retrieved
reported apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["METRICS", "METRIC_TITLES", "N_RETRIEVED", "is_retrieved", "values_of_ranks"]

N_RETRIEVED = 20
"""Articles that are retrieved for each user, and then ranked."""

_CUT = 5

METRIC_TITLES = {
    "mrr@5": "MRR@5",
    "ndcg@5": "nDCG@5",
    "recall@5": "Recall@5",
    "recall@20": "Recall@20",
}
"""The metrics in the order of the columns, with their heads."""

METRICS = tuple(METRIC_TITLES)


def values_of_ranks(ranks: ArrayLike) -> NDArray[np.float64]:
    """Return the metrics of each user, (U, 4).

    Parameters
    ----------
    ranks
        Of the wanted articles, 1 = best, (U,); 0 where it was not retrieved.

    Examples
    --------
    >>> values_of_ranks([1, 3, 6, 21, 0]).round(2).tolist()  # doctest: +NORMALIZE_WHITESPACE
    [[1.0, 1.0, 1.0, 1.0], [0.33, 0.5, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0],
     [0.0, 0.0, 0.0, 0.0]]
    """
    found = np.asarray(ranks, np.float64)  # (U,)
    placed = np.where(found > 0, found, np.inf)
    within = placed <= _CUT
    return np.stack(
        [
            within / placed,
            within / np.log2(1.0 + placed),
            within.astype(np.float64),
            (placed <= N_RETRIEVED).astype(np.float64),
        ],
        axis=1,
    )


def is_retrieved(ranks: ArrayLike) -> NDArray[np.bool_]:
    """Say which users belong to the effective retrieval subset: theirs is among the twenty.

    Examples
    --------
    >>> is_retrieved([1, 20, 21, 0]).tolist()
    [True, True, False, False]
    """
    found = np.asarray(ranks)
    return np.asarray((found > 0) & (found <= N_RETRIEVED))
