"""Algorithm 1 of the paper: standardised features and their interactions, L2, gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import (
    AdaGrad,
    Arrays,
    Optimizer,
    linear_gradient,
    listwise_gradient,
    load_optimizer,
    optimizer_arrays,
    warm_restart,
)
from cherryrec.vans.features import Feature, context_mask
from cherryrec.vans.inputs import ALL
from cherryrec.vans.kernels import centred
from cherryrec.vans.member import FrozenMember, Member, Shapes, SlateMember, less_mean
from cherryrec.vans.prior import STARTS, starting_weights
from cherryrec.vans.snapshot import under

__all__ = [
    "FrozenQuadratic",
    "Linear",
    "ListwiseRegression",
    "interaction_matrix",
    "interactions",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(Member):
    """Algorithm 1, degree 1.

    Parameters
    ----------
    learning_rate
        AdaGrad's learning rate; above 0.
    l2
        Pull of every weight towards where it started; at least 0.
    start
        What the weights start from: `generated` (learned on generated worlds, shipped) or `zero`.
    """

    name: ClassVar[str] = "linear"
    inputs: ClassVar[str] = ALL

    learning_rate: float = 0.04
    l2: float = 1e-5
    start: str = "generated"

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("learning_rate")
        self.require_at_least_0("l2")
        self.require(self.start in STARTS, "start", f"one of {STARTS!r}")

    def learner(
        self, features: tuple[Feature, ...], *, clip: float, seed: int
    ) -> ListwiseRegression:
        """Build what learns."""
        return ListwiseRegression(
            features,
            degrees=(1,),
            optimizer=AdaGrad(self.learning_rate),
            l2=self.l2,
            initial=starting_weights(self.start),
        )

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenQuadratic:
        """Rebuild its frozen form."""
        return FrozenQuadratic.of_arrays(arrays)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays."""
        return {"weights": (n_features,)}


class FrozenQuadratic(FrozenMember):
    """Scores z·w + zᵀAz, centred within the slate.

    Column j of A holds what feature j's contribution takes from each other feature: the weight of
    an interaction is split half and half between its two features; that of an interaction with a
    context feature goes wholly to the other one, as a context alone prefers no article.
    """

    def __init__(self, weights: Floats, matrix: Floats | None) -> None:
        self.weights = weights  # (F,)
        self.matrix = matrix  # (F, F), absent without interactions

    def contributions(self, Z: Floats) -> Floats:
        """Split the scores by feature, (n, F)."""
        return centred(Z * self._factor(Z), Z.shape[1])

    def scores(self, Z: Floats) -> Floats:
        """Score a slate without splitting, (n,), of mean 0."""
        if self.matrix is None:
            return less_mean(Z @ self.weights)
        return less_mean(np.einsum("nf,nf->n", Z, self._factor(Z)))

    def arrays(self) -> Arrays:
        """Return the weights, and the matrix where there is one."""
        if self.matrix is None:
            return {"weights": self.weights}
        return {"weights": self.weights, "matrix": self.matrix}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> FrozenQuadratic:
        """Rebuild it from its arrays."""
        matrix = arrays["matrix"].astype(np.float64) if "matrix" in arrays else None
        return cls(arrays["weights"].astype(np.float64), matrix)

    def _factor(self, Z: Floats) -> Floats:
        """Return what each value is multiplied by, (F,) or (n, F)."""
        return self.weights if self.matrix is None else Z @ self.matrix + self.weights


class ListwiseRegression(SlateMember):
    """Linear regression on features of degree 1, 2 or both, learned listwise.

    The loss of an impression is the mean over its clicks of -log softmax(scores). Products of two
    features are centred within the slate again, which leaves the gradient as it is: Zᵀ diag(r) Z
    for r = softmax - clicks, because r sums to 0. So no product is ever written out.

    Parameters
    ----------
    features
        The columns, in order.
    degrees
        `(1,)`, `(2,)` or `(1, 2)`. Degree 2 holds all products of two features, squares included,
        but those of two context features, which are constant over a slate.
    optimizer
        Any River optimizer that steps vectors; AdaGrad when absent.
    l2
        Pull of every weight towards its initial value; at least 0.
    intercept_lr
        Learning rate of the intercept; only `learn_one` moves it.
    initial
        Weight of degree 1 to start from, by feature name; 0 for those that are not there.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, ListwiseRegression
    >>> model = ListwiseRegression((Feature("ctr"), Feature("age")), degrees=(1,), l2=0.0)
    >>> slate = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> model.learn_slate(slate, np.array([True, False]))

    AdaGrad's first step is its learning rate, 0.03:

    >>> model.score_slate(slate).round(3).tolist()
    [0.03, -0.03]
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        degrees: tuple[int, ...] = (1, 2),
        optimizer: Optimizer | None = None,
        l2: float = 0.0,
        intercept_lr: float = 0.01,
        initial: Mapping[str, float] | None = None,
    ) -> None:
        self.features = features
        self.degrees = degrees
        self.optimizer = AdaGrad() if optimizer is None else optimizer
        self.l2 = l2
        self.intercept_lr = intercept_lr
        self.initial = initial
        self._is_context = context_mask(features)
        self._gradient_mask = (~self._is_context).astype(np.float64)  # (F,)
        n_linear = len(features) if 1 in degrees else 0
        n_pairs = len(interactions(self._is_context.tobytes())[0]) if 2 in degrees else 0
        self.start = np.zeros(n_linear + n_pairs)
        if initial and n_linear:
            self.start[:n_linear] = [initial.get(feature.name, 0.0) for feature in features]
        self.weights = self.start.copy()
        self.intercept = 0.0
        self._frozen: FrozenQuadratic | None = None

    @property
    def n_linear(self) -> int:
        """How many of the weights are of degree 1."""
        return len(self.features) if 1 in self.degrees else 0

    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Descend the listwise loss of one impression."""
        if self.degrees == (1,) and offset is None:
            gradient = linear_gradient(Z, self.weights, self.start, self.l2, clicked)
            self._step(weight * gradient * self._gradient_mask)
            return
        scores = self.score_slate(Z)
        residual = listwise_gradient(scores if offset is None else scores + offset, clicked)
        gradient = self._degrees_of(residual, Z)
        gradient[: self.n_linear] *= self._gradient_mask[: self.n_linear]
        self._step(weight * (gradient + self._pull()))

    def learn_row(self, z: Floats, y: float) -> None:
        """Descend the squared loss of one row, as River's LinearRegression."""
        slope = 2.0 * (self.predict_row(z) - y)
        self.intercept -= self.intercept_lr * slope
        self._step(self._degrees_of(np.array([slope]), z[np.newaxis]) + self._pull())

    def predict_row(self, z: Floats) -> float:
        """Predict one row, intercept included."""
        phi = self._degrees_of(np.ones(1), z[np.newaxis])
        return float(phi @ self.weights + self.intercept)

    def frozen(self) -> FrozenQuadratic:
        """Return the weights as a vector and a matrix."""
        if self._frozen is None:
            n_features = len(self.features)
            linear = self.weights[: self.n_linear].copy() if self.n_linear else np.zeros(n_features)
            pairs = self.weights[self.n_linear :]
            matrix = interaction_matrix(pairs, self._is_context) if 2 in self.degrees else None
            self._frozen = FrozenQuadratic(linear, matrix)
        return self._frozen

    def warm_restart(self, share: float) -> None:
        """Let AdaGrad take larger steps again."""
        warm_restart(self.optimizer, share)

    def snapshot(self) -> Arrays:
        """Return weights, intercept and the optimizer's accumulators."""
        state = {f"optimizer/{k}": v for k, v in optimizer_arrays(self.optimizer).items()}
        return {"weights": self.weights.copy(), "intercept": np.array(self.intercept), **state}

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        self.weights = arrays["weights"].astype(np.float64)
        self.intercept = float(arrays["intercept"])
        state = under("optimizer", arrays)
        load_optimizer(self.optimizer, state, shape=self.weights.shape)
        self._frozen = None

    def _pull(self) -> Floats:
        """Differentiate the L2 penalty."""
        return np.asarray(self.l2 * (self.weights - self.start))

    def _step(self, gradient: Floats) -> None:
        """Let the optimizer step along the gradient."""
        self.optimizer.step(self.weights, gradient)
        self._frozen = None

    def _degrees_of(self, factors: Floats, Z: Floats) -> Floats:
        """Sum the rows' features of each degree, times the rows' factors."""
        linear: Floats = factors @ Z  # (F,)
        if 2 not in self.degrees:
            return linear
        products = (factors[:, np.newaxis] * Z).T @ Z  # (F, F)
        pairs = products.ravel()[interactions(self._is_context.tobytes())[0]]
        return np.concatenate([linear, pairs]) if 1 in self.degrees else pairs


def interaction_matrix(weights: Floats, is_context: Bools) -> Floats:
    """Lay the weights of `interactions` out as the matrix of `FrozenQuadratic`, (F, F)."""
    n_features = len(is_context)
    upper, lower, upper_share = interactions(is_context.tobytes())
    matrix = np.zeros(n_features * n_features)
    matrix[upper] = weights * upper_share
    matrix[lower] += weights * (1.0 - upper_share)
    return matrix.reshape(n_features, n_features)


@lru_cache(maxsize=16)
def interactions(is_context: bytes) -> tuple[Ints, Ints, Floats]:
    """Return each interaction's flat place (i, j), (j, i), and the share of feature j."""
    context = np.frombuffer(is_context, dtype=np.bool_)
    n_features = len(context)
    i, j = np.triu_indices(n_features)
    kept = ~(context[i] & context[j])
    i, j = i[kept], j[kept]
    share = np.where(i == j, 1.0, np.where(context[i], 1.0, np.where(context[j], 0.0, 0.5)))
    return i * n_features + j, j * n_features + i, share
