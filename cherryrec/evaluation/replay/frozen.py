"""The features of a request as they were frozen at its selection, in the order of the log's row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.features import FEATURES
from cherryrec.open_requests import Frozen

__all__ = ["frozen_features"]


def frozen_features(frozen: Frozen, candidates: Sequence[str]) -> NDArray[np.float32]:
    """Return one row of features per candidate of the log, (n, F); a copy.

    Parameters
    ----------
    frozen
        What was frozen of the request, whose own order is by news value.
    candidates
        The slate of the log's row. One that the request dropped has a row of NaN.

    Examples
    --------
    >>> values = np.zeros((1, len(FEATURES)), dtype="<f4")
    >>> frozen = Frozen(("b",), values.tobytes(), b"")
    >>> np.isnan(frozen_features(frozen, ("a", "b"))).all(axis=1).tolist()
    [True, False]
    """
    place = {article_id: index for index, article_id in enumerate(frozen.articles)}
    n_columns = frozen.feature_array().shape[1] if place else len(FEATURES)
    aligned = np.full((len(candidates), n_columns), np.nan, dtype=np.float32)
    if place:
        kept = [i for i, article_id in enumerate(candidates) if article_id in place]
        aligned[kept] = frozen.feature_array()[[place[candidates[i]] for i in kept]]
    return aligned
