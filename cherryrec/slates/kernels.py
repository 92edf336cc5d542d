"""Loops over slates, compiled: pairs of articles, and the postings of each.

Slots are places of articles in the memory, -1 for an article that has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled

__all__ = ["count_pairs", "neighbours", "note_slate", "pair_evidence"]

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


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


@compiled
def pair_evidence(
    slots: Ints,
    categories: Ints,
    wins: NDArray[np.float32],
    category_wins: NDArray[np.float32],
    category_losses: NDArray[np.float32],
    out: Floats,
) -> None:
    """Fill the columns 0 to 5 of `out`, (n, 8): how each article did against the others."""
    n = len(slots)
    n_others = max(n - 1, 1)
    for i in range(n):
        x = slots[i]
        if x < 0:
            out[i, 2] = 0.5
            continue
        total, share, lowest, surprise, by_category = 0.0, 0.0, 1e9, 0.0, 0.0
        for j in range(n):
            if j == i:
                continue
            z = slots[j]
            won, lost = 0.0, 0.0
            if z >= 0:
                won, lost = wins[x, z], wins[z, x]
            odds = np.log((won + 0.5) / (lost + 0.5))
            total += odds
            share += (won + 0.5) / (won + lost + 1.0)
            surprise += (won - lost) / np.sqrt(won + lost + 1.0)
            lowest = min(lowest, odds)
            c = categories[j]
            by_category += np.log((category_wins[x, c] + 0.5) / (category_losses[x, c] + 0.5))
        out[i, 0] = total / n_others
        out[i, 1] = total / np.sqrt(n_others)
        out[i, 2] = share / n_others if n > 1 else 0.5
        out[i, 3] = lowest if n > 1 else 0.0
        out[i, 4] = surprise / np.sqrt(n_others)
        out[i, 5] = by_category / n_others


@compiled
def neighbours(
    slots: Ints,
    postings: NDArray[np.int64],
    was_clicked: NDArray[np.bool_],
    n_posted: NDArray[np.int64],
    oldest: int,
    times: Floats,
    sizes: Ints,
    n_clicks: Ints,
    overlaps: Ints,
    now: float,
    half_life_s: float,
    out: Floats,
) -> None:
    """Fill the columns 6 and 7 of `out`, (n, 8): clicks in earlier slates like this one.

    `overlaps` is scratch over the ring of slates, all 0 before and after.
    """
    n = len(slots)
    n_ring = len(times)
    n_filled = np.minimum(n_posted[np.maximum(slots, 0)], postings.shape[1])  # (n,)
    for i in range(n):
        x = slots[i]
        if x >= 0:
            for k in range(n_filled[i]):
                slate = postings[x, k]
                if slate >= oldest:
                    overlaps[slate % n_ring] += 1
    for i in range(n):
        x = slots[i]
        got_1, wanted_1, got_3, wanted_3 = 0.0, 0.0, 0.0, 0.0
        if x >= 0:
            for k in range(n_filled[i]):
                slate = postings[x, k]
                if slate >= oldest:
                    at = slate % n_ring
                    shared = overlaps[at]
                    jaccard = shared / (n + sizes[at] - shared)
                    fresh = np.exp2(-max(now - times[at], 0.0) / half_life_s)
                    weight_1, weight_3 = jaccard * fresh, jaccard * jaccard * jaccard * fresh
                    chance = n_clicks[at] / sizes[at]
                    wanted_1 += weight_1 * chance
                    wanted_3 += weight_3 * chance
                    if was_clicked[x, k]:
                        got_1 += weight_1
                        got_3 += weight_3
        out[i, 6] = np.log((got_1 + 0.2) / (wanted_1 + 0.2))
        out[i, 7] = np.log((got_3 + 0.2) / (wanted_3 + 0.2))
    for i in range(n):
        x = slots[i]
        if x >= 0:
            for k in range(n_filled[i]):
                slate = postings[x, k]
                if slate >= oldest:
                    overlaps[slate % n_ring] = 0
