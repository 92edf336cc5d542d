"""The signals of KnRS that say what other readers did: those who read the same, those here now.

Readers who arrive open other articles than those who are reading: these follow what lies beside
their last article. So each gets the counts of their like.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.co_reads import CoReads
from cherryrec.distinct import distinct
from cherryrec.reader import Reader

__all__ = ["N_ALIKE", "Alike", "place_alike", "went_on"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

N_ALIKE = 5
"""Signals: read with the last reads, commonly and characteristically; read right after the last
one; clicked by those who arrive, and by those who read."""

_SCALE = 20.0  # pairs are shares of clicks: this brings common ones to about 1
_FEW = 0.1  # clicks below which a count does not matter


class Alike(NamedTuple):
    """Rows of which other readers say something, (k,) rising, and its signals, (k, N_ALIKE)."""

    rows: Rows
    values: Floats


def went_on(catalogue: Catalogue, reader: Reader, co_reads: CoReads, *, now: float) -> Alike:
    """Look up what readers alike did, as of a time.

    A reader is within a session where their last click is at most `co_reads.session_gap_s` old;
    only then it counts what was read right after it.
    """
    history = reader.profile.history
    is_within = bool(history) and now - history[-1].clicked_s <= co_reads.config.session_gap_s
    last = [past.article_id for past in history[-co_reads.config.n_reads :]]
    together, common, rare = co_reads.after(last[::-1], now)
    following, lifts = (
        co_reads.right_after(last[-1], now) if is_within else (together[:0], rare[:0])
    )
    lately, counts = co_reads.lately(now, begins_session=not is_within)
    slots = distinct(np.concatenate((together, following, lately)))
    values = np.zeros((len(slots), N_ALIKE))
    values[np.searchsorted(slots, together), 0] = _SCALE * common
    values[np.searchsorted(slots, together), 1] = _SCALE * rare
    values[np.searchsorted(slots, following), 2] = lifts
    values[np.searchsorted(slots, lately), 4 if is_within else 3] = counts / _FEW
    rows = co_reads.rows(slots, catalogue.row_of.get, catalogue.hashes)
    order = np.argsort(rows)
    order = order[rows[order] >= 0]
    return Alike(rows[order], np.log1p(values[order]))


def place_alike(alike: Alike, rows: Rows) -> tuple[Rows, Floats]:
    """Return the positions in `rows` that others say something of, (j,), and what, (j, N_ALIKE)."""
    if not len(alike.rows) or not len(rows):
        return alike.rows[:0], alike.values[:0]
    places = np.minimum(np.searchsorted(alike.rows, rows), len(alike.rows) - 1)  # (n,)
    positions = np.flatnonzero(alike.rows[places] == rows)
    return positions, alike.values[places[positions]]
