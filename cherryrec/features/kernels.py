"""What the user reads, compiled: each loop fills columns of `features.names.READING`.

n candidates, N rows of the catalogue, h reads, k names of an article. Codes are names as the
catalogue interns them, 0 for none; what an article lacks is left as it is in `out`: zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["fill_likeness", "fill_names", "fill_preference", "fill_reads"]

Rows = NDArray[np.intp]
Codes = NDArray[np.int32]
Keys = NDArray[np.uint32]
Records = NDArray[np.void]
Floats = NDArray[np.float64]

_PRIOR_READS = 5.0
_LEAST_SHARE = 1e-9
_FEW = 5  # reads that count as the latest


@compiled
def fill_likeness(likeness: NDArray[np.float32], out: Floats, columns: Rows) -> None:
    """Compare candidates with what was read, oldest first, (n, h); h above 0.

    Columns: mean, mean of the last 5, last, largest, mean of the 3 largest.
    """
    n, n_reads = likeness.shape
    n_few, n_top = min(_FEW, n_reads), min(3, n_reads)
    for i in range(n):
        total, few = 0.0, 0.0
        first, second, third = -np.inf, -np.inf, -np.inf
        for j in range(n_reads):
            value = float(likeness[i, j])
            total += value
            if j >= n_reads - n_few:
                few += value
            if value > first:
                first, second, third = value, first, second
            elif value > second:
                second, third = value, second
            elif value > third:
                third = value
        top = first
        if n_top > 1:
            top += second
        if n_top > 2:
            top += third
        out[i, columns[0]] = total / n_reads
        out[i, columns[1]] = few / n_few
        out[i, columns[2]] = likeness[i, n_reads - 1]
        out[i, columns[3]] = first
        out[i, columns[4]] = top / n_top


@inner
def _place(keys: Keys, key: int) -> int:
    """Return where a key is, -1 where it is not there."""
    for k in range(len(keys)):
        if keys[k] == key:
            return k
    return -1


@inner
def _lift(own: float, total: float, share: float) -> float:
    """Return the log-ratio of the user's share of a name to everyone's, as `reader.lift`."""
    return float(np.log((own + _PRIOR_READS * share) / ((total + _PRIOR_READS) * share)))


@compiled
def fill_names(
    rows: Rows,
    reads: Rows,
    codes: Codes,
    shares: Floats,
    lifts: Floats,
    keys: Keys,
    ever: Keys,
    n_ever: Floats,
    out: Floats,
    columns: Rows,
) -> None:
    """Say how the user likes the names of each candidate, as a mean over those it has.

    Columns: lift, lift of the last 5 reads, share, share of the last 5, lift of all ever read, and
    the largest lift where there is a sixth.

    Parameters
    ----------
    rows, reads
        Candidates, (n,), and reads, oldest first, (h,).
    codes
        The names of each article, (N, k).
    shares, lifts, keys
        By code: everyone's share, the user's lift, the key under which `ever` has it.
    ever, n_ever
        What the user ever read by key, and how often.
    """
    n_reads = len(reads)
    counts, few = np.zeros(len(shares)), np.zeros(len(shares))
    total, total_few = 0.0, 0.0
    for r in range(n_reads):
        for k in range(codes.shape[1]):
            code = codes[reads[r], k]
            if code:
                counts[code] += 1.0
                total += 1.0
                if r >= n_reads - _FEW:
                    few[code] += 1.0
                    total_few += 1.0
    n_all, n_few = max(n_reads, 1), max(min(n_reads, _FEW), 1)
    total_ever = n_ever.sum()
    for i in range(len(rows)):
        n_names, most = 0, -np.inf
        lift, lift_few, part, part_few, lift_ever = 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(codes.shape[1]):
            code = codes[rows[i], k]
            if code:
                n_names += 1
                share = max(shares[code], _LEAST_SHARE)
                place = _place(ever, keys[code])
                own = n_ever[place] if place >= 0 else 0.0
                lift += lifts[code]
                lift_few += _lift(few[code], total_few, share)
                part += counts[code] / n_all
                part_few += few[code] / n_few
                lift_ever += _lift(own, total_ever, share)
                most = max(most, lifts[code])
        if n_names:
            out[i, columns[0]] = lift / n_names
            out[i, columns[1]] = lift_few / n_names
            out[i, columns[2]] = part / n_names
            out[i, columns[3]] = part_few / n_names
            out[i, columns[4]] = lift_ever / n_names
            if len(columns) > 5:
                out[i, columns[5]] = most


@inner
def _named(reads: Rows, entities: Codes) -> Codes:
    """Return the entities that some reads name, rising; those of several reads stand repeated."""
    named = np.empty(len(reads) * entities.shape[1], np.int32)
    n_named = 0
    for row in reads:
        for k in range(entities.shape[1]):
            entity = entities[row, k]
            if entity:
                at = n_named
                while at > 0 and named[at - 1] > entity:
                    named[at] = named[at - 1]
                    at -= 1
                named[at] = entity
                n_named += 1
    return named[:n_named]


@inner
def _holds(rising: Codes, code: int) -> bool:
    low, high = 0, len(rising)
    while low < high:
        middle = (low + high) // 2
        if rising[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low < len(rising) and rising[low] == code


@compiled
def fill_reads(
    rows: Rows,
    reads: Rows,
    n_recent: int,
    categories: Codes,
    entities: Codes,
    out: Floats,
    columns: Rows,
) -> None:
    """Look for each candidate among the reads, oldest first, (h,); h above 0.

    Columns: times read, whether its category is the last read's, entities that the last `n_recent`
    reads name. `categories` and `entities` are by row, (N,) and (N, k).
    """
    last = categories[reads[-1]]
    named = _named(reads[-n_recent:], entities)
    for i in range(len(rows)):
        n_read, n_named = 0, 0
        for read in reads:
            n_read += read == rows[i]
        for entity in entities[rows[i]]:
            n_named += _holds(named, entity)  # 0, which is none, is never named
        out[i, columns[0]] = np.log1p(float(n_read))
        out[i, columns[1]] = 1.0 if last != 0 and categories[rows[i]] == last else 0.0
        out[i, columns[2]] = np.log1p(float(n_named))


@compiled
def fill_preference(
    rows: Rows, categories: Codes, keys: Keys, records: Records, out: Floats, column: int
) -> None:
    """Compare the user's clicks on each candidate's category with chance: `Exposures.categories`.

    `categories` are by row, (N,), `keys` by code.
    """
    for i in range(len(rows)):
        key = keys[categories[rows[i]]]
        for k in range(len(records)):
            if records[k]["key"] == key:
                clicks, expected = float(records[k]["clicks"]), float(records[k]["expected"])
                out[i, column] = np.log((clicks + 1.0) / (expected + 1.0))
                break
