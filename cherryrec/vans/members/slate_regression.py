"""River's linear regression, its loss that of a slate, each step one slate.

Apart from the member it is for, `poly`, which few installations have: importing River's linear
models takes most of a second, as they bring `scipy.stats`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import linear_model, optim

__all__ = ["ListwiseLoss", "SlateRegression", "slate_regression"]

Floats = NDArray[np.float64]


def slate_regression(learning_rate: float, *, l2: float) -> SlateRegression:
    """Return one that has learned nothing, which descends a slate's loss by River's AdaGrad.

    Parameters
    ----------
    learning_rate
        AdaGrad's; above 0.
    l2
        Pull of every weight towards 0; at least 0.
    """
    return SlateRegression(optim.AdaGrad(learning_rate), ListwiseLoss(), l2=l2, intercept_lr=0.0)


class ListwiseLoss(optim.losses.RegressionLoss):
    """A slate's -log softmax of its scores, meant for River's mini-batches of one slate.

    River averages gradients over a mini-batch: the gradient is n times the slate's, so that the
    mean is the slate's own.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans.members.slate_regression import ListwiseLoss

    Four equal scores are four chances of 1/4; the clicked article should have had 1:

    >>> shares = np.array([0.0, 1.0, 0.0, 0.0])
    >>> ListwiseLoss().gradient(y_true=shares, y_pred=np.zeros(4)).tolist()
    [1.0, -3.0, 1.0, 1.0]
    >>> round(float(ListwiseLoss()(shares, np.zeros(4)).mean()), 4)  # log 4
    1.3863
    """

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return each article's share of the loss, times the number of articles, (n,)."""
        above = y_pred - y_pred.max()
        return -len(y_true) * y_true * (above - np.log(np.exp(above).sum()))

    def gradient(self, y_true: Any, y_pred: Any) -> Any:
        """Differentiate by the scores, (n,): n (softmax(scores) - shares of the clicks)."""
        above = np.exp(y_pred - y_pred.max())
        return len(y_true) * (above / above.sum() - y_true)

    def mean_func(self, y_pred: Any) -> Any:
        """Return scores as they are."""
        return y_pred


class SlateRegression(linear_model.LinearRegression):
    """River's linear regression, learning one slate a step: `learn_many` without a data frame.

    River's mini-batches take a data frame, which costs more to wrap than the step does and which no
    dependency of ours brings; the loss, the mean gradient, L2 and the optimizer's step are River's.

    Examples
    --------
    >>> import numpy as np
    >>> from river import optim
    >>> from cherryrec.vans.members.slate_regression import ListwiseLoss, SlateRegression
    >>> model = SlateRegression(optim.AdaGrad(0.1), ListwiseLoss(), intercept_lr=0.0)
    >>> model.learn_slate(np.array([[4.0], [0.0]]), ["ctr"], np.array([1.0, 0.0]))

    AdaGrad's first step is its learning rate, towards what was clicked:

    >>> round(float(model.predict_one({"ctr": 4.0})), 6)
    0.4
    """

    def learn_slate(self, X: Floats, names: list[str], shares: Floats, weight: float = 1.0) -> None:
        """Take one step along a slate's gradient.

        Parameters
        ----------
        X
            Its articles' inputs, (n, P).
        names
            Of the inputs, (P,).
        shares
            Of the clicks, (n,); they sum to 1.
        weight
            River's sample weight.
        """
        saved = self._enter_learn_mode(set(names))  # type: ignore[no-untyped-call]
        try:
            get_grad = functools.partial(self._eval_gradient_many, X)
            self._fit(x=names, y=shares, w=weight, get_grad=get_grad)  # type: ignore[no-untyped-call]
        finally:
            self._exit_learn_mode(saved)  # type: ignore[no-untyped-call]
