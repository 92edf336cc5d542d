"""The pairs of `CoReads` as compiled loops.

n slots of articles, k pairs of each: `others` and `spans` (n, k) say with which article of which
slot, `weights` (n, k) how heavy, `nexts` (n, k) how often it was read right after, in one session.
`n_clicks` (n, 3) are the clicks on an article, those that began a session and those within one.
All are as of `as_of` (n,); `half_lives` are those of weights and clicks, of `nexts`, and of the
clicks by session.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["after", "count", "lately", "right_after"]

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
F32 = NDArray[np.float32]

_PRIOR_CLICKS = 5.0
_BACK = 0.5  # what the way back is worth: from the later article to the earlier one
_PRIOR_NEXT = 10.0  # clicks after a read that are expected to go where all do
_LEAST_NEXT = 1e-3
_LEAST_LATELY = 0.01  # of clicks, below which an article is not read any more
_LEAST = 1e-30  # what has faded below is nothing: no denormal is kept


@inner
def _faded(from_s: float, to_s: float, half_life_s: float) -> float:
    """Return what a weight of one time is worth at another; never more than it was."""
    return float(np.exp2(-max(to_s - from_s, 0.0) / half_life_s))


@inner
def _pair(
    slot: int,
    other: int,
    amount: float,
    is_next: bool,
    others: Ints,
    spans: Ints,
    weights: F32,
    nexts: F32,
    span: Ints,
) -> None:
    """Add to a pair, in the place of the lightest one where there is no room."""
    at, least = 0, np.inf
    for k in range(others.shape[1]):
        is_live = others[slot, k] >= 0 and spans[slot, k] == span[others[slot, k]]
        if is_live and others[slot, k] == other:
            weights[slot, k] += np.float32(amount)
            nexts[slot, k] += np.float32(is_next)
            return
        weight = float(weights[slot, k]) if is_live else -1.0
        if weight < least:
            at, least = k, weight
    if amount > least:
        others[slot, at] = other
        spans[slot, at] = span[other]
        weights[slot, at] = np.float32(amount)
        nexts[slot, at] = np.float32(is_next)


@inner
def _fade(
    slot: int,
    time_s: float,
    half_lives: Floats,
    weights: F32,
    nexts: F32,
    n_clicks: Floats,
    as_of: Floats,
) -> None:
    """Bring an article's weights to a later time."""
    share = _faded(as_of[slot], time_s, half_lives[0])
    share_of_next = _faded(as_of[slot], time_s, half_lives[1])
    share_lately = _faded(as_of[slot], time_s, half_lives[2])
    for k in range(weights.shape[1]):
        weights[slot, k] *= np.float32(share)
        left = float(nexts[slot, k]) * share_of_next
        nexts[slot, k] = np.float32(left) if left > _LEAST else np.float32(0.0)
    n_clicks[slot, 0] *= share
    for k in range(1, 3):
        left = n_clicks[slot, k] * share_lately
        n_clicks[slot, k] = left if left > _LEAST else 0.0
    as_of[slot] = max(as_of[slot], time_s)


@compiled
def count(
    own: int,
    before: Ints,
    is_within: bool,
    time_s: float,
    half_lives: Floats,
    others: Ints,
    spans: Ints,
    weights: F32,
    nexts: F32,
    span: Ints,
    n_clicks: Floats,
    as_of: Floats,
) -> None:
    """Count a click and its pairs, both ways; those read longer ago weigh less."""
    _fade(own, time_s, half_lives, weights, nexts, n_clicks, as_of)
    n_clicks[own, 0] += 1.0
    n_clicks[own, 2 if is_within else 1] += 1.0
    for place in range(len(before)):
        read, amount = before[place], 1.0 / (place + 1)
        is_next = is_within and place == 0
        _fade(read, time_s, half_lives, weights, nexts, n_clicks, as_of)
        _pair(read, own, amount, is_next, others, spans, weights, nexts, span)
        _pair(own, read, _BACK * amount, False, others, spans, weights, nexts, span)


@compiled
def after(
    reads: Ints,
    now: float,
    half_life_s: float,
    others: Ints,
    spans: Ints,
    weights: F32,
    span: Ints,
    n_clicks: Floats,
    as_of: Floats,
) -> tuple[Ints, Floats, Floats]:
    """Return the slots that some read leads to, rising, and both of their sums, (k,) each."""
    common, rare = np.zeros(len(span)), np.zeros(len(span))
    for place in range(len(reads)):
        read = reads[place]
        if read < 0:
            continue
        share = _faded(as_of[read], now, half_life_s)
        n_read = n_clicks[read, 0] * share + _PRIOR_CLICKS
        for k in range(others.shape[1]):
            other = others[read, k]
            if other < 0 or spans[read, k] != span[other]:
                continue
            weight = float(weights[read, k]) * share / (place + 1)
            n_other = n_clicks[other, 0] * _faded(as_of[other], now, half_life_s) + _PRIOR_CLICKS
            common[other] += weight / n_read
            rare[other] += weight / np.sqrt(n_read * n_other)
    slots = np.flatnonzero(common > 0.0).astype(np.int32)
    return slots, common[slots], rare[slots]


@compiled
def right_after(
    read: int,
    now: float,
    n_within: float,
    half_lives: Floats,
    others: Ints,
    spans: Ints,
    nexts: F32,
    span: Ints,
    n_clicks: Floats,
    as_of: Floats,
) -> tuple[Ints, Floats]:
    """Return the slots that were read right after one, and by how much more than by everybody."""
    slots, lifts = np.empty(others.shape[1], np.int32), np.empty(others.shape[1])
    n, share = 0, _faded(as_of[read], now, half_lives[1])
    for k in range(others.shape[1]):
        other = others[read, k]
        if other < 0 or spans[read, k] != span[other] or not nexts[read, k] > 0.0:
            continue
        own = n_clicks[other, 2] * _faded(as_of[other], now, half_lives[2])
        chance = own / n_within if n_within > 0.0 else 0.0
        slots[n] = other
        lifts[n] = float(nexts[read, k]) * share / (_PRIOR_NEXT * chance + _LEAST_NEXT)
        n += 1
    return slots[:n], lifts[:n]


@compiled
def lately(
    n_slots: int, which: int, now: float, half_life_s: float, n_clicks: Floats, as_of: Floats
) -> tuple[Ints, Floats]:
    """Return the slots that are clicked and how often, of one kind of clicks."""
    slots, counts = np.empty(n_slots, np.int32), np.empty(n_slots)
    n = 0
    for slot in range(n_slots):
        count = n_clicks[slot, which]
        if count > _LEAST_LATELY:
            count *= _faded(as_of[slot], now, half_life_s)
            if count > _LEAST_LATELY:
                slots[n], counts[n] = slot, count
                n += 1
    return slots[:n], counts[:n]
