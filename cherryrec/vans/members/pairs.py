"""All products of two features: Algorithm 1's degree 2, learned on top of its degree 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import AdaGrad
from cherryrec.vans.features import Feature
from cherryrec.vans.member import Member, Shapes
from cherryrec.vans.members.linear import FrozenQuadratic, Linear, ListwiseRegression

__all__ = ["Pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs(Member):
    """Algorithm 1's degree 2: a weight for every product of two features.

    Parameters
    ----------
    learning_rate
        AdaGrad's learning rate; above 0.
    l2
        Pull of every weight towards 0; at least 0.
    initial_accumulator
        What AdaGrad's sums of squares start from, so that a thousand interactions don't take a full
        step each on the first impression; at least 0.
    """

    name: ClassVar[str] = "pairs"
    on_top_of: ClassVar[str | None] = Linear.name
    is_default: ClassVar[bool] = False

    learning_rate: float = 0.01
    l2: float = 1e-3
    initial_accumulator: float = 1.0

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("learning_rate")
        self.require_at_least_0("l2", "initial_accumulator")

    def learner(
        self, features: tuple[Feature, ...], *, clip: float, seed: int
    ) -> ListwiseRegression:
        """Build what learns."""
        optimizer = AdaGrad(self.learning_rate, eps=self.initial_accumulator or 1e-8)
        return ListwiseRegression(features, degrees=(2,), optimizer=optimizer, l2=self.l2)

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenQuadratic:
        """Rebuild its frozen form."""
        return FrozenQuadratic.of_arrays(arrays)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays."""
        return {"weights": (n_features,), "matrix": (n_features, n_features)}
