"""Loops over slates, compiled: pairs of articles, and the postings of each.

Slots are places of articles in the memory, -1 for an article that has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["count_pairs", "note_slate"]

Ints = NDArray[np.int32]


@compiled
def note_slate(
    slots: Ints,
    clicked: NDArray[np.bool_],
    categories: Ints,
    number: int,
    start: int,
    places: Ints,
    place_clicked: NDArray[np.bool_],
    place_categories: Ints,
    postings: NDArray[np.int64],
    was_clicked: NDArray[np.bool_],
    n_posted: NDArray[np.int64],
) -> None:
    """Write a slate into the ring of places from `start` on, and its number to each article."""
    n_places, n_postings = len(places), postings.shape[1]
    for i in range(len(slots)):
        x, at = slots[i], (start + i) % n_places
        places[at], place_clicked[at], place_categories[at] = x, clicked[i], categories[i]
        k = n_posted[x] % n_postings
        if n_posted[x] > 0 and postings[x, k - 1] == number:  # twice in this slate
            k -= 1
        else:
            n_posted[x] += 1
        postings[x, k], was_clicked[x, k] = number, clicked[i]


@compiled
def count_pairs(
    slots: Ints,
    clicked: NDArray[np.bool_],
    categories: Ints,
    wins: NDArray[np.float32],
    category_wins: NDArray[np.float32],
    category_losses: NDArray[np.float32],
    sign: float,
) -> None:
    """Add (sign 1) or take back (sign -1) a slate's wins: each clicked article over each other."""
    n = len(slots)
    for i in range(n):
        if not clicked[i]:
            continue
        x = slots[i]
        for j in range(n):
            z = slots[j]
            if not clicked[j]:
                if x >= 0:
                    category_wins[x, categories[j]] += sign
                if z >= 0:
                    category_losses[z, categories[i]] += sign
                if x >= 0 and z >= 0:
                    wins[x, z] += sign
