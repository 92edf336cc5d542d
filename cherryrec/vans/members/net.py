"""Small listwise networks with a linear skip part, several of different seeds averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature
from cherryrec.vans.inputs import CENTRED, RAW
from cherryrec.vans.kernels import dropped, net_slopes, net_step, split_products
from cherryrec.vans.member import FrozenMember, Member, Shapes, SlateMember, less_mean
from cherryrec.vans.snapshot import MAX_COUNT, check_range

__all__ = ["FrozenNet", "ListwiseNet", "Net"]

Floats = NDArray[np.float64]
F32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

_SERVED = ("hidden", "out", "skip")
_MOMENTS = ("hidden_mean", "hidden_square", "out_mean", "out_square", "skip_squares")
_STEPS_DRAWN = 64
_ONE = np.float32(1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Net(Member):
    """Small networks, averaged.

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

    name: ClassVar[str] = "net"
    inputs: ClassVar[str] = RAW

    n_nets: int = 4
    n_hidden: int = 16
    learning_rate: float = 0.002
    skip_learning_rate: float = 0.02
    input_dropout: float = 0.2

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("n_nets", "n_hidden", "learning_rate", "skip_learning_rate")
        is_share = 0.0 <= self.input_dropout < 1.0
        self.require(is_share, "input_dropout", "at least 0 and below 1")

    def learner(self, features: tuple[Feature, ...], *, clip: float, seed: int) -> ListwiseNet:
        """Build what learns."""
        return ListwiseNet(
            features,
            inputs=self.inputs,
            n_nets=self.n_nets,
            n_hidden=self.n_hidden,
            rate=self.learning_rate,
            skip_rate=self.skip_learning_rate,
            dropout=self.input_dropout,
            seed=seed,
        )

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenNet:
        """Rebuild its frozen form."""
        return FrozenNet.of_arrays(arrays, n_features)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays."""
        n_inputs, n_skip = _inputs(self.inputs, n_features)
        return {
            "hidden": (self.n_nets, n_inputs, self.n_hidden),
            "out": (self.n_nets, self.n_hidden),
            "skip": (self.n_nets, n_skip),
        }


DEFAULTS = Net()


class FrozenNet(FrozenMember):
    """Scores Σ_s (skip_s·z + out_s·relu(zᵀhidden_s)) / S, centred within the slate.

    Without intercepts a network is linear in z wherever the same units are on, so the gradient
    times the input splits every score exactly by feature. Of two inputs of one feature the
    contributions are added.
    """

    def __init__(self, hidden: F32, out: F32, skip: F32, n_features: int) -> None:
        n_nets = len(skip)
        self._hidden = hidden.astype(np.float64)  # (I, S·H)
        self._served = out.copy(), skip.copy()  # (S·H,), (S, ≤ I)
        self._out = out.astype(np.float64) / n_nets  # (S·H,)
        self._skip = np.zeros(len(hidden))  # (I,)
        self._skip[: skip.shape[1]] = np.add.reduce(skip, axis=0) / np.float32(n_nets)
        self.n_features = n_features

    def contributions(self, Z: Floats) -> Floats:
        """Split the scores by feature, (n, I) → (n, F)."""
        is_on = Z @ self._hidden > 0.0  # (n, S·H)
        slopes = (is_on * self._out) @ self._hidden.T  # (n, I)
        return split_products(Z, slopes, self._skip, self.n_features)

    def scores(self, Z: Floats) -> Floats:
        """Score a slate without splitting, (n, I) → (n,), of mean 0."""
        return less_mean(np.maximum(Z @ self._hidden, 0.0) @ self._out + Z @ self._skip)

    def arrays(self) -> Arrays:
        """Return the weights, by network."""
        out, skip = self._served
        return {
            "hidden": _by_network(self._hidden.astype(np.float32), len(skip)),
            "out": out.reshape(len(skip), -1),
            "skip": skip,
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], n_features: int) -> FrozenNet:
        """Rebuild it from its arrays."""
        hidden, out, skip = (arrays[name].astype(np.float32) for name in _SERVED)
        return cls(_side_by_side(hidden), out.ravel(), skip, n_features)


class ListwiseNet(SlateMember):
    """S networks of H rectified units and a linear skip part, averaged, learned listwise.

    Each has its own start and drops its own inputs while it learns, and each descends its own
    softmax loss: they differ, and their mean is better than any of them. The units learn by Adam,
    the skip part by AdaGrad.

    Parameters
    ----------
    features
        The columns, in order.
    inputs
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
        inputs: str = CENTRED,
        n_nets: int = DEFAULTS.n_nets,
        n_hidden: int = DEFAULTS.n_hidden,
        rate: float = DEFAULTS.learning_rate,
        skip_rate: float = DEFAULTS.skip_learning_rate,
        dropout: float = DEFAULTS.input_dropout,
        l2: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.features = features
        self.inputs = inputs
        self.n_nets = n_nets
        self.n_hidden = n_hidden
        self.rate = rate
        self.skip_rate = skip_rate
        self.dropout = dropout
        self.l2 = l2
        self.seed = seed
        self.n_learned = 0
        n_inputs, self._n_skip = _inputs(inputs, len(features))
        rng = np.random.Generator(np.random.PCG64([seed, 2]))
        hidden = rng.standard_normal((n_nets, n_inputs, n_hidden)) / np.sqrt(n_inputs)
        self._state: dict[str, F32] = {
            "hidden": _side_by_side(hidden.astype(np.float32)),  # (I, S·H)
            "out": np.zeros(n_nets * n_hidden, np.float32),
            "skip": np.zeros((n_nets, self._n_skip), np.float32),
        }
        for name in _MOMENTS:
            self._state[name] = np.zeros_like(self._state[name.rpartition("_")[0]])
        self._block = -1
        self._drawn: F32 = np.zeros(0, np.float32)
        self._frozen: FrozenNet | None = None

    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Descend the listwise loss of one impression; networks stand alone, without offset."""
        target = clicked / np.count_nonzero(clicked)
        self._learn(Z.astype(np.float32), target.astype(np.float32), np.float32(weight))

    def learn_row(self, z: Floats, y: float) -> None:
        """Learn one row against the average one, as a slate of two."""
        row = np.zeros((2, len(self._state["hidden"])), np.float32)
        row[0, : len(z)] = z
        share = float(np.clip(y, 0.0, 1.0))
        self._learn(row, np.array([share, 1.0 - share], np.float32))

    def predict_row(self, z: Floats) -> float:
        """Predict one row's log odds against the average one."""
        row = np.zeros((2, len(self._state["hidden"])))
        row[0, : len(z)] = z
        scores = self.frozen().scores(row)
        return float(scores[0] - scores[1])

    def frozen(self) -> FrozenNet:
        """Return the networks as of now."""
        if self._frozen is None:
            hidden, out, skip = (self._state[name] for name in _SERVED)
            self._frozen = FrozenNet(hidden, out, skip, len(self.features))
        return self._frozen

    def warm_restart(self, share: float) -> None:
        """Let the skip part take larger steps again; Adam never slows down."""
        self._state["skip_squares"] *= np.float32(share)

    def snapshot(self) -> Arrays:
        """Return weights, accumulators, and the count from which all draws follow."""
        arrays: Arrays = {"n_learned": np.array(self.n_learned, np.int64)}
        for name, array in self._state.items():
            if name.startswith("hidden"):
                arrays[name] = _by_network(array, self.n_nets)
            else:
                arrays[name] = array.reshape(self.n_nets, -1).copy()
        return arrays

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        for name, array in self._state.items():
            given = arrays[name].astype(np.float32)
            is_laid_out = name.startswith("hidden")
            array[:] = _side_by_side(given) if is_laid_out else given.reshape(array.shape)
        check_range("n_learned", arrays["n_learned"], 0, MAX_COUNT)
        self.n_learned = int(arrays["n_learned"])
        self._frozen = None

    def _learn(self, Z: F32, target: F32, weight: np.float32 = _ONE) -> None:
        """Step once in every network: forward, backward, Adam and AdaGrad."""
        state, kept = self._state, self._kept()
        reached = Z @ dropped(state["hidden"], state["skip"], kept)  # (n, S·H + S)
        slopes, out_slopes = net_slopes(reached, state["out"], target)
        if weight != _ONE:
            slopes, out_slopes = weight * slopes, weight * out_slopes
        self.n_learned += 1
        correction = math.sqrt(1.0 - 0.999**self.n_learned) / (1.0 - 0.9**self.n_learned)
        net_step(
            Z.T @ slopes,  # (I, S·H + S)
            out_slopes,
            kept,
            (state["hidden"], state["hidden_mean"], state["hidden_square"]),
            (state["out"], state["out_mean"], state["out_square"]),
            (state["skip"], state["skip_squares"]),
            self.rate * correction,
            self.skip_rate,
            self.l2,
        )
        self._frozen = None

    def _kept(self) -> F32:
        """Draw which inputs each network sees, scaled up for those it doesn't, (S, I).

        Drawn for many steps at once from the seed and the count of steps: a restored network goes
        on with the same draws.
        """
        block, step = divmod(self.n_learned, _STEPS_DRAWN)
        if block != self._block:
            rng = np.random.Generator(np.random.PCG64([self.seed, 3, block]))
            shape = (_STEPS_DRAWN, self.n_nets, len(self._state["hidden"]))
            is_kept = rng.random(shape, np.float32) >= self.dropout
            self._drawn = (is_kept / (1.0 - self.dropout)).astype(np.float32)
            self._block = block
        return np.asarray(self._drawn[step])


def _inputs(kind: str, n_features: int) -> tuple[int, int]:
    """Return how many inputs a network has, and its linear part."""
    n_inputs = n_features * (1 if kind == CENTRED else 2)
    return n_inputs, n_features if kind == RAW else n_inputs


def _side_by_side(hidden: F32) -> F32:
    """Lay the units of all networks side by side, (S, I, H) → (I, S·H)."""
    return hidden.transpose(1, 0, 2).reshape(hidden.shape[1], -1)


def _by_network(units: F32, n_nets: int) -> F32:
    """Undo `_side_by_side`, (I, S·H) → (S, I, H)."""
    by_input = units.reshape(len(units), n_nets, -1)  # (I, S, H)
    return np.ascontiguousarray(by_input.transpose(1, 0, 2))
