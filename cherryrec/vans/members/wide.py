"""Networks that see an article's rank within its slate beside its values, and learn slower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cherryrec.vans.inputs import RANKS
from cherryrec.vans.members.net import Net

__all__ = ["Wide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide(Net):
    """Small networks with the slate's ranks as inputs, averaged.

    Parameters
    ----------
    n_nets
        Networks; above 0.
    n_hidden
        Rectified units of each; above 0.
    learning_rate
        Adam's learning rate of the units; above 0.
    skip_learning_rate
        AdaGrad's learning rate of the linear parts beside them; above 0.
    input_dropout
        Share of the inputs that a network leaves out of a step, in [0, 1).
    """

    name: ClassVar[str] = "wide"
    inputs: ClassVar[str] = RANKS

    learning_rate: float = 0.001
