"""Learning the news value from whole impressions: the same loss for the sum and for the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.knrs.config import METRICS, KnrsConfig
from cherryrec.knrs.values import LinearValue, NeuralValue, NewsValue
from cherryrec.listwise import (
    AdaGrad,
    Arrays,
    ListwiseLinear,
    has_contrast,
    listwise_gradient,
    load_optimizer,
    optimizer_arrays,
)

__all__ = ["LinearLearner", "NeuralLearner", "ValueLearner", "value_learner"]

Floats = NDArray[np.float64]  # n articles, H units
Bools = NDArray[np.bool_]

_RATE = 0.02
_SEED = 5
_LEARNED = ("bias", "hidden", "out", "weights")


class ValueLearner(Protocol):
    """Anything that learns a news value from examples."""

    def learn(self, metrics: Floats, clicked: Bools, weight: float = 1.0) -> None:
        """Descend the loss of one impression, (n, 5) and (n,), that stands for `weight`."""

    def value(self) -> NewsValue:
        """Return the news value as learned so far."""

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""


def value_learner(config: KnrsConfig) -> ValueLearner:
    """Return a fresh learner of the configured kind.

    Examples
    --------
    >>> type(value_learner(KnrsConfig(model="neural"))).__name__
    'NeuralLearner'
    """
    return NeuralLearner(config) if config.model == "neural" else LinearLearner(config)


class LinearLearner:
    """Learns w1 to w5, each at least 0, scaled to the sum they started with.

    Parameters
    ----------
    config
        Where the weights start.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.knrs.learners import LinearLearner
    >>> learner = LinearLearner(KnrsConfig(weights=(0.5, 0.0, 0.0, 0.5, 0.0)))

    What was clicked had more attention (the fourth metric), and that alone:

    >>> slate = np.array([[0.5, 0.5, 0.5, 0.9, 0.5], [0.5, 0.5, 0.5, 0.1, 0.5]])
    >>> learner.learn(slate, np.array([True, False]))
    >>> learner.value().weights.round(3).tolist()
    [0.49, 0.0, 0.0, 0.51, 0.0]
    """

    def __init__(self, config: KnrsConfig) -> None:
        self.start = np.array(config.weights)
        self._sum = self.start.sum()
        self._model = ListwiseLinear(len(METRICS), lr=_RATE, nonnegative=True, initial=self.start)

    def learn(self, metrics: Floats, clicked: Bools, weight: float = 1.0) -> None:
        """Descend the loss of one impression, (n, 5) and (n,), that stands for `weight`."""
        self._model.learn(metrics, clicked, weight)

    def value(self) -> LinearValue:
        """Return the weights as learned so far."""
        learned = self._model.weights
        total = learned.sum()
        if not total > 0:
            return LinearValue(self.start)
        return LinearValue(np.asarray(learned * (self._sum / total)))

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        return self._model.snapshot()

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned; the learner goes on bit by bit as the first would.

        Raises
        ------
        ModelError
            The state is of another kind.
        """
        if "hidden" in arrays or "weights" not in arrays:
            _refuse("linear", arrays)
        self._model.load(arrays)


class NeuralLearner:
    """Learns `V = w·f + out·relu(fᵀhidden + bias)`, all of it at once.

    The units start mute, out = 0: before the first example V is the linear one. Each unit's edge
    passes through a point of the unit cube, where the metrics are. w is kept at 0 or above as in
    the linear model, and all is scaled so that V stays within the sum the weights started with.

    Parameters
    ----------
    config
        Where the weights start, and the number of units.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.knrs.learners import NeuralLearner
    >>> fresh = NeuralLearner(KnrsConfig(weights=(0.5, 0.0, 0.0, 0.5, 0.0))).value()
    >>> fresh.weights.tolist(), bool(fresh.out.any())
    ([0.5, 0.0, 0.0, 0.5, 0.0], False)
    """

    def __init__(self, config: KnrsConfig) -> None:
        self.start = np.array(config.weights)
        rng = np.random.Generator(np.random.PCG64(_SEED))
        hidden = rng.standard_normal((len(METRICS), config.n_hidden))
        edges = rng.random(hidden.shape)  # a point of the cube for each unit
        self._state: dict[str, Floats] = {
            "weights": self.start.copy(),
            "hidden": hidden,
            "bias": -(edges * hidden).sum(axis=0),
            "out": np.zeros(config.n_hidden),
        }
        self._optimizers = {name: AdaGrad(lr=_RATE) for name in _LEARNED}

    def learn(self, metrics: Floats, clicked: Bools, weight: float = 1.0) -> None:
        """Descend the loss of one impression that stands for `weight`, if it has a contrast."""
        if not has_contrast(clicked):
            return
        weights, hidden, out = (self._state[name] for name in ("weights", "hidden", "out"))
        reached = metrics @ hidden + self._state["bias"]  # (n, H)
        units = np.maximum(reached, 0.0)
        residual = weight * listwise_gradient(metrics @ weights + units @ out, clicked)  # (n,)
        back = np.outer(residual, out) * (reached > 0.0)  # (n, H)
        slopes = {
            "weights": residual @ metrics,
            "hidden": metrics.T @ back,
            "bias": back.sum(axis=0),
            "out": residual @ units,
        }
        for name in _LEARNED:
            self._optimizers[name].step(self._state[name], slopes[name])
        np.maximum(weights, 0.0, out=weights)

    def value(self) -> NewsValue:
        """Return the network as learned so far."""
        weights, hidden, bias, out = (
            self._state[name] for name in ("weights", "hidden", "bias", "out")
        )
        most = weights.sum() + np.abs(out) @ (np.abs(hidden).sum(axis=0) + np.abs(bias))
        if not most > 0:
            return LinearValue(self.start)
        scale = self.start.sum() / most
        return NeuralValue(weights * scale, hidden.copy(), bias.copy(), out * scale)

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        arrays: Arrays = {}
        for name in _LEARNED:
            arrays[name] = self._state[name].copy()
            for key, value in optimizer_arrays(self._optimizers[name]).items():
                arrays[f"{name}/{key}"] = value
        return arrays

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned; the learner goes on bit by bit as the first would.

        Raises
        ------
        ModelError
            The state is of another kind, or of another number of units.
        """
        shapes = {name: arrays[name].shape for name in _LEARNED if name in arrays}
        if shapes != {name: array.shape for name, array in self._state.items()}:
            _refuse(f"neural with {len(self._state['out'])} units", arrays)
        for name in _LEARNED:
            self._state[name] = arrays[name].astype(np.float64)
            prefix = f"{name}/"
            load_optimizer(
                self._optimizers[name],
                {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)},
                shape=self._state[name].shape,
            )


def _refuse(wanted: str, arrays: Mapping[str, NDArray[np.generic]]) -> NoReturn:
    shapes = ", ".join(f"{name} {array.shape}" for name, array in sorted(arrays.items()))
    msg = f"state of the news value must be {wanted}, got {shapes}: it was taken of another model"
    raise ModelError(msg)
