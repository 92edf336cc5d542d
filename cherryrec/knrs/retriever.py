"""What decides which articles are kept: a linear function of the signals, learned as a retriever.

Its examples are clicks against what else was live at that moment, not against the slate alone: the
slate is what somebody had chosen already, and a value that ranks slates well may keep little of
what gets clicked. Of the rest of the catalogue a few articles are drawn and weighted to stand for
all (`Contrast`).

Two biases of such examples have names. *Exposure*: only what was shown can be clicked, and whoever
chose it went by views and clicks too; `without=("views",)` holds every signal that is counted from
what was shown at 0, and replays report recall without them. *Position*: it is not corrected, as the
logs do not say where an article stood; where a site sends positions, they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.knrs.signals import N_SIGNALS, prior_weights
from cherryrec.listwise import AdaGrad, Arrays, listwise_gradient, load_optimizer, optimizer_arrays

__all__ = ["ContrastLearner", "Retriever"]

Floats = NDArray[np.float64]

_RATE = 0.05


class Retriever:
    """Values articles by their signals, `w·s`.

    Parameters
    ----------
    weights
        By signal, (S,); the prior where None.

    Examples
    --------
    Of two articles alike in all else, the one clicked more often is worth more before anything is
    learned:

    >>> import numpy as np
    >>> from cherryrec.knrs.signals import N_SIGNALS, SIGNALS
    >>> both = np.zeros((2, N_SIGNALS))
    >>> both[1, [signal.name for signal in SIGNALS].index("clicks_1h")] = 2.0
    >>> Retriever().values(both).round(3).tolist()
    [0.0, 0.2]
    """

    def __init__(self, weights: Floats | None = None) -> None:
        self.weights = prior_weights() if weights is None else weights
        if self.weights.shape != (N_SIGNALS,) or not np.isfinite(self.weights).all():
            msg = (
                f"weights of the retriever must be {N_SIGNALS} finite numbers, got "
                f"{self.weights.shape!r}: the snapshot is of another version"
            )
            raise ModelError(msg)

    def values(self, signals: Floats) -> Floats:
        """Return the value of each row, (n, S) → (n,)."""
        return np.asarray(signals @ self.weights)

    def arrays(self) -> dict[str, Floats]:
        """Return the weights by name, for a snapshot."""
        return {"weights": self.weights}


class ContrastLearner:
    """Learns a linear score from clicked rows against rows that stand for many.

    The loss of an example is the mean over its clicks of -log softmax(scores) over the clicked and
    everything that its contrast stands for: of m drawn out of N, each counts as N/m.

    Parameters
    ----------
    initial
        The weights to start from, (S,).

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.knrs.retriever import ContrastLearner
    >>> learner = ContrastLearner(np.zeros(2))

    The clicked article has what the three drawn out of 300 lack:

    >>> learner.learn(np.array([[1.0, 5.0]]), np.array([[0.0, 5.0]] * 3), n_all=300)
    >>> learner.weights.round(3).tolist()
    [0.05, 0.0]
    """

    def __init__(self, initial: Floats) -> None:
        self.weights = initial.copy()
        self._optimizer = AdaGrad(lr=_RATE)

    def learn(self, clicked: Floats, others: Floats, *, n_all: int, weight: float = 1.0) -> None:
        """Descend the loss of one example.

        Parameters
        ----------
        clicked, others
            What was clicked, (c, S), and what was drawn of the rest, (m, S); without one of the two
            nothing is learned.
        n_all
            How many articles `others` stand for.
        weight
            For how many examples this one stands; above 0.
        """
        if not len(clicked) or not len(others):
            return
        rows = np.concatenate((clicked, others))
        scores = rows @ self.weights
        scores[len(clicked) :] += np.log(max(n_all / len(others), 1.0))
        is_clicked = np.zeros(len(rows), np.bool_)
        is_clicked[: len(clicked)] = True
        gradient = listwise_gradient(scores, is_clicked) @ rows
        self._optimizer.step(self.weights, weight * gradient)

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        state = {f"optimizer/{k}": v for k, v in optimizer_arrays(self._optimizer).items()}
        return {"weights": self.weights.copy(), **state}

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned; the learner goes on bit by bit as the first would.

        Raises
        ------
        ModelError
            The state is of another number of signals.
        """
        weights = arrays.get("weights")
        if weights is None or weights.shape != self.weights.shape:
            got = None if weights is None else weights.shape
            msg = (
                f"weights learned from contrasts must be {self.weights.shape!r}, got {got!r}: the "
                "state was taken of another version"
            )
            raise ModelError(msg)
        self.weights = weights.astype(np.float64)
        prefix = "optimizer/"
        load_optimizer(
            self._optimizer,
            {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)},
            shape=self.weights.shape,
        )
