"""How well a title fits a reader, learned: sentence vectors of candidates against those of reads.

A bilinear form over both vectors. It begins as the likeness that needs no learning and finds out
from clicks which directions of what was read speak for which directions of a title, and which
titles everyone wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import Example
from cherryrec.listwise import Arrays, has_contrast, listwise_gradient, softmax
from cherryrec.text import SENTENCE_DIMENSIONS

__all__ = ["STUDENT_START", "TitleFit", "TitleFitLearner", "TitleFits", "titles_of"]

F32 = NDArray[np.float32]  # D dimensions, n candidates
Bools = NDArray[np.bool_]

_START = 2.0  # of the likeness, before anything is learned
STUDENT_START = 0.0
"""What a student begins with: it says nothing before it was taught."""

_RATE, _BIAS_RATE = 0.03, 0.03
_SQUARES = np.float32(0.01)  # counted before any gradient: the first few steps are smaller for it
_SHAPES = {
    "weights": (SENTENCE_DIMENSIONS, SENTENCE_DIMENSIONS),
    "bias": (SENTENCE_DIMENSIONS,),
    "weight_squares": (SENTENCE_DIMENSIONS, SENTENCE_DIMENSIONS),
    "bias_squares": (SENTENCE_DIMENSIONS,),
}
_SERVING = ("weights", "bias")


def _zeros(name: str) -> F32:
    return np.zeros(_SHAPES[name], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TitleFit:
    """Scores titles for a reader: c·(su + uW + b), u the reader's vector and c a title's.

    Parameters
    ----------
    weights
        W, float32 (D, D), D = 384.
    bias
        b, float32 (D,).
    start
        s, what likeness counts before anything is learned.

    Examples
    --------
    Before anything is learned the title that is like the reads comes first:

    >>> storm, tax = np.eye(2, 384, dtype="f4")
    >>> TitleFit().scores(storm, np.array([storm, tax])).tolist()
    [2.0, 0.0]
    """

    weights: F32 = field(default_factory=lambda: _zeros("weights"))
    bias: F32 = field(default_factory=lambda: _zeros("bias"))
    start: float = _START

    def direction(self, reader: F32) -> F32:
        """Return the direction in which titles are wanted, su + uW + b, (D,).

        Parameters
        ----------
        reader
            The reader's vector, (D,): zeros of who has read nothing.
        """
        wanted: F32 = self.start * reader + reader @ self.weights + self.bias
        return wanted

    def scores(self, reader: F32, titles: F32) -> F32:
        """Score candidates, as log-odds within their slate.

        Parameters
        ----------
        reader
            As for `direction`.
        titles
            The vectors of the candidates' titles, (n, D): zeros of one that has none.

        Returns
        -------
        (n,)
        """
        scores: F32 = titles @ self.direction(reader)
        return scores

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, NDArray[np.generic]], *, name: str = "fit", start: float = _START
    ) -> TitleFit:
        """Rebuild what `TitleFitLearner.serving` returned; of no arrays, what one starts with.

        `name` is where they are in their snapshot.

        Raises
        ------
        ModelError
            They have other shapes, or are no numbers.
        """
        return cls(**(_checked(arrays, _SERVING, name) if arrays else {}), start=start)


class TitleFits(NamedTuple):
    """What scores titles in a worker: learned from clicks, and from CnLE's evaluations."""

    fit: TitleFit = TitleFit()
    student: TitleFit = TitleFit(start=STUDENT_START)


class TitleFitLearner:
    """Learns a `TitleFit` from whole impressions: AdaGrad on the softmax over each.

    `fit` is what was learned so far, and goes on learning; `n_learned` says of how many.

    Parameters
    ----------
    start
        As for `TitleFit`.

    Examples
    --------
    Readers of storms who click taxes, as they do not at first seem to:

    >>> storm, tax = np.eye(2, 384, dtype="f4")
    >>> learner, slate = TitleFitLearner(), np.array([storm, tax])
    >>> for _ in range(300):
    ...     learner.learn(storm, slate, np.array([False, True]))
    >>> learner.fit.scores(storm, slate).argmax()
    np.int64(1)

    It has learned nothing of who reads taxes but that taxes are wanted:

    >>> learner.fit.scores(tax, slate).argmax()
    np.int64(1)
    """

    def __init__(self, start: float = _START) -> None:
        self._start = start
        self.n_learned = 0
        self._load({name: _zeros(name) for name in _SHAPES})
        self._weight_squares += _SQUARES
        self._bias_squares += _SQUARES

    def learn(self, reader: F32, titles: F32, clicked: Bools, weight: float = 1.0) -> None:
        """Descend the loss of one impression, `weight` times; without contrast it teaches nothing.

        Parameters
        ----------
        reader, titles
            As for `TitleFit.scores`, as they were when the impression was ranked.
        clicked
            Which of the titles were, (n,).
        weight
            For how many impressions it stands.
        """
        if has_contrast(clicked):
            scores = self.fit.scores(reader, titles).astype(np.float64)
            self._descend(reader, titles, listwise_gradient(scores, clicked), weight)

    def follow(
        self, reader: F32, titles: F32, log_shares: NDArray[np.float64], weight: float = 1.0
    ) -> None:
        """Descend the cross-entropy to a teacher's shares of one slate; of one title there is none.

        Parameters
        ----------
        reader, titles, weight
            As for `learn`.
        log_shares
            The teacher's, but for a constant, (n,).
        """
        if len(titles) > 1:
            scores = self.fit.scores(reader, titles).astype(np.float64)
            self._descend(reader, titles, softmax(scores) - softmax(log_shares), weight)

    def _descend(
        self, reader: F32, titles: F32, by_score: NDArray[np.float64], weight: float
    ) -> None:
        gradient = np.float32(weight) * (by_score.astype(np.float32) @ titles)  # (D,)
        _step(self.fit.weights, self._weight_squares, reader, gradient)
        self._step_bias(gradient)
        self.n_learned += 1

    def _step_bias(self, gradient: F32) -> None:
        squares, bias = self._bias_squares, self.fit.bias
        squares += gradient * gradient
        bias -= np.float32(_BIAS_RATE) * gradient / np.sqrt(squares)

    def serving(self) -> Arrays:
        """Return what scores, in half precision: half the size of each snapshot."""
        return {
            "weights": self.fit.weights.astype("<f2"),
            "bias": self.fit.bias.astype("<f2"),
        }

    def snapshot(self) -> Arrays:
        """Return all that it goes on from."""
        return {
            "weights": self.fit.weights.copy(),
            "bias": self.fit.bias.copy(),
            "weight_squares": self._weight_squares.copy(),
            "bias_squares": self._bias_squares.copy(),
            "n_learned": np.array(self.n_learned),
        }

    def load(self, arrays: Mapping[str, NDArray[np.generic]], *, name: str = "fit") -> None:
        """Go on from a `snapshot`, whose arrays are under `name` in that of all models.

        Raises
        ------
        ModelError
            The arrays have other shapes, or are no numbers.
        """
        self._load(_checked(arrays, tuple(_SHAPES), name))
        self.n_learned = _count(arrays, name)

    def _load(self, arrays: Mapping[str, F32]) -> None:
        self.fit = TitleFit(arrays["weights"], arrays["bias"], self._start)
        self._weight_squares = arrays["weight_squares"]
        self._bias_squares = arrays["bias_squares"]


def titles_of(example: Example) -> tuple[F32, F32] | None:
    """Return an example's reader, (D,), and titles, unit vectors (n, D); None where it has none.

    Raises
    ------
    BadMessage
        They do not fit its articles, or are no numbers.
    """
    if not (example.reader or example.titles):
        return None
    n, d = len(example.articles), SENTENCE_DIMENSIONS
    got, wanted = (len(example.reader), len(example.titles)), (2 * d, n * d)
    if got != wanted:
        msg = f"reader and titles of {n} articles must be {wanted} bytes, got {got}"
        raise BadMessage(msg)
    reader = np.frombuffer(example.reader, "<f2").astype(np.float32)
    if not np.isfinite(reader).all():
        msg = f"reader of example {example.example_id!r} must be finite"
        raise BadMessage(msg)
    titles = np.frombuffer(example.titles, np.int8).reshape(n, d).astype(np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", titles, titles))[:, None]
    return reader, titles / np.maximum(lengths, np.float32(1.0))


@compiled
def _step(weights: F32, squares: F32, reader: F32, gradient: F32) -> None:
    """Step by the outer product of reader and gradient, (D,) each, in place."""
    rate = np.float32(_RATE)
    for i in range(len(reader)):
        of_reader = reader[i]
        for j in range(len(gradient)):
            slope = of_reader * gradient[j]
            squares[i, j] += slope * slope
            weights[i, j] -= rate * slope / np.sqrt(squares[i, j])


def _count(arrays: Mapping[str, NDArray[np.generic]], under: str) -> int:
    counted = arrays.get("n_learned")
    is_whole = counted is not None and counted.shape == () and counted.dtype.kind in "iu"
    if counted is None or not is_whole or int(counted) < 0:
        msg = f"snapshot's '{under}/n_learned' must be a count, got {counted!r}"
        raise ModelError(msg)
    return int(counted)


def _checked(
    arrays: Mapping[str, NDArray[np.generic]], names: tuple[str, ...], under: str
) -> dict[str, F32]:
    """Return arrays of a snapshot to work on, single precision."""
    checked = {}
    for name in names:
        array = arrays.get(name)
        if array is None or array.shape != _SHAPES[name] or array.dtype.kind != "f":
            got = "none" if array is None else f"{array.dtype} {array.shape}"
            msg = f"snapshot's '{under}/{name}' must be floats {_SHAPES[name]}, got {got}"
            raise ModelError(msg)
        checked[name] = array.astype(np.float32)
        if not np.isfinite(checked[name]).all():
            msg = f"snapshot's '{under}/{name}' must be finite, and is not"
            raise ModelError(msg)
        if name.endswith("squares") and (checked[name] < _SQUARES).any():  # steps divide by them
            msg = f"snapshot's '{under}/{name}' must be at least {_SQUARES:g}, and is not"
            raise ModelError(msg)
    return checked
