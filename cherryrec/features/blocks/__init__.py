"""The blocks of features, a file each: its columns, their loops, and what fills them.

A file holds all there is to a feature: name, formula, range, sources and cold value in `COLUMNS`,
and the arithmetic. The order of the matrix, the ablations, the guard against leaks and the tables
of docs/features.md are made of these. Everything is as of the request's time: decayed counters,
ages and idle times take `now`, and what is kept comes from events before it.
"""

from __future__ import annotations

from cherryrec.features.blocks import (
    article,
    attention,
    context,
    evaluation,
    exposure,
    knrs,
    reading,
    sentences,
    slate,
)

__all__ = ["BLOCKS"]

BLOCKS = (
    knrs.BLOCK,
    reading.BLOCK,
    exposure.BLOCK,
    attention.BLOCK,
    slate.BLOCK,
    article.BLOCK,
    evaluation.BLOCK,
    context.BLOCK,
    sentences.BLOCK,
)
"""In the order of the matrix; the last is there with a sentence model only."""
