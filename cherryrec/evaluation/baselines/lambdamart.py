"""Boosted trees of CherryRec's own features, fitted again and again: what batch rankers do."""

from __future__ import annotations

from collections import deque
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.listwise import has_contrast
from cherryrec.vans import Feature

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["LambdaMart"]


class LambdaMart:
    """LightGBM's LambdaMART, fitted from nothing every `refit_every` impressions.

    Before the first fit it ranks by `prior_feature`. Impressions without a clicked and an unclicked
    article are left out. One thread and fixed seeds: same impressions, same scores.

    Memory: `max_rows` rows of the latest impressions in float32, copied while a model is fitted.

    Parameters
    ----------
    features
        The columns of the matrices, in order.
    prior_feature
        Name of the feature that ranks before the first fit; None ranks nothing.
    refit_every
        Impressions from one fit to the next; above 0.
    max_rows
        Bound of the window, in candidates; above 0. The latest impression always stays.
    n_trees, n_leaves, rate
        Trees of a model, above 0, leaves of a tree, above 1, and the shrinkage, above 0. Few
        leaves: a few thousand impressions are a small log, and 31 overfit it.
    feature_share
        Share of the features drawn for each tree; in (0, 1].
    seed
        At least 0.

    Raises
    ------
    ConfigError
        LightGBM is not installed, or `prior_feature` is no feature.

    References
    ----------
    Burges (2010), From RankNet to LambdaRank to LambdaMART: an overview, Microsoft Research,
    MSR-TR-2010-82. Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree,
    NeurIPS.
    """

    name = "LambdaMART"

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        prior_feature: str | None = None,
        refit_every: int = 1_000,
        max_rows: int = 200_000,
        n_trees: int = 200,
        n_leaves: int = 7,
        rate: float = 0.05,
        feature_share: float = 0.5,
        seed: int = 0,
    ) -> None:
        names = [feature.name for feature in features]
        if prior_feature is not None and prior_feature not in names:
            msg = f"prior_feature must be one of {names!r}, got {prior_feature!r}"
            raise ConfigError(msg)
        self._prior = None if prior_feature is None else names.index(prior_feature)
        self._refit_every = refit_every
        self._max_rows = max_rows
        self._n_trees = n_trees
        self._settings = {
            "objective": "lambdarank",
            "num_leaves": n_leaves,
            "learning_rate": rate,
            "feature_fraction": feature_share,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "verbosity": -1,
        }
        self._lightgbm = _lightgbm()
        self._window: deque[tuple[NDArray[np.float32], NDArray[np.bool_]]] = deque()
        self._n_rows = 0
        self._n_learned = 0
        self._model: Booster | None = None

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the latest model's score of each candidate, (n, F) → (n,)."""
        if self._model is None:
            return np.zeros(len(features)) if self._prior is None else features[:, self._prior]
        return np.asarray(self._model.predict(features), dtype=np.float64)

    def learn(self, features: NDArray[np.float64], clicked: NDArray[np.bool_]) -> None:
        """Keep the impression, and fit a new model where it is time."""
        if not has_contrast(clicked):
            return
        self._window.append((features.astype(np.float32), clicked.copy()))
        self._n_rows += len(clicked)
        while self._n_rows > self._max_rows and len(self._window) > 1:
            self._n_rows -= len(self._window.popleft()[1])
        self._n_learned += 1
        if self._n_learned % self._refit_every == 0:
            self._fit()

    def _fit(self) -> None:
        """Fit a new model to the whole window."""
        rows = self._lightgbm.Dataset(
            np.concatenate([features for features, _ in self._window]),
            label=np.concatenate([clicked for _, clicked in self._window]).astype(np.float32),
            group=[len(clicked) for _, clicked in self._window],
        )
        self._model = self._lightgbm.train(self._settings, rows, num_boost_round=self._n_trees)


def _lightgbm() -> ModuleType:
    """Import LightGBM, which only this baseline needs."""
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: its library lacks libgomp
        msg = f"LambdaMART needs the extra `boosting`: pip install 'cherryrec[boosting]' ({error})"
        raise ConfigError(msg) from error
    return lightgbm
