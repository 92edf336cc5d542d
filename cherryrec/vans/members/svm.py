"""A linear ranking SVM: every clicked article should beat every other one by a margin of 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import (
    AdaGrad,
    Arrays,
    Optimizer,
    load_optimizer,
    optimizer_arrays,
    warm_restart,
)
from cherryrec.vans.features import Feature, context_mask
from cherryrec.vans.inputs import ALL
from cherryrec.vans.kernels import hinge_slopes
from cherryrec.vans.member import Member, Shapes, SlateMember
from cherryrec.vans.members.linear import FrozenQuadratic
from cherryrec.vans.snapshot import under

__all__ = ["SVM", "PairwiseSVM"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SVM(Member):
    """A linear ranking SVM.

    Parameters
    ----------
    learning_rate
        AdaGrad's learning rate; above 0.
    l2
        Pull of every weight towards 0; at least 0.
    """

    name: ClassVar[str] = "svm"
    inputs: ClassVar[str] = ALL

    learning_rate: float = 0.02
    l2: float = 1e-4

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("learning_rate")
        self.require_at_least_0("l2")

    def learner(self, features: tuple[Feature, ...], *, clip: float, seed: int) -> PairwiseSVM:
        """Build what learns."""
        return PairwiseSVM(features, optimizer=AdaGrad(self.learning_rate), l2=self.l2)

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenQuadratic:
        """Rebuild its frozen form."""
        return FrozenQuadratic.of_arrays(arrays)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays."""
        return {"weights": (n_features,)}


DEFAULTS = SVM()


class PairwiseSVM(SlateMember):
    """Pairwise hinge loss, L2, averaged weights.

    The loss of an impression is the mean over its pairs (clicked i, unclicked j) of
    max(0, 1 - (sᵢ - sⱼ)). Row by row it is support vector regression; the ε-insensitive loss is
    written here since River 0.26's learns 2y - 1 in place of y.

    Parameters
    ----------
    features
        The columns, in order.
    optimizer
        Any River optimizer that steps vectors; AdaGrad at the rate of `SVM` when absent.
    l2
        Pull of every weight towards 0; at least 0.
    averaging
        Steps whose mean is taken for scoring; above 0, 1 for none.
    epsilon
        Half the width of the tube in which `learn_one` is content; at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, PairwiseSVM
    >>> model = PairwiseSVM((Feature("ctr"), Feature("age")), l2=0.0)
    >>> slate = np.array([[1.0, 0.5], [-1.0, 0.5]])
    >>> model.learn_slate(slate, np.array([True, False]))
    >>> model.score_slate(slate).round(3).tolist()
    [0.02, -0.02]

    References
    ----------
    Joachims, T. (2002). Optimizing search engines using clickthrough data. KDD.
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        optimizer: Optimizer | None = None,
        l2: float = DEFAULTS.l2,
        averaging: int = 500,
        epsilon: float = 0.1,
    ) -> None:
        self.features = features
        self.optimizer = AdaGrad(DEFAULTS.learning_rate) if optimizer is None else optimizer
        self.l2 = l2
        self.averaging = averaging
        self.epsilon = epsilon
        self._gradient_mask = (~context_mask(features)).astype(np.float64)  # (F,)
        self.weights = np.zeros(len(features))
        self.averaged = np.zeros(len(features))
        self.intercept = 0.0

    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Descend the hinge of one impression's pairs."""
        scores = Z @ self.weights
        if offset is not None:
            scores = scores + offset
        self._step(weight * (hinge_slopes(scores, clicked) @ Z) * self._gradient_mask)

    def learn_row(self, z: Floats, y: float) -> None:
        """Descend the ε-insensitive loss of one row."""
        miss = float(z @ self.weights + self.intercept) - y
        slope = float(np.sign(miss)) if abs(miss) > self.epsilon else 0.0
        self.intercept -= 0.01 * slope
        self._step(slope * z)

    def predict_row(self, z: Floats) -> float:
        """Predict one row with the averaged weights."""
        return float(z @ self.averaged + self.intercept)

    def frozen(self) -> FrozenQuadratic:
        """Return the averaged weights."""
        return FrozenQuadratic(self.averaged, None)

    def warm_restart(self, share: float) -> None:
        """Let AdaGrad take larger steps again."""
        warm_restart(self.optimizer, share)

    def snapshot(self) -> Arrays:
        """Return both weights, intercept and the optimizer's accumulators."""
        state = {f"optimizer/{k}": v for k, v in optimizer_arrays(self.optimizer).items()}
        return {
            "weights": self.weights.copy(),
            "averaged": self.averaged,
            "intercept": np.array(self.intercept),
            **state,
        }

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        self.weights = arrays["weights"].astype(np.float64)
        self.averaged = arrays["averaged"].astype(np.float64)
        self.intercept = float(arrays["intercept"])
        state = under("optimizer", arrays)
        load_optimizer(self.optimizer, state, shape=self.weights.shape)

    def _step(self, gradient: Floats) -> None:
        """Let the optimizer step, then move the average."""
        self.optimizer.step(self.weights, gradient + self.l2 * self.weights)
        share = 1.0 / min(self.optimizer.n_iterations, self.averaging)
        self.averaged = self.averaged + share * (self.weights - self.averaged)
