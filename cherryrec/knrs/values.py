"""The news value: one number for each article from its five metrics, linear or a small network.

What a worker selects with. It is made of a few arrays, which a serving snapshot carries, and says
by itself which kind it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.knrs.config import METRICS

__all__ = ["LinearValue", "NeuralValue", "NewsValue", "value_of"]

Floats = NDArray[np.float64]  # n articles, H units


class NewsValue(Protocol):
    """Anything that values articles by their metrics."""

    def values(self, metrics: Floats) -> Floats:
        """Return the news value of each row, (n, 5) → (n,)."""

    def arrays(self) -> dict[str, Floats]:
        """Return the weights by name, for a snapshot."""


class LinearValue:
    """The paper's weighted sum, `V = w·f`.

    Parameters
    ----------
    weights
        w1 to w5, (5,).

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.knrs import LinearValue
    >>> value = LinearValue(np.array([0.5, 0.0, 0.5, 0.0, 0.0]))
    >>> value.values(np.array([[1.0, 0.0, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0, 1.0]])).tolist()
    [0.75, 0.0]
    """

    def __init__(self, weights: Floats) -> None:
        _check("weights", weights, (len(METRICS),))
        self.weights = weights

    def values(self, metrics: Floats) -> Floats:
        """Return the news value of each row, (n, 5) → (n,)."""
        return np.asarray(metrics @ self.weights)

    def arrays(self) -> dict[str, Floats]:
        """Return the weights by name, for a snapshot."""
        return {"weights": self.weights}


class NeuralValue:
    """A network with one hidden layer beside the weighted sum, `V = w·f + out·relu(fᵀhidden + b)`.

    A unit adds something where its metrics come together, which no weighted sum does: fresh and
    widely read, say.

    Parameters
    ----------
    weights
        w1 to w5, (5,).
    hidden, bias
        What leads into the units, (5, H) and (H,).
    out
        What leads out of them, (H,).

    Examples
    --------
    One unit that is on where relevance and attention come to more than 1 together:

    >>> import numpy as np
    >>> from cherryrec.knrs import NeuralValue
    >>> hidden = np.array([[1.0], [0.0], [0.0], [1.0], [0.0]])
    >>> value = NeuralValue(np.zeros(5), hidden, np.array([-1.0]), np.array([2.0]))
    >>> value.values(np.array([[1.0, 0, 0, 0, 0], [0, 0, 0, 1.0, 0], [1.0, 0, 0, 1.0, 0]])).tolist()
    [0.0, 0.0, 2.0]
    """

    def __init__(self, weights: Floats, hidden: Floats, bias: Floats, out: Floats) -> None:
        _check("weights", weights, (len(METRICS),))
        _check("out", out, (len(out),) if out.ndim == 1 else (-1,))
        _check("hidden", hidden, (len(METRICS), len(out)))
        _check("bias", bias, out.shape)
        self.weights = weights
        self.hidden = hidden
        self.bias = bias
        self.out = out

    def values(self, metrics: Floats) -> Floats:
        """Return the news value of each row, (n, 5) → (n,)."""
        units = np.maximum(metrics @ self.hidden + self.bias, 0.0)  # (n, H)
        return np.asarray(metrics @ self.weights + units @ self.out)

    def arrays(self) -> dict[str, Floats]:
        """Return the weights by name, for a snapshot."""
        return {
            "weights": self.weights,
            "hidden": self.hidden,
            "bias": self.bias,
            "out": self.out,
        }


def value_of(arrays: Mapping[str, NDArray[np.generic]]) -> NewsValue:
    """Rebuild a news value from what its `arrays` returned.

    Raises
    ------
    ModelError
        The arrays are of no kind, of another shape, or not finite.
    """
    named = {name: array.astype(np.float64) for name, array in sorted(arrays.items())}
    if set(named) == {"weights"}:
        return LinearValue(**named)
    if set(named) == {"weights", "hidden", "bias", "out"}:
        return NeuralValue(**named)
    msg = (
        "arrays of a news value must be weights, or weights, hidden, bias and out, "
        f"got {', '.join(named) or 'none'}"
    )
    raise ModelError(msg)


def _check(name: str, array: Floats, shape: tuple[int, ...]) -> None:
    if array.shape != shape or not np.isfinite(array).all():
        msg = f"{name} of a news value must be finite and of shape {shape}, got {array!r}"
        raise ModelError(msg)
