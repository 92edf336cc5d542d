"""What the user reads: likeness of each candidate to their reads, by text, names and habits.

n candidates, N rows of the catalogue, h reads, k names of an article. Codes are names as the
catalogue interns them, 0 for none; what an article lacks is left as it is in `out`: zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner
from cherryrec.features.column import (
    COSINE,
    EITHER,
    SHARE,
    UP,
    Block,
    Column,
    Inputs,
    Range,
    about,
    places,
)
from cherryrec.features.sources import CATALOGUE, EVERYONE, EXPOSURES, PROFILE, UPDATES
from cherryrec.knrs.metrics import is_named
from cherryrec.profile import counts_of

__all__ = ["BLOCK", "LIKENESS", "fill_likeness", "likeness_columns"]

Rows = NDArray[np.intp]
Codes = NDArray[np.int32]
Keys = NDArray[np.uint32]
Records = NDArray[np.void]
Floats = NDArray[np.float64]

_TEXT_OF = (CATALOGUE, PROFILE)
_NAMES_OF = (CATALOGUE, PROFILE)
_LIFTS_OF = (CATALOGUE, PROFILE, EVERYONE)
_CATEGORY_LIFT, _SUBCATEGORY_LIFT = about(-4, 4), about(-3, 6)

COLUMNS = (
    Column(
        "text_interest",
        "cos(e, interest vector), the decayed sum of clicked embeddings, half-life 12 clicks",
        COSINE,
        _TEXT_OF,
    ),
    Column("text_recent_30", "mean of cos(e, read) over the last 30 reads", COSINE, _TEXT_OF),
    Column("text_recent_5", "the same over the last 5", COSINE, _TEXT_OF),
    Column("text_last", "cos(e, last read)", COSINE, _TEXT_OF),
    Column("text_nearest", "the largest cos(e, read) of the last 30 reads", COSINE, _TEXT_OF),
    Column(
        "category_lift",
        "log((n_c + 5 g_c) / ((n + 5) g_c)) of the candidate's category over the kept history",
        _CATEGORY_LIFT,
        _LIFTS_OF,
    ),
    Column("category_lift_5", "the same over the last 5 reads", about(-1, 4), _LIFTS_OF),
    Column("category_share", "n_c / n over the kept history", SHARE, _NAMES_OF),
    Column("category_share_5", "n_c / n over the last 5 reads", SHARE, _NAMES_OF),
    Column(
        "subcategory_lift",
        "as `category_lift`, for the subcategories",
        _SUBCATEGORY_LIFT,
        _LIFTS_OF,
    ),
    Column("subcategory_lift_5", "the same over the last 5 reads", about(-1, 6), _LIFTS_OF),
    Column("subcategory_share", "as `category_share`, for the subcategories", SHARE, _NAMES_OF),
    Column("subcategory_share_5", "the same over the last 5 reads", SHARE, _NAMES_OF),
    Column(
        "category_last", "whether the last read is of the candidate's category", EITHER, _NAMES_OF
    ),
    Column(
        "entity_overlap",
        "log(1 + entities of the candidate that the last 30 reads name), of at most 8",
        Range(0.0, 2.2),
        _NAMES_OF,
    ),
    Column(
        "is_named",
        "whether the user named its category or subcategory as a field or collection",
        EITHER,
        (CATALOGUE, UPDATES),
    ),
    Column(
        "times_read",
        "log(1 + times the user has read this very article, of the kept history)",
        Range(0.0, 4.0),
        (PROFILE,),
    ),
    Column(
        "text_top_3",
        "mean of the three largest cos(e, read) of the last 30 reads",
        COSINE,
        _TEXT_OF,
    ),
    Column(
        "text_words",
        "Σ over its title's words of q·idf / ‖idf‖: idf = log((1 + titles) / (1 + titles with the "
        "word)), q the sum of 0.9^k·idf over the last 30 reads with the word, k reads before the "
        "newest",
        UP,
        _TEXT_OF,
    ),
    Column(
        "token_recent_30",
        "as `text_recent_30`, by token vectors of titles (English; 0 with `catalogue.token_vectors "
        '= "none"`)',
        COSINE,
        _TEXT_OF,
    ),
    Column("token_recent_5", "as `text_recent_5`, by token vectors", COSINE, _TEXT_OF),
    Column("token_last", "as `text_last`, by token vectors", COSINE, _TEXT_OF),
    Column("token_nearest", "as `text_nearest`, by token vectors", COSINE, _TEXT_OF),
    Column("token_top_3", "as `text_top_3`, by token vectors", COSINE, _TEXT_OF),
    Column(
        "category_lift_ever",
        "as `category_lift`, over all the user ever read, not the kept history",
        _CATEGORY_LIFT,
        _LIFTS_OF,
    ),
    Column("subcategory_lift_ever", "the same for the subcategories", _SUBCATEGORY_LIFT, _LIFTS_OF),
    Column(
        "subcategory_lift_most",
        "the largest `subcategory_lift` of its subcategories, not the mean",
        _SUBCATEGORY_LIFT,
        _LIFTS_OF,
    ),
    Column(
        "category_preference",
        "log((c + 1) / (x + 1)): c the user's clicks on the category in labelled slates, x what "
        "chance would have brought, a slate's clicks times the category's share of it",
        about(-3, 3),
        (CATALOGUE, EXPOSURES),
    ),
)


def _columns(columns: Sequence[Column], prefix: str, *names: str) -> Rows:
    """Return the places of columns that a loop fills for several prefixes."""
    return np.array(places(columns, *(f"{prefix}_{name}" for name in names)), np.intp)


LIKENESS = ("recent_30", "recent_5", "last", "nearest", "top_3")
"""What `fill_likeness` writes, each behind the name of what is compared."""


def likeness_columns(columns: Sequence[Column], prefix: str) -> Rows:
    """Return where a block's columns of `LIKENESS` stand."""
    return _columns(columns, prefix, *LIKENESS)


_RECENT_30, _RECENT_5, _LAST, _NEAREST, _TOP_3 = range(len(LIKENESS))
_TEXT, _TOKEN = likeness_columns(COLUMNS, "text"), likeness_columns(COLUMNS, "token")

_NAMES = ("lift", "lift_5", "share", "share_5", "lift_ever", "lift_most")
_LIFT, _LIFT_5, _SHARE, _SHARE_5, _LIFT_EVER, _LIFT_MOST = range(len(_NAMES))
_CATEGORY = _columns(COLUMNS, "category", *_NAMES[:_LIFT_MOST])  # of one name it is the lift
_SUBCATEGORY = _columns(COLUMNS, "subcategory", *_NAMES)

_TIMES_READ, _CATEGORY_LAST, _ENTITY_OVERLAP = places(
    COLUMNS, "times_read", "category_last", "entity_overlap"
)
_INTEREST, _WORDS, _IS_NAMED, _PREFERENCE = places(
    COLUMNS, "text_interest", "text_words", "is_named", "category_preference"
)

_PRIOR_READS = 5.0
_LEAST_SHARE = 1e-9
_RECENT = 30  # reads that candidates are compared with one by one
_FEW = 5  # reads that count as the latest


@compiled
def fill_likeness(likeness: NDArray[np.float32], out: Floats, columns: Rows) -> None:
    """Compare candidates with what was read, oldest first, (n, h); h above 0.

    `columns` are those of `LIKENESS`.
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
        out[i, columns[_RECENT_30]] = total / n_reads
        out[i, columns[_RECENT_5]] = few / n_few
        out[i, columns[_LAST]] = likeness[i, n_reads - 1]
        out[i, columns[_NEAREST]] = first
        out[i, columns[_TOP_3]] = top / n_top


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

    `columns` are those of `_NAMES`; the largest lift may be missing.

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
            out[i, columns[_LIFT]] = lift / n_names
            out[i, columns[_LIFT_5]] = lift_few / n_names
            out[i, columns[_SHARE]] = part / n_names
            out[i, columns[_SHARE_5]] = part_few / n_names
            out[i, columns[_LIFT_EVER]] = lift_ever / n_names
            if len(columns) > _LIFT_MOST:
                out[i, columns[_LIFT_MOST]] = most


@compiled
def fill_reads(
    rows: Rows,
    reads: Rows,
    n_recent: int,
    categories: Codes,
    entities: Codes,
    out: Floats,
) -> None:
    """Look for each candidate among the reads, oldest first, (h,); h above 0.

    Its entities are looked for among the last `n_recent` reads'. `categories` and `entities` are by
    row, (N,) and (N, k).
    """
    last = categories[reads[-1]]
    found = entities[reads[-n_recent:]].ravel()
    named = np.sort(found[found > 0])
    for i in range(len(rows)):
        n_read, n_named = 0, 0
        for read in reads:
            n_read += read == rows[i]
        for entity in entities[rows[i]]:
            at = np.searchsorted(named, entity)
            n_named += at < len(named) and named[at] == entity  # 0, which is none, never is
        out[i, _TIMES_READ] = np.log1p(float(n_read))
        out[i, _CATEGORY_LAST] = 1.0 if last != 0 and categories[rows[i]] == last else 0.0
        out[i, _ENTITY_OVERLAP] = np.log1p(float(n_named))


@compiled
def fill_preference(
    rows: Rows, categories: Codes, keys: Keys, records: Records, out: Floats
) -> None:
    """Compare the user's clicks on each candidate's category with chance: `Exposures.categories`.

    `categories` are by row, (N,), `keys` by code.
    """
    for i in range(len(rows)):
        key = keys[categories[rows[i]]]
        for k in range(len(records)):
            if records[k]["key"] == key:
                clicks, expected = float(records[k]["clicks"]), float(records[k]["expected"])
                out[i, _PREFERENCE] = np.log((clicks + 1.0) / (expected + 1.0))
                break


def fill(inputs: Inputs, out: Floats) -> None:
    """Compare each candidate with what the user read."""
    catalogue, reader, rows = inputs.catalogue, inputs.reader, inputs.selection.rows
    reads, recent = reader.rows, reader.rows[-_RECENT:]
    profile, categories = reader.profile, catalogue.category[:, None]  # (N, 1)
    vectors = catalogue.embeddings.take(rows, axis=0)  # (n, D)
    out[:, _INTEREST] = vectors @ reader.interest
    out[:, _WORDS] = catalogue.words.match(rows, recent)
    named = is_named(catalogue, reader, rows)
    if named is not None:
        out[:, _IS_NAMED] = named
    if reads.size:
        read = catalogue.embeddings.take(recent, axis=0)  # (h, D)
        fill_likeness(vectors @ read.T, out, _TEXT)
        tokens = catalogue.token_embeddings
        likeness = tokens.take(rows, axis=0) @ tokens.take(recent, axis=0).T  # (n, h)
        fill_likeness(likeness, out, _TOKEN)
        fill_reads(rows, reads, _RECENT, catalogue.category, catalogue.entity, out)
    for codes, share, lifts, names, records, columns in (
        (
            categories,
            reader.category_share,
            reader.category_lift,
            catalogue.categories,
            profile.categories,
            _CATEGORY,
        ),
        (
            catalogue.subcategory,
            reader.subcategory_share,
            reader.subcategory_lift,
            catalogue.subcategories,
            profile.subcategories,
            _SUBCATEGORY,
        ),
    ):
        ever, n_ever = counts_of(records)
        fill_names(rows, reads, codes, share, lifts, names.all_keys, ever, n_ever, out, columns)
    fill_preference(
        rows,
        catalogue.category,
        catalogue.categories.all_keys,
        reader.exposures.category_records(),
        out,
    )


BLOCK = Block("reading", COLUMNS, fill)
