"""Learning what to retrieve, and in which order: the clicks of examples against their contrasts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import BadMessage
from cherryrec.events import Contrast, Example
from cherryrec.knrs.fusion import prior_order
from cherryrec.knrs.retriever import ContrastLearner
from cherryrec.knrs.signals import N_SIGNALS, prior_weights
from cherryrec.listwise import Arrays

__all__ = ["Contrasted", "RetrievalLearner", "contrasted"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Contrasted:
    """The clicks of an example and what they are learned against.

    `clicked` (c, S) and `others` (m, S), which stand for `n_others`, are signals; `ordered`
    (≤ c, S + 1), the clicked that would have been kept, and `rivals` (r, S + 1), which stand for
    `n_rivals`, have VaNS's score beside them.
    """

    clicked: Floats
    others: Floats
    n_others: int
    ordered: Floats | None
    rivals: Floats | None
    n_rivals: int


def contrasted(example: Example) -> Contrasted | None:
    """Read what an example is learned against; None where it is of a version with other signals.

    Raises
    ------
    BadMessage
        Its arrays do not fit its articles, or hold what is no number.
    """
    name, n = example.example_id, len(example.articles)
    n_columns, n_over = divmod(len(example.signals), 4 * n)
    if n_columns != N_SIGNALS and not n_over:
        return None
    signals = _floats(example.signals, (n, N_SIGNALS), f"signals of example {name!r}")
    is_clicked = np.array(example.clicked, np.bool_)
    names = {a for a, label in zip(example.articles, example.clicked, strict=True) if label}
    others, _ = _read(example.others, names, f"others of example {name!r}")
    rivals, beside = _read(example.rivals, names, f"rivals of example {name!r}")
    scores = None
    if example.scores:
        scores = _floats(example.scores, (n, 1), f"scores of example {name!r}", may_lack=True)
        is_ordered = is_clicked & np.isfinite(scores[:, 0])
    has_order = scores is not None and beside is not None
    return Contrasted(
        clicked=signals[is_clicked],
        others=others,
        n_others=example.others.n_all if example.others else 0,
        ordered=np.hstack((signals, scores))[is_ordered] if scores is not None else None,
        rivals=np.hstack((rivals, beside)) if has_order and beside is not None else None,
        n_rivals=example.rivals.n_all if example.rivals else 0,
    )


class RetrievalLearner:
    """Learns the retriever's weights, and those of the order of what it keeps.

    Attributes
    ----------
    retriever
        Of the signals, (S,): clicks against everything that was live.
    order
        Of the signals and VaNS's score, (S + 1,): clicks against what would have been kept.
    """

    def __init__(self) -> None:
        self.retriever = ContrastLearner(prior_weights())
        self.order = ContrastLearner(prior_order())

    def learn(self, read: Contrasted | None, weight: float = 1.0) -> None:
        """Learn what an example brought that stands for `weight`; None brought nothing."""
        if read is None:
            return
        self.retriever.learn(read.clicked, read.others, n_all=read.n_others, weight=weight)
        if read.rivals is not None and read.ordered is not None:
            self.order.learn(read.ordered, read.rivals, n_all=read.n_rivals, weight=weight)

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays."""
        return {
            **{f"retriever/{k}": v for k, v in self.retriever.snapshot().items()},
            **{f"order/{k}": v for k, v in self.order.snapshot().items()},
        }

    def load(self, arrays: Arrays) -> None:
        """Put back what `snapshot` returned; a state without it, or of other signals, is left out.

        Raises
        ------
        ModelError
            The state is damaged.
        """
        for name, learner in (("retriever/", self.retriever), ("order/", self.order)):
            own = {k.removeprefix(name): v for k, v in arrays.items() if k.startswith(name)}
            if "weights" in own and own["weights"].shape == learner.weights.shape:
                learner.load(own)


def _read(
    contrast: Contrast | None, clicked: Collection[str], what: str
) -> tuple[Floats, Floats | None]:
    """Return signals and scores of what was drawn, but for what was clicked."""
    if contrast is None:
        return np.zeros((0, N_SIGNALS)), None
    m = len(contrast.articles)
    signals = _floats(contrast.signals, (m, N_SIGNALS), f"signals of {what}")
    scores = _floats(contrast.scores, (m, 1), f"scores of {what}") if contrast.scores else None
    kept = np.array([article not in clicked for article in contrast.articles], np.bool_)
    return signals[kept], None if scores is None else scores[kept]


def _floats(raw: bytes, shape: tuple[int, int], what: str, *, may_lack: bool = False) -> Floats:
    wanted = 4 * shape[0] * shape[1]
    if len(raw) != wanted:
        msg = f"{what} must be float32 {shape!r}, {wanted} bytes, got {len(raw)}"
        raise BadMessage(msg)
    values = np.frombuffer(raw, "<f4").reshape(shape).astype(np.float64)
    if np.isinf(values).any() or not (may_lack or np.isfinite(values).all()):
        msg = f"{what} must be finite"
        raise BadMessage(msg)
    return values
