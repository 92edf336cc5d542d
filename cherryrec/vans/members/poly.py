"""The paper's polynomial model over a dozen named scores, learned by River.

Weights, loss, L2 and optimizer are those of River's `LinearRegression`; what is ours is which
scores and products it is given, and that it is given a slate at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.listwise import Arrays
from cherryrec.vans.features import Feature
from cherryrec.vans.member import FrozenMember, Member, Shapes, SlateMember
from cherryrec.vans.members.linear import FrozenQuadratic, interaction_matrix, interactions
from cherryrec.vans.snapshot import MAX_COUNT, check_range

__all__ = ["FrozenPoly", "Poly", "PolynomialRegression"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

SCORES = (
    "news_value",
    "relevance",
    "credibility",
    "timeliness",
    "attention",
    "novelty",
    "evaluation",
    "context_history",
    "age",
    "ctr_1h",
    "wins_mean",
    "text_interest",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poly(Member):
    """Algorithm 1, degree 2, over named scores, learned by River.

    Parameters
    ----------
    scores
        Features that it sees, of those that are not gated; each once, one at least. Others are
        refused; of these, a model of other features is given those that it has.
    learning_rate
        AdaGrad's learning rate; above 0.
    l2
        Pull of every weight towards 0; at least 0.
    """

    name: ClassVar[str] = "poly"
    is_default: ClassVar[bool] = False

    scores: tuple[str, ...] = SCORES
    learning_rate: float = 0.005
    l2: float = 1e-4

    def __post_init__(self) -> None:
        """Refuse settings no member can be built with."""
        self.require_above_0("learning_rate")
        self.require_at_least_0("l2")
        is_list = bool(self.scores) and len(set(self.scores)) == len(self.scores)
        self.require(is_list, "scores", "names, each once, one at least")

    def learner(
        self, features: tuple[Feature, ...], *, clip: float, seed: int
    ) -> PolynomialRegression:
        """Build what learns.

        Raises
        ------
        ConfigError
            Scores that are set are not among the features.
        """
        known = [feature.name for feature in features]
        unknown = [name for name in self.scores if name not in known]
        wanted = f"some of {known!r}, and {unknown!r} are not"
        self.require(self.scores == SCORES or not unknown, "scores", wanted)
        return PolynomialRegression(
            features, scores=self.scores, learning_rate=self.learning_rate, l2=self.l2
        )

    def frozen(
        self, arrays: Mapping[str, NDArray[np.generic]], *, n_features: int, clip: float
    ) -> FrozenPoly:
        """Rebuild its frozen form."""
        check_range("poly/columns", arrays["columns"], 0, n_features)
        return FrozenPoly.of_arrays(arrays, n_features)

    def shapes(self, n_features: int) -> Shapes:
        """Return the shapes of its frozen form's arrays: a column for each score there is."""
        return {"columns": (None,), "weights": (None,), "matrix": (None, None)}


DEFAULTS = Poly()


class FrozenPoly(FrozenMember):
    """Scores z·w + zᵀAz of the few columns it sees, centred within the slate: `FrozenQuadratic`."""

    def __init__(self, columns: Ints, polynomial: FrozenQuadratic, n_features: int) -> None:
        self.columns = columns  # (K,)
        self.polynomial = polynomial
        self.n_features = n_features

    def contributions(self, Z: Floats) -> Floats:
        """Split the scores by feature, (n, F)."""
        split = np.zeros((len(Z), self.n_features))
        split[:, self.columns] = self.polynomial.contributions(Z[:, self.columns])
        return split

    def scores(self, Z: Floats) -> Floats:
        """Score a slate without splitting, (n,), of mean 0."""
        return self.polynomial.scores(Z[:, self.columns])

    def arrays(self) -> Arrays:
        """Return which columns it sees, their weights and the matrix of their products."""
        return {"columns": self.columns, **self.polynomial.arrays()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], n_features: int) -> FrozenPoly:
        """Rebuild it from its arrays."""
        columns, n = arrays["columns"].astype(np.int64), len(arrays["columns"])
        if arrays["weights"].shape != (n,) or arrays["matrix"].shape != (n, n):
            got = arrays["weights"].shape, arrays["matrix"].shape
            msg = (
                f"snapshot's polynomial of {n} scores must have as many weights, and a matrix of "
                f"their products, got {got!r}: roll back to an earlier snapshot"
            )
            raise ModelError(msg)
        return cls(columns, FrozenQuadratic.of_arrays(arrays), n_features)


class PolynomialRegression(SlateMember):
    """Algorithm 1 of the paper: standardised scores and their products, L2, gradient descent.

    Inputs are named as River's `PolynomialExtender` names them, so that with the weights of `model`
    River's pipeline predicts the same. Products of two context features are left out, and contexts
    by themselves: within a slate they are constant and prefer no article.

    Parameters
    ----------
    features
        The columns, in order.
    scores
        Those of them that it sees; other names are passed over.
    learning_rate
        AdaGrad's; above 0.
    l2
        Pull of every weight towards 0; at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from cherryrec.vans import Feature
    >>> from cherryrec.vans.members.poly import PolynomialRegression
    >>> features = (Feature("value"), Feature("noise"), Feature("history", is_context=True))
    >>> model = PolynomialRegression(features, scores=("value", "history"), learning_rate=0.1)
    >>> model.names
    ['value', 'value*value', 'history*value']
    >>> slate = np.array([[1.0, 0.3, 2.0], [-1.0, 0.1, 2.0]])
    >>> model.learn_slate(slate, np.array([True, False]))

    AdaGrad's first step is its rate for each weight that has a gradient, so the first article gets
    0.1·1 + 0.1·2 and the other one the opposite; their squares are alike:

    >>> model.score_slate(slate).round(3).tolist()
    [0.3, -0.3]
    """

    def __init__(
        self,
        features: tuple[Feature, ...],
        *,
        scores: tuple[str, ...] = DEFAULTS.scores,
        learning_rate: float = DEFAULTS.learning_rate,
        l2: float = DEFAULTS.l2,
    ) -> None:
        from cherryrec.vans.members.slate_regression import slate_regression

        self.features = features
        self.scores = scores
        self.learning_rate = learning_rate
        self.l2 = l2
        places = {feature.name: place for place, feature in enumerate(features)}
        self.columns = np.array([places[one] for one in scores if one in places], np.int64)  # (K,)
        seen = [features[place] for place in self.columns.tolist()]
        self._is_context = np.array([feature.is_context for feature in seen], np.bool_)
        self._linear = np.flatnonzero(~self._is_context)
        self._products = np.divmod(interactions(self._is_context.tobytes())[0], max(len(seen), 1))
        self.names = [seen[place].name for place in self._linear.tolist()]
        for pair in zip(*(side.tolist() for side in self._products), strict=True):
            self.names.append("*".join(sorted(seen[place].name for place in pair)))
        self.model = slate_regression(learning_rate, l2=l2)
        self.optimizer = self.model.optimizer
        self._frozen: FrozenPoly | None = None

    @property
    def weights(self) -> Floats:
        """River's weights in the order of `names`, (P,)."""
        known = self.model.weights
        return np.array([known.get(name, 0.0) for name in self.names], np.float64)

    def learn_slate(
        self, Z: Floats, clicked: Bools, offset: Floats | None = None, weight: float = 1.0
    ) -> None:
        """Descend the listwise loss of one impression; it stands alone, without offset."""
        self._learn(Z, clicked / np.count_nonzero(clicked), weight)

    def learn_row(self, z: Floats, y: float) -> None:
        """Learn one row against the average one, as a slate of two."""
        share = float(np.clip(y, 0.0, 1.0))
        self._learn(np.stack([z, np.zeros_like(z)]), np.array([share, 1.0 - share]))

    def predict_row(self, z: Floats) -> float:
        """Predict one row's log odds against the average one, as River's model does."""
        inputs = self._by_name(self._inputs(z[np.newaxis])[0])
        return float(self.model.predict_one(inputs))  # type: ignore[no-untyped-call]

    def frozen(self) -> FrozenPoly:
        """Return River's weights as a vector and a matrix."""
        if self._frozen is None:
            weights, n_linear = self.weights, len(self._linear)
            linear = np.zeros(len(self.columns))
            linear[self._linear] = weights[:n_linear]
            matrix = interaction_matrix(weights[n_linear:], self._is_context)
            polynomial = FrozenQuadratic(linear, matrix)
            self._frozen = FrozenPoly(self.columns, polynomial, len(self.features))
        return self._frozen

    def warm_restart(self, share: float) -> None:
        """Let AdaGrad take larger steps again."""
        for name in self.optimizer.g2:
            self.optimizer.g2[name] *= share

    def snapshot(self) -> Arrays:
        """Return the weights, the optimizer's sums of squares and its count of steps."""
        squares = [self.optimizer.g2.get(name, 0.0) for name in self.names]
        return {
            "weights": self.weights,
            "squares": np.array(squares, np.float64),
            "n_iterations": np.array(self.optimizer.n_iterations, np.int64),
        }

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned."""
        check_range("poly/n_iterations", arrays["n_iterations"], 0, MAX_COUNT)
        self.optimizer.n_iterations = int(arrays["n_iterations"])
        self.optimizer.g2.update(self._by_name(arrays["squares"]))
        self.model._weights.update(self._by_name(arrays["weights"]))
        self._frozen = None

    def _by_name(self, values: NDArray[np.generic]) -> dict[str, float]:
        """Name the values of the inputs, (P,)."""
        return dict(zip(self.names, values.astype(np.float64).tolist(), strict=True))

    def _learn(self, Z: Floats, shares: Floats, weight: float = 1.0) -> None:
        """Have River step along a slate's gradient."""
        if self.names:
            self.model.learn_slate(self._inputs(Z), self.names, shares, weight)
            self._frozen = None

    def _inputs(self, Z: Floats) -> Floats:
        """Return the scores and their products, (n, F) → (n, P)."""
        seen = Z[:, self.columns]
        first, second = self._products
        return np.hstack([seen[:, self._linear], seen[:, first] * seen[:, second]])
