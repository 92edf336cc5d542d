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

    Its settings are those of `Net`, with a slower rate of the units.
    """

    name: ClassVar[str] = "wide"
    inputs: ClassVar[str] = RANKS

    learning_rate: float = 0.001
