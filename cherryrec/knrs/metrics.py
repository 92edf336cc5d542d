"""The paper's five metrics, each in [0, 1], over any rows of the catalogue at once.

`V(u, N) = w1·f1(u, N) + w2·f2(N) + w3·f3(N) + w4·f4(N) + w5·f5(N)`: user relevance, source
credibility, timeliness, online attention, content novelty. The one loop over articles is compiled.

References
----------
CherryRec (2024), arXiv 2406.12243, section on KnRS, https://arxiv.org/abs/2406.12243
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import MISSING, Catalogue, Interned
from cherryrec.knrs.config import METRICS, KnrsConfig
from cherryrec.knrs.half_lives import half_lives
from cherryrec.knrs.kernels import credibilities, fill_metrics
from cherryrec.reader import Reader

__all__ = [
    "base_rate",
    "credibility",
    "fill",
    "is_named",
    "likeness_of",
    "metrics",
    "named_codes",
    "vectors_of",
]

Rows = NDArray[np.intp]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_RECENT_READS = 3


def metrics(
    catalogue: Catalogue, reader: Reader, rows: Rows, now: float, config: KnrsConfig
) -> Floats:
    """Return f1 to f5 for each row.

    f1, relevance: likeness to what the user reads. The mean of a logistic function of cosine to the
    interest vector (times 5), category lift, and subcategory lift; raised to 1 where the article's
    category is a field or collection the user named. 0.5 for a user nothing is known of.

    f2, credibility: that of the source, see `credibility`.

    f3, timeliness: 2^(-age / half-life of the category); 1 for an article not seen before.

    f4, attention: click rate against everyone's, r / (1 + r), averaged over the half-lives; 0.5
    unseen.

    f5, novelty: 1 - likeness to the nearest earlier story, or to the user's last reads if greater.

    Parameters
    ----------
    catalogue, reader
        The articles, and the user as `Reader.of` resolved them.
    rows
        Which articles, (n,).
    now
        Event time of the request, epoch seconds; nothing later is used.
    config
        Half-lives and priors, and which metrics are left out.

    Returns
    -------
    float64 (n, 5), each in [0, 1]; those left out 0.
    """
    values = np.empty((len(rows), len(METRICS)))
    ages, likeness = catalogue.age(rows, now), likeness_of(catalogue, reader, rows)
    fill(catalogue, reader, rows, now, config, ages=ages, likeness=likeness, out=values)
    return values


def fill(
    catalogue: Catalogue,
    reader: Reader,
    rows: Rows,
    now: float,
    config: KnrsConfig,
    *,
    ages: Floats,
    likeness: NDArray[np.float32],
    out: Floats,
) -> None:
    """Write f1 to f5 into the first columns of a wider matrix, (n, 5 or more).

    `ages` are in seconds, (n,), `likeness` as `likeness_of` returns it; the rest as in `metrics`.
    """
    totals = catalogue.totals
    fill_metrics(
        rows,
        likeness,
        ages,
        catalogue.category,
        catalogue.subcategory,
        catalogue.source,
        catalogue.story_similarity,
        totals.sums,
        reader.category_lift,
        reader.subcategory_lift,
        credibility(catalogue, config),
        half_lives(catalogue, config),
        totals.decay(now),
        base_rate(catalogue),
        out,
    )
    named = is_named(catalogue, reader, rows)
    if named is not None:
        out[named, 0] = 1.0
    for name in config.without:
        if name in METRICS:
            out[:, METRICS.index(name)] = 0.0


def likeness_of(catalogue: Catalogue, reader: Reader, rows: Rows) -> NDArray[np.float32]:
    """Return the cosine of each row to the interest and to the last reads, (n, 1 + k).

    It takes one pass of memory. Gathering rows costs more than multiplying them: most of a
    catalogue is multiplied whole.
    """
    embeddings, vectors = catalogue.embeddings, vectors_of(catalogue, reader)
    if 2 * len(rows) > catalogue.n_rows:
        return np.asarray((embeddings[: catalogue.n_rows] @ vectors.T)[rows])
    return np.asarray(embeddings.take(rows, axis=0) @ vectors.T)


def vectors_of(catalogue: Catalogue, reader: Reader) -> NDArray[np.float32]:
    """Return what articles are likened to: the interest vector and the last reads, (1 + k, D)."""
    read = catalogue.embeddings.take(reader.rows[-_RECENT_READS:], axis=0)  # (k, D)
    return np.concatenate((reader.interest[None, :], read))


def is_named(catalogue: Catalogue, reader: Reader, rows: Rows) -> Bools | None:
    """Whether the user named each article's category or subcategory as a field or collection.

    None where they named nothing.
    """
    if not (reader.profile.fields or reader.profile.collections):
        return None
    by_category, by_subcategory = named_codes(catalogue, reader)
    category = by_category[catalogue.category[rows]]  # (n,)
    subcategory = by_subcategory[catalogue.subcategory[rows]]  # (n, 4)
    return np.asarray(category | subcategory.any(axis=1))


def named_codes(catalogue: Catalogue, reader: Reader) -> tuple[Bools, Bools]:
    """Whether the user named each category and subcategory as a field or collection, by code."""
    named = (*reader.profile.fields, *reader.profile.collections)
    return _marked(catalogue.categories, named), _marked(catalogue.subcategories, named)


def _marked(names: Interned, wanted: tuple[str, ...]) -> Bools:
    """Mark the codes of wanted names, by code."""
    marked = np.zeros(len(names), np.bool_)
    marked[[names.find(name) for name in wanted]] = True
    marked[MISSING] = False
    return marked


def credibility(catalogue: Catalogue, config: KnrsConfig) -> Floats:
    """f2 by source: mean of a Beta posterior, the editors' prior p moved by clicks, (S,).

    With strength s, clicks c and expected clicks e (as many as the source's views bring anywhere),

        f2 = p·(s/2 + c) / (p·(s/2 + c) + (1 - p)·(s/2 + e))

    A source whose articles are clicked as often as all are stays at its prior; an article without
    source, or of one that nobody rated and nobody saw, is neutral: 0.5.
    """
    prior = np.full(len(catalogue.sources), 0.5)
    for source, value in config.credibility.items():
        code = catalogue.sources.find(source)
        if code != MISSING:
            prior[code] = value
    counts = catalogue.source_totals.totals(slice(0, len(prior)))
    return credibilities(prior, counts, config.credibility_strength)


def base_rate(catalogue: Catalogue) -> float:
    """Clicks per view over everything counted, smoothed; in (0, 1]."""
    views, clicks, _ = catalogue.category_totals.overall()
    return min((max(clicks, 0.0) + 1.0) / (max(views, 0.0) + 10.0), 1.0)
