"""A column of the feature matrix as it describes itself, and a block of such columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.features.sources import Source
from cherryrec.knrs import Selection
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory
from cherryrec.title_fit import TitleFits

__all__ = [
    "COSINE",
    "EITHER",
    "SHARE",
    "UP",
    "Block",
    "Column",
    "Inputs",
    "Range",
    "about",
    "places",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Range:
    """What the values of a column lie between.

    Parameters
    ----------
    low, high
        The least and the most, infinite for none.
    is_typical
        Values usually lie there; nothing keeps them from leaving.
    is_either
        Values are the one or the other, nothing between.

    Examples
    --------
    >>> [str(one) for one in (Range(-1, 1), about(-5, 5), EITHER, UP, Range(-inf, 0))]
    ['−1 to 1', 'about −5 to 5', '0 or 1', '0 up', '0 down']
    """

    low: float
    high: float
    is_typical: bool = False
    is_either: bool = False

    def __str__(self) -> str:
        low, high = (f"{end:g}".replace("-", "−") for end in (self.low, self.high))
        if self.high == inf:
            return f"{low} up"
        if self.low == -inf:
            return f"{high} down"
        return f"{'about ' * self.is_typical}{low} {'or' if self.is_either else 'to'} {high}"


def about(low: float, high: float) -> Range:
    """Return where values usually lie."""
    return Range(low, high, is_typical=True)


SHARE = Range(0.0, 1.0)
EITHER = Range(0.0, 1.0, is_either=True)
COSINE = Range(-1.0, 1.0)
UP = Range(0.0, inf)


@dataclass(frozen=True, slots=True)
class Column:
    """What a feature is: docs/features.md, the guard against leaks and tests are made of it.

    Parameters
    ----------
    name
        Unique; its meaning never changes under it.
    formula
        The definition in words and letters, as Markdown.
    range
        What its values lie between.
    sources
        All that it is computed from.
    cold
        Its value for a user without clicks or an article without views; None where that is as for
        anyone.
    cold_because
        What there is to say of that.
    is_gated
        0 in all slates but those it is for.
    """

    name: str
    formula: str
    range: Range
    sources: tuple[Source, ...]
    cold: float | None = 0.0
    cold_because: str = ""
    is_gated: bool = False


class Inputs(NamedTuple):
    """What a block may look at: the articles, the user, labelled slates, candidates, event time.

    `fits` is what was learned of how titles go with what was read.
    """

    catalogue: Catalogue
    reader: Reader
    slates: SlateMemory
    selection: Selection
    now: float
    fits: TitleFits


@dataclass(frozen=True, slots=True)
class Block:
    """Columns that are computed together, and left out together by an ablation.

    Parameters
    ----------
    name
        That of its module, and of its ablation.
    columns
        In the order of the matrix.
    fill
        Writes all candidates' columns, (n, k), into zeros.
    """

    name: str
    columns: tuple[Column, ...]
    fill: Callable[[Inputs, Floats], None]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(column.name for column in self.columns)


def places(columns: Sequence[Column], *names: str) -> tuple[int, ...]:
    """Return where columns stand among those of their block.

    Examples
    --------
    >>> columns = [Column(name, "", SHARE, ()) for name in ("first", "second")]
    >>> places(columns, "second", "first")
    (1, 0)
    """
    known = [column.name for column in columns]
    return tuple(known.index(name) for name in names)
