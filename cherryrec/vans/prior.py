"""The weights that VaNS starts from: learned on generated worlds, shipped, by feature name.

`benchmarks/vans_prior.py` learns them again. Nothing of a real log is in them: what is the same on
every news site (an article just read is not read again, what others click draws clicks) is known
from the first example on, the rest is learned from there.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from cherryrec.errors import ConfigError

__all__ = ["FILE", "STARTS", "shipped_weights", "starting_weights"]

FILE = "prior.json"
"""Beside this module: feature name → weight of its standardised values."""

STARTS = ("generated", "zero")
"""What the weights may start from."""


def starting_weights(start: str) -> MappingProxyType[str, float]:
    """Return the weights to start from, by feature name; a feature without one starts at 0.

    Parameters
    ----------
    start
        `generated`, or `zero` for none.

    Raises
    ------
    ConfigError
        It is no such start.

    Examples
    --------
    >>> from cherryrec.vans.prior import starting_weights
    >>> weights = starting_weights("generated")
    >>> weights["times_read"] < 0 < weights["ctr_all"]
    True
    >>> dict(starting_weights("zero"))
    {}
    """
    if start not in STARTS:
        msg = f"start must be one of {STARTS!r}, got {start!r}"
        raise ConfigError(msg)
    return shipped_weights() if start == "generated" else MappingProxyType({})


@lru_cache(maxsize=1)
def shipped_weights() -> MappingProxyType[str, float]:
    """Read the weights that are shipped, once."""
    weights = json.loads((resources.files(__package__) / FILE).read_text(encoding="utf-8"))
    assert all(math.isfinite(w) for w in weights.values()), f"{FILE} must hold finite weights"
    return MappingProxyType(weights)
