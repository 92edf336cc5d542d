"""The simple rankings of protocol B by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cherryrec.evaluation.leave_last_out.item_knn import ItemNeighbours
from cherryrec.evaluation.leave_last_out.markov import Markov
from cherryrec.evaluation.leave_last_out.newest import NewestFirst
from cherryrec.evaluation.leave_last_out.popularity import Popular
from cherryrec.evaluation.leave_last_out.ranker import SequenceRanker
from cherryrec.evaluation.leave_last_out.vsknn import NearestSessions

__all__ = ["SIMPLE"]

SIMPLE: Mapping[str, Callable[[], SequenceRanker]] = {
    "most-popular": Popular,
    "recent-popular": lambda: Popular(n_last=1),
    "newest": NewestFirst,
    "item-knn": ItemNeighbours,
    "vsknn": NearestSessions,
    "markov": Markov,
}
"""Name on the command line → what makes it, in the order of the tables."""
