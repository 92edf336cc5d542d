"""What the user was shown before, whatever the request, and whether they clicked it since."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.features.column import EITHER, SHARE, Block, Column, Inputs, Range, places
from cherryrec.features.sources import EXPOSURES

__all__ = ["BLOCK"]

Floats = NDArray[np.float64]  # n candidates, N rows of the catalogue

COLUMNS = (
    Column(
        "seen_times",
        "log(1 + impressions of the user that showed it)",
        Range(0.0, 11.1),
        (EXPOSURES,),
    ),
    Column(
        "seen_clicks",
        "log(2) where the user has clicked it since it was shown",
        Range(0.0, 0.7),
        (EXPOSURES,),
    ),
    Column(
        "seen_lately",
        "2^(−t / 10 minutes), t since it was last shown to the user",
        SHARE,
        (EXPOSURES,),
        cold_because="never shown",
    ),
    Column("seen_today", "2^(−t / 6 hours)", SHARE, (EXPOSURES,), cold_because="never shown"),
    Column(
        "seen_in_last",
        "whether it was in the newest impression of the user, by the second",
        EITHER,
        (EXPOSURES,),
    ),
)
_TIMES, _CLICKS, _LATELY, _TODAY, _IN_LAST = places(
    COLUMNS, "seen_times", "seen_clicks", "seen_lately", "seen_today", "seen_in_last"
)


@compiled
def fill_exposures(
    rows: NDArray[np.intp],
    hashes: NDArray[np.uint64],
    records: NDArray[np.void],
    now: float,
    newest_s: int,
    out: Floats,
) -> None:
    """Recall what the user was shown before, (n, 5).

    `hashes` are by row, (N,), `records` as in `Exposures.articles`; `newest_s` is the second of the
    newest impression.
    """
    for i in range(len(rows)):
        key = np.uint32(hashes[rows[i]])
        for k in range(len(records)):
            if records[k]["key"] == key:
                last_s = float(records[k]["last_s"])
                ago_s = max(now - last_s, 0.0)
                out[i, _TIMES] = np.log1p(float(records[k]["times"]))
                out[i, _CLICKS] = np.log1p(float(records[k]["clicks"]))
                out[i, _LATELY] = np.exp2(-ago_s / 600.0)
                out[i, _TODAY] = np.exp2(-ago_s / 21_600.0)
                out[i, _IN_LAST] = 1.0 if last_s == newest_s else 0.0
                break


def fill(inputs: Inputs, out: Floats) -> None:
    """Look each candidate up among the articles last shown to the user."""
    shown, hashes = inputs.reader.exposures, inputs.catalogue.hashes
    records, newest_s = shown.article_records(), int(shown.newest_s)
    fill_exposures(inputs.selection.rows, hashes, records, inputs.now, newest_s, out)


BLOCK = Block("exposure", COLUMNS, fill)
