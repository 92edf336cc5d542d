"""What the clicks of an example are learned against.

Of a slate that the site chose, everything else that was live, and what KnRS would have kept of it.
Of a slate that CherryRec chose out of the whole catalogue, the rest of that very slate: nobody
could click what was not shown, and learning that it was not clicked would make what is shown today
the only thing that is ever shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from cherryrec.events import Contrast
from cherryrec.open_requests import Frozen

__all__ = ["Contrasts", "contrasts_of"]


class Contrasts(msgspec.Struct, frozen=True):
    """Articles that stand for what else was live, and for what else would have been kept."""

    others: Contrast | None
    rivals: Contrast | None


def contrasts_of(frozen: Frozen, shown: Sequence[str], *, is_given: bool) -> Contrasts:
    """Return what the clicks on a slate are learned against.

    Parameters
    ----------
    frozen
        The candidates of its request.
    shown
        Those of them that were shown.
    is_given
        Whether the site chose the candidates.

    Examples
    --------
    Of three articles that KnRS kept, two were shown:

    >>> kept = Frozen(("a", "b", "c"), b"", b"", scores=np.zeros(3, "<f4").tobytes())
    >>> found = contrasts_of(kept, ["a", "b"], is_given=False)
    >>> found.others.articles, found.others.n_all, found.rivals == found.others
    (('a', 'b'), 2, True)
    """
    if is_given:
        return Contrasts(frozen.others, frozen.rivals)
    place = {article: index for index, article in enumerate(frozen.articles)}
    kept = np.array([place[article] for article in shown], np.intp)
    own = Contrast(
        articles=tuple(shown),
        signals=frozen.signal_array()[kept].tobytes(),
        n_all=len(shown),
        scores=np.frombuffer(frozen.scores, "<f4")[kept].tobytes() if frozen.scores else b"",
    )
    return Contrasts(own, own if frozen.scores else None)
