"""Learning one linear score from whole impressions: the softmax over an impression's articles.

Both KnRS (its five weights) and VaNS (Algorithm 1 and the ensemble's weights) descend this loss,
so it lies below both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from river import base

from cherryrec.compiled import compiled
from cherryrec.errors import ModelError

if TYPE_CHECKING:
    from river import optim

__all__ = [
    "AdaGrad",
    "Arrays",
    "ListwiseLinear",
    "Optimizer",
    "has_contrast",
    "linear_gradient",
    "listwise_gradient",
    "load_optimizer",
    "optimizer_arrays",
    "softmax",
    "warm_restart",
]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Arrays: TypeAlias = dict[str, NDArray[np.generic]]


class Optimizer(Protocol):
    """What steps a vector of weights along a gradient: `AdaGrad`, or one of River's that can."""

    n_iterations: int

    def step(self, w: Floats, g: Floats) -> object:
        """Step in place, and count the step."""


class AdaGrad(base.Base):
    """River's AdaGrad, on a vector at once: `w -= lr / sqrt(sum of g² + eps) * g`.

    River 0.26 steps AdaGrad through dicts only, which `docs/upstream` offers to mend; the rule and
    its parameters are River's. It does not inherit from River's, as importing that takes a third of
    a second, for losses that nothing here descends.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.listwise import AdaGrad

    The first step is `lr` whatever the gradient's size:

    >>> AdaGrad(lr=0.1).step(np.zeros(2), np.array([4.0, -0.5])).round(6).tolist()
    [-0.1, 0.1]
    """

    def __init__(self, lr: float | optim.base.Scheduler = 0.03, eps: float = 1e-8) -> None:
        self.lr = lr
        self.eps = eps
        self.n_iterations = 0
        self.sum_of_squares: Floats | None = None

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(
            self.lr if isinstance(self.lr, int | float) else self.lr.get(self.n_iterations)
        )

    def step(self, w: Floats, g: Floats) -> Floats:
        """Step in place, as River's SGD does, and return the weights."""
        if self.sum_of_squares is None:
            self.sum_of_squares = np.zeros_like(w)
        _adagrad_step(w, g, self.sum_of_squares, self.learning_rate, float(self.eps))
        self.n_iterations += 1
        return w


@compiled
def _adagrad_step(w: Floats, g: Floats, sums: Floats, rate: float, eps: float) -> None:
    """Count the gradient into the sums of squares and step, both in place, (m,) each."""
    for k in range(len(w)):
        sums[k] += g[k] * g[k]
        w[k] -= rate * g[k] / np.sqrt(sums[k] + eps)


def softmax(scores: Floats) -> Floats:
    """Return the chances of one impression's articles, (n,) -> (n,).

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.listwise import softmax
    >>> softmax(np.log(np.array([1.0, 3.0]))).round(6).tolist()
    [0.25, 0.75]
    """
    chances = np.exp(scores - scores.max())
    return np.asarray(chances / chances.sum())


def has_contrast(clicked: Bools) -> bool:
    """Say whether a slate can teach: it holds a clicked and an unclicked article.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.listwise import has_contrast
    >>> [has_contrast(np.array(labels)) for labels in ([True, False], [True, True], [False, False])]
    [True, False, False]
    """
    n_clicks = int(np.count_nonzero(clicked))
    return 0 < n_clicks < len(clicked)


@compiled
def listwise_gradient(scores: Floats, clicked: Bools) -> Floats:
    """Differentiate the impression's mean over clicks of -log softmax(scores) by the scores.

    It is softmax(scores) - clicked / clicks and sums to 0, so whatever is constant over the slate
    has no gradient.

    Parameters
    ----------
    scores
        One score per article, (n,).
    clicked
        Which articles were clicked, (n,); at least one.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.listwise import listwise_gradient

    Four equal scores are four chances of 1/4; the clicked article should have had 1:

    >>> listwise_gradient(np.zeros(4), np.array([False, True, False, False])).tolist()
    [0.25, -0.75, 0.25, 0.25]
    """
    n = len(scores)
    gradient = np.empty(n)
    highest, total, n_clicks = scores.max(), 0.0, 0
    for i in range(n):
        gradient[i] = np.exp(scores[i] - highest)
        total += gradient[i]
        n_clicks += clicked[i]
    for i in range(n):
        gradient[i] /= total
        if clicked[i]:
            gradient[i] -= 1.0 / n_clicks
    return gradient


@compiled
def linear_gradient(
    X: Floats, weights: Floats, initial: Floats, l2: float, clicked: Bools
) -> Floats:
    """Differentiate the listwise loss of X·weights, and the L2 pull to `initial`, by the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.listwise import linear_gradient
    >>> slate, clicked = np.array([[1.0], [3.0]]), np.array([False, True])
    >>> linear_gradient(slate, np.zeros(1), np.zeros(1), 0.0, clicked).tolist()  # (1 - 3) / 2
    [-1.0]
    """
    n, n_features = X.shape
    scores = np.zeros(n)
    for f in range(n_features):  # outermost, so that no row's sum waits for its last addition
        for i in range(n):
            scores[i] += X[i, f] * weights[f]
    slopes = listwise_gradient(scores, clicked)
    gradient = np.empty(n_features)
    for f in range(n_features):
        gradient[f] = l2 * (weights[f] - initial[f])
    for i in range(n):
        for f in range(n_features):
            gradient[f] += slopes[i] * X[i, f]
    return gradient


def warm_restart(optimizer: Optimizer, share: float) -> None:
    """Scale an AdaGrad's sums of squares down, by which its steps grow; others keep no such sum."""
    if isinstance(optimizer, AdaGrad) and optimizer.sum_of_squares is not None:
        optimizer.sum_of_squares *= share


def optimizer_arrays(optimizer: Optimizer) -> Arrays:
    """Return an optimizer's state as plain arrays: its steps and its accumulators."""
    arrays: Arrays = {"n_iterations": np.array(optimizer.n_iterations, dtype=np.int64)}
    for name, value in sorted(vars(optimizer).items()):
        if isinstance(value, np.ndarray):
            arrays[name] = value.copy()
    return arrays


def load_optimizer(
    optimizer: Optimizer,
    arrays: Mapping[str, NDArray[np.generic]],
    *,
    shape: tuple[int, ...],
) -> None:
    """Put back what `optimizer_arrays` returned.

    Parameters
    ----------
    optimizer
        A fresh one.
    arrays
        Its steps, and accumulators of the weights' shape.
    shape
        Of the weights as it steps them.

    Raises
    ------
    ModelError
        They are of another optimizer, or of other weights.
    """
    for name, value in arrays.items():
        is_count = name == "n_iterations"
        fits = value.shape == (() if is_count else shape) and value.dtype.kind in "if"
        if not fits or not hasattr(optimizer, name) or (is_count and int(value) < 0):
            msg = (
                f"state of an optimizer of {shape!r} weights must fit it, got {name!r} of "
                f"{value.dtype} {value.shape!r}: it was taken of another model"
            )
            raise ModelError(msg)
        setattr(optimizer, name, int(value) if is_count else value.astype(np.float64))


class ListwiseLinear:
    """A linear score of raw features, learned impression by impression with AdaGrad.

    Parameters
    ----------
    n_features
        Columns of the matrices it sees; above 0.
    lr
        AdaGrad's learning rate; above 0.
    l2
        Pull of every weight towards its initial value; at least 0.
    nonnegative
        Keep every weight at 0 or above.
    initial
        The weights to start from, (n_features,); zeros when absent.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.listwise import ListwiseLinear
    >>> model = ListwiseLinear(2, lr=0.1, l2=0.0)

    The second feature marks the clicked article:

    >>> slate = np.array([[1.0, 0.0], [1.0, 1.0]])
    >>> model.learn(slate, np.array([False, True]))
    >>> model.weights.round(3).tolist()
    [0.0, 0.1]
    >>> model.score(slate).round(3).tolist()
    [0.0, 0.1]
    """

    def __init__(
        self,
        n_features: int,
        *,
        lr: float = 0.03,
        l2: float = 0.0,
        nonnegative: bool = False,
        initial: Floats | None = None,
    ) -> None:
        self.n_features = n_features
        self.l2 = l2
        self.nonnegative = nonnegative
        self.initial = np.zeros(n_features) if initial is None else np.array(initial, np.float64)
        if self.initial.shape != (n_features,):
            msg = (
                f"initial weights must have the shape ({n_features},), "
                f"got {self.initial.shape!r}: give one weight per feature"
            )
            raise ModelError(msg)
        self.weights = self.initial.copy()
        self.optimizer = AdaGrad(lr=lr)

    def score(self, X: Floats) -> Floats:
        """Score the articles of a slate, (n, n_features) → (n,)."""
        scores: Floats = X @ self.weights
        return scores

    def learn(self, X: Floats, clicked: Bools, weight: float = 1.0) -> None:
        """Descend the loss of one impression; one without a contrast teaches nothing.

        `weight` is for how many impressions it stands.
        """
        if not has_contrast(clicked):
            return
        gradient = linear_gradient(X, self.weights, self.initial, self.l2, clicked)
        self.optimizer.step(self.weights, weight * gradient)
        if self.nonnegative:
            np.maximum(self.weights, 0.0, out=self.weights)

    def warm_restart(self, share: float) -> None:
        """Learn faster again, after a drift."""
        warm_restart(self.optimizer, share)

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        state = {f"optimizer/{k}": v for k, v in optimizer_arrays(self.optimizer).items()}
        return {"weights": self.weights.copy(), **state}

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned; the learner goes on bit by bit as the first would."""
        weights = arrays["weights"]
        if weights.shape != (self.n_features,):
            msg = (
                f"a snapshot's weights must have the shape ({self.n_features},), "
                f"got {weights.shape!r}: it was taken of another model"
            )
            raise ModelError(msg)
        self.weights = weights.astype(np.float64)
        prefix = "optimizer/"
        load_optimizer(
            self.optimizer,
            {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)},
            shape=self.weights.shape,
        )
