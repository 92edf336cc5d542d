"""A factorisation machine: the degree-2 polynomial of Algorithm 1 with few numbers to learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import (
    AdaGrad,
    Arrays,
    listwise_gradient,
    load_optimizer,
    optimizer_arrays,
    warm_restart,
)
from cherryrec.vans.features import Feature
from cherryrec.vans.kernels import factor_scores, factor_slopes, split_products
from cherryrec.vans.member import FrozenMember, Member, Shapes, SlateMember, less_mean
from cherryrec.vans.snapshot import under

__all__ = ["FactorisedRegression", "Factors", "FrozenFactors"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors(Member):
    """A factorisation machine: Algorithm 1's interactions with few numbers.

    Parameters
    ----------
    n_factors
        Factors of each feature; above 0.
    learning_rate
        AdaGrad's learning rate of the weights; above 0.
    factor_learning_rate
        AdaGrad's learning rate of the factors; above 0.
    """

    name: ClassVar[str] = "factors"

    n_factors: int = 8
    learning_rate: float = 0.02
    factor_learning_rate: float = 0.01

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("n_factors", "learning_rate", "factor_learning_rate")

    def learner(
        self, features: tuple[Feature, ...], *, clip: float, seed: int
    ) -> FactorisedRegression:
        """Build what learns."""
        return FactorisedRegression(
            features,
            n_factors=self.n_factors,
            rate=self.learning_rate,
            factor_rate=self.factor_learning_rate,
            seed=seed,
        )

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenFactors:
        """Rebuild its frozen form."""
        return FrozenFactors.of_arrays(arrays)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays."""
        return {"weights": (n_features,), "factors": (n_features, self.n_factors)}


DEFAULTS = Factors()


class FrozenFactors(FrozenMember):
    """Scores z·w + ½ Σ_k ((z·v_k)² - (z²·v_k²)), centred within the slate.

    Each interaction is split half and half between its two features.
    """

    def __init__(self, weights: Floats, factors: Floats) -> None:
        self.weights = weights  # (F,)
        self.factors = factors  # (F, K)
        self._own = np.einsum("fk,fk->f", factors, factors)  # (F,)

    def contributions(self, Z: Floats) -> Floats:
        """Split the scores by feature, (n, F)."""
        others = (Z @ self.factors) @ self.factors.T - Z * self._own  # (n, F)
        return split_products(Z, 0.5 * others, self.weights, Z.shape[1])

    def scores(self, Z: Floats) -> Floats:
        """Score a slate without splitting, (n,), of mean 0."""
        return less_mean(self.uncentred(Z))

    def uncentred(self, Z: Floats) -> Floats:
        """Score rows by themselves, (n,)."""
        return factor_scores(Z, Z @ self.factors, self.weights, self._own)

    def arrays(self) -> Arrays:
        """Return weights and factors."""
        return {"weights": self.weights, "factors": self.factors}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> FrozenFactors:
        """Rebuild it from its arrays."""
        return cls(arrays["weights"].astype(np.float64), arrays["factors"].astype(np.float64))


class FactorisedRegression(SlateMember):
    """A linear part, and interactions whose weights are products of K factors of each feature.

    All products of two features (F²/2 weights) are too many for a small log; F·K factors are few,
    and a pair seldom seen together borrows from the others of its features. Learned listwise.

    Parameters
    ----------
    features
        The columns, in order.
    n_factors
        K; above 0.
    rate, factor_rate
        AdaGrad's learning rates of the weights and of the factors; above 0.
    eps
        What AdaGrad's sums of the factors start from; above 0.
    seed
        Of the factors' start.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import FactorisedRegression, Feature
    >>> model = FactorisedRegression((Feature("ctr"), Feature("age")), rate=0.03)
    >>> slate = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> model.learn_slate(slate, np.array([True, False]))

    AdaGrad's first step is its learning rate; the factors need two features that differ:

    >>> model.score_slate(slate).round(3).tolist()
    [0.03, -0.03]

    References
    ----------
    Rendle (2010), Factorization Machines, ICDM, equations 1 and 5,
    https://doi.org/10.1109/ICDM.2010.127
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        n_factors: int = DEFAULTS.n_factors,
        rate: float = DEFAULTS.learning_rate,
        factor_rate: float = DEFAULTS.factor_learning_rate,
        eps: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.features = features
        self.n_factors = n_factors
        self.rate = rate
        self.factor_rate = factor_rate
        self.eps = eps
        self.seed = seed
        rng = np.random.Generator(np.random.PCG64([seed, 4]))
        self.weights = np.zeros(len(features))
        self.factors = 0.02 * rng.standard_normal((len(features), n_factors))  # (F, K)
        self._optimizer = AdaGrad(rate)
        self._factor_optimizer = AdaGrad(factor_rate, eps=eps)
        self._frozen: FrozenFactors | None = None

    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Descend the listwise loss of one impression."""
        scores = self.frozen().uncentred(Z)
        slopes = listwise_gradient(scores if offset is None else scores + offset, clicked)
        self._step(weight * slopes, Z)

    def learn_row(self, z: Floats, y: float) -> None:
        """Descend the squared loss of one row."""
        self._step(np.array([2.0 * (self.predict_row(z) - y)]), z[np.newaxis])

    def predict_row(self, z: Floats) -> float:
        """Predict one row."""
        return float(self.frozen().uncentred(z[np.newaxis])[0])

    def frozen(self) -> FrozenFactors:
        """Return weights and factors as of now; the factors' random start is mute."""
        if self._frozen is None:
            has_learned = self._factor_optimizer.n_iterations > 0
            self._frozen = FrozenFactors(self.weights.copy(), self.factors * has_learned)
        return self._frozen

    def warm_restart(self, share: float) -> None:
        """Let AdaGrad take larger steps again."""
        warm_restart(self._optimizer, share)
        warm_restart(self._factor_optimizer, share)

    def snapshot(self) -> Arrays:
        """Return weights, factors and the accumulators of both."""
        state = {f"optimizer/{k}": v for k, v in optimizer_arrays(self._optimizer).items()}
        own = {f"factored/{k}": v for k, v in optimizer_arrays(self._factor_optimizer).items()}
        return {"weights": self.weights.copy(), "factors": self.factors.copy(), **state, **own}

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        self.weights = arrays["weights"].astype(np.float64)
        self.factors = arrays["factors"].astype(np.float64)
        for prefix, optimizer, shape in (
            ("optimizer", self._optimizer, self.weights.shape),
            ("factored", self._factor_optimizer, (self.factors.size,)),
        ):
            load_optimizer(optimizer, under(prefix, arrays), shape=shape)
        self._frozen = None

    def _step(self, slopes: Floats, Z: Floats) -> None:
        """Step against the slopes of a slate's scores, (n,)."""
        gradient, factor_gradient = factor_slopes(Z, Z @ self.factors, slopes, self.factors)
        self._optimizer.step(self.weights, gradient)
        self._factor_optimizer.step(self.factors.ravel(), factor_gradient.ravel())
        self._frozen = None
