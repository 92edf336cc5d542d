"""Claim: the window forest learns an impression in a tenth of the time of River's adaptive forest.

Both are fed the same slates and ranked before they learn them: ten trees each, River's by the row,
as it learns. How well they rank is printed beside it: the forest in its place need not be better,
it must be affordable and a few plain arrays.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from river import forest

from benchmarks._report import header, spread, verdict
from cherryrec.vans import Feature, WindowForest
from cherryrec.vans.drift import misordered

SEED = 0
N_RUNS = 3
N_IMPRESSIONS = 300
N_ARTICLES, N_FEATURES = 10, 10
MOST = 0.1
FEATURES = tuple(Feature(f"f{k}") for k in range(N_FEATURES))
Slate = tuple[NDArray[np.float64], NDArray[np.bool_]]


def slates(seed: int) -> Iterator[Slate]:
    """Draw slates whose reader likes two features, one of them only up to a point."""
    rng = np.random.default_rng(seed)
    for _ in range(N_IMPRESSIONS):
        Z = rng.normal(size=(N_ARTICLES, N_FEATURES))
        liking = 1.5 * Z[:, 0] + 1.5 * np.minimum(Z[:, 1], 0.5) + rng.gumbel(size=N_ARTICLES)
        yield Z, liking == liking.max()


def window(seed: int) -> tuple[float, float]:
    """Return microseconds an impression and AUC of the window forest."""
    model = WindowForest(FEATURES, n_trees=10, min_leaf=20.0, leaf_shrinkage=20.0, seed=seed)
    taken, errors = 0.0, []
    for Z, clicked in slates(seed):
        started = time.perf_counter()
        errors.append(misordered(model.score_slate(Z), clicked))
        model.learn_slate(Z, clicked)
        taken += time.perf_counter() - started
    return 1e6 * taken / N_IMPRESSIONS, 1.0 - float(np.mean(errors))


def adaptive(seed: int) -> tuple[float, float]:
    """Return the same of River's adaptive random forest."""
    model = forest.ARFRegressor(n_models=10, seed=seed)
    taken, errors = 0.0, []
    for Z, clicked in slates(seed):
        rows = [{str(k): float(z) for k, z in enumerate(row)} for row in Z]
        started = time.perf_counter()
        scores = np.array([model.predict_one(row) for row in rows])
        errors.append(misordered(scores, clicked))
        for row, label in zip(rows, clicked.tolist(), strict=True):
            model.learn_one(row, float(label))
        taken += time.perf_counter() - started
    return 1e6 * taken / N_IMPRESSIONS, 1.0 - float(np.mean(errors))


def main() -> int:
    """Print the table; exit 1 where the claim does not hold."""
    header(f"a forest of 10 trees, {N_IMPRESSIONS} impressions of {N_ARTICLES} articles", seed=SEED)
    window(SEED)  # compiles
    own, rivers = ([run(SEED + k) for k in range(N_RUNS)] for run in (window, adaptive))
    for name, runs in (("window forest", own), ("River's ARFRegressor", rivers)):
        cost, quality = ([run[k] for run in runs] for k in (0, 1))
        print(f"{name}: {spread(cost)} µs an impression, AUC {spread(quality, 3)}")
    ratio = statistics.median(a[0] / b[0] for a, b in zip(own, rivers, strict=True))
    return 0 if verdict("window forest over River's, time", ratio, most=MOST) else 1


if __name__ == "__main__":
    sys.exit(main())
