"""Small listwise networks with a linear skip part, several of different seeds averaged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature
from cherryrec.vans.inputs import CENTRED, RAW
from cherryrec.vans.member import Part, SlateMember, centred

__all__ = ["ListwiseNet", "NetPart"]

Floats = NDArray[np.float64]
F32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

_STATE = (
    "hidden",
    "out",
    "skip",
    "hidden_mean",
    "hidden_square",
    "out_mean",
    "out_square",
    "skip_squares",
)
_SERVED = ("hidden", "out", "skip")
_STEPS_DRAWN = 64


class NetPart(Part):
    """Scores Σ_s (skip_s·z + out_s·relu(zᵀhidden_s)) / S, centred within the slate.

    Without intercepts a network is linear in z wherever the same units are on, so the gradient
    times the input splits every score exactly by feature. Of two inputs of
    one feature the contributions are added.
    """

    def __init__(self, hidden: F32, out: F32, skip: F32, n_features: int) -> None:
        n_nets, n_inputs, _ = hidden.shape
        self._arrays = {"hidden": hidden, "out": out, "skip": skip}
        self._hidden = hidden.transpose(1, 0, 2).reshape(n_inputs, -1).astype(np.float64)
        self._out = out.reshape(-1).astype(np.float64) / n_nets  # (S·H,)
        self._skip = np.zeros(n_inputs)
        self._skip[: skip.shape[1]] = skip.mean(axis=0)
        self.n_features = n_features

    def contributions(self, Z: Floats) -> Floats:
        """Split the scores by feature, (n, inputs) → (n, F)."""
        is_on = Z @ self._hidden > 0.0  # (n, S·H)
        parts = Z * ((is_on * self._out) @ self._hidden.T + self._skip)  # (n, inputs)
        F = self.n_features
        return centred(parts[:, :F] + parts[:, F:] if parts.shape[1] > F else parts)

    def scores(self, Z: Floats) -> Floats:
        """Score a slate without splitting, (n, inputs) → (n,), of mean 0."""
        scores = np.maximum(Z @ self._hidden, 0.0) @ self._out + Z @ self._skip
        return np.asarray(scores - scores.mean())

    def arrays(self) -> Arrays:
        """Return the weights."""
        return dict(self._arrays)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], n_features: int) -> NetPart:
        """Rebuild the part from its arrays."""
        hidden, out, skip = (arrays[name].astype(np.float32) for name in _SERVED)
        return cls(hidden, out, skip, n_features)


class ListwiseNet(SlateMember):
    """S networks of H rectified units and a linear skip part, averaged, learned listwise.

    Each has its own start and drops its own inputs while it learns, and each descends its own
    softmax loss: they differ, and their mean is better than any of them. The units learn by Adam,
    the skip part by AdaGrad.

    Parameters
    ----------
    features
        The columns, in order.
    sees
        What it sees of a slate: see `inputs`. Of uncentred values the skip part sees nothing: they
        differ from the centred ones by a constant only.
    n_nets, n_hidden
        Networks, and units of each; above 0.
    rate, skip_rate
        Adam's and AdaGrad's learning rates; above 0.
    dropout
        Share of the inputs that is left out of a step, in [0, 1).
    l2
        Pull of the units' weights towards 0; at least 0.
    seed
        Of the start and of what is dropped.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature, ListwiseNet
    >>> model = ListwiseNet((Feature("ctr"),), rate=1e-9, skip_rate=0.03, dropout=0.0)
    >>> slate = np.array([[1.0], [-1.0]])

    Its first step is that of the skip part, AdaGrad's rate; the units start mute:

    >>> model.learn_slate(slate, np.array([True, False]))
    >>> model.score_slate(slate).round(2).tolist()
    [0.03, -0.03]

    References
    ----------
    Srivastava et al. (2014), Dropout, JMLR 15; Kingma and Ba (2015), Adam, ICLR.
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        sees: str = CENTRED,
        n_nets: int = 4,
        n_hidden: int = 16,
        rate: float = 0.002,
        skip_rate: float = 0.02,
        dropout: float = 0.2,
        l2: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.features = features
        self.sees = sees
        self.n_nets = n_nets
        self.n_hidden = n_hidden
        self.rate = rate
        self.skip_rate = skip_rate
        self.dropout = dropout
        self.l2 = l2
        self.seed = seed
        self.n_learned = 0
        n_inputs = len(features) * (1 if sees == CENTRED else 2)
        self._n_skip = len(features) if sees == RAW else n_inputs
        rng = np.random.Generator(np.random.PCG64([seed, 2]))
        hidden = rng.standard_normal((n_nets, n_inputs, n_hidden)) / np.sqrt(n_inputs)
        self._state: dict[str, F32] = {
            "hidden": hidden.astype(np.float32),
            "out": np.zeros((n_nets, n_hidden), np.float32),
            "skip": np.zeros((n_nets, self._n_skip), np.float32),
        }
        for name in ("hidden", "out"):
            for kind in ("mean", "square"):
                self._state[f"{name}_{kind}"] = np.zeros_like(self._state[name])
        self._state["skip_squares"] = np.zeros_like(self._state["skip"])
        self._block = -1
        self._drawn: F32 = np.zeros(0, np.float32)
        self._part: NetPart | None = None

    def learn_slate(self, Z: Floats, clicked: Bools, offset: Floats | None = None) -> None:
        """Descend the listwise loss of one impression; networks stand alone, without offset."""
        target = clicked / np.count_nonzero(clicked)
        self._learn(Z.astype(np.float32), target.astype(np.float32))

    def learn_row(self, z: Floats, y: float) -> None:
        """Learn one row against the average one, as a slate of two."""
        row = np.zeros((2, self._state["hidden"].shape[1]), np.float32)
        row[0, : len(z)] = z
        share = float(np.clip(y, 0.0, 1.0))
        self._learn(row, np.array([share, 1.0 - share], np.float32))

    def predict_row(self, z: Floats) -> float:
        """Predict one row's log odds against the average one."""
        row = np.zeros((2, self._state["hidden"].shape[1]))
        row[0, : len(z)] = z
        scores = self.part().scores(row)
        return float(scores[0] - scores[1])

    def part(self) -> NetPart:
        """Return the networks as of now."""
        if self._part is None:
            hidden, out, skip = (self._state[name].copy() for name in _SERVED)
            self._part = NetPart(hidden, out, skip, len(self.features))
        return self._part

    def score_slate(self, Z: Floats) -> Floats:
        """Score a standardised slate, (n, inputs) → (n,)."""
        return self.part().scores(Z)

    def loosen(self, share: float) -> None:
        """Let the skip part take larger steps again; Adam never slows down."""
        self._state["skip_squares"] *= np.float32(share)

    def snapshot(self) -> Arrays:
        """Return weights, accumulators, and the count from which all draws follow."""
        arrays: Arrays = {name: self._state[name].copy() for name in _STATE}
        arrays["n_learned"] = np.array(self.n_learned, np.int64)
        return arrays

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        self._state = {name: arrays[name].astype(np.float32) for name in _STATE}
        self.n_learned = int(arrays["n_learned"])
        self._part = None

    def _learn(self, Z: F32, target: F32) -> None:
        """Step once in every network: forward, backward, Adam and AdaGrad."""
        state = self._state
        dropped = Z * self._kept()  # (S, n, inputs)
        units = np.maximum(dropped @ state["hidden"], 0.0)  # (S, n, H)
        out = state["out"][:, :, np.newaxis]  # (S, H, 1)
        linear = dropped[:, :, : self._n_skip]
        scores = units @ out + linear @ state["skip"][:, :, np.newaxis]  # (S, n, 1)
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        residual = chances - target[:, np.newaxis]  # (S, n, 1)
        inputs = dropped.transpose(0, 2, 1)  # (S, inputs, n)
        skip = (inputs[:, : self._n_skip] @ residual)[:, :, 0]
        slopes = {
            "hidden": inputs @ ((residual * state["out"][:, np.newaxis]) * (units > 0.0)),
            "out": (units.transpose(0, 2, 1) @ residual)[:, :, 0],
        }
        if self.l2:
            slopes["hidden"] += np.float32(self.l2) * state["hidden"]
        self.n_learned += 1
        correction = np.sqrt(1.0 - 0.999**self.n_learned) / (1.0 - 0.9**self.n_learned)
        step = np.float32(self.rate * correction)
        for name, slope in slopes.items():
            mean, square = state[f"{name}_mean"], state[f"{name}_square"]
            mean += np.float32(0.1) * (slope - mean)
            square += np.float32(0.001) * (slope * slope - square)
            state[name] -= step * mean / (np.sqrt(square) + np.float32(1e-7))
        state["skip_squares"] += skip * skip
        state["skip"] -= (
            np.float32(self.skip_rate) * skip / np.sqrt(state["skip_squares"] + np.float32(1e-8))
        )
        self._part = None

    def _kept(self) -> F32:
        """Draw which inputs each network sees, scaled up for those it doesn't, (S, 1, inputs).

        Drawn for many steps at once from the seed and the count of steps: a restored network goes
        on with the same draws.
        """
        block, step = divmod(self.n_learned, _STEPS_DRAWN)
        if block != self._block:
            rng = np.random.Generator(np.random.PCG64([self.seed, 3, block]))
            shape = (_STEPS_DRAWN, *self._state["hidden"].shape[:2])
            is_kept = rng.random(shape, np.float32) >= self.dropout
            self._drawn = (is_kept / (1.0 - self.dropout)).astype(np.float32)
            self._block = block
        return np.asarray(self._drawn[step][:, np.newaxis])
