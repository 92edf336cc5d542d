"""The paper's five metrics, each in [0, 1], over any rows of the catalogue at once.

`V(u, N) = w1·f1(u, N) + w2·f2(N) + w3·f3(N) + w4·f4(N) + w5·f5(N)`: user relevance, source
credibility, timeliness, online attention, content novelty. No loop over articles anywhere.

References
----------
CherryRec (2024), arXiv 2406.12243, section on KnRS, https://arxiv.org/abs/2406.12243
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import MISSING, Catalogue
from cherryrec.knrs.config import METRICS, KnrsConfig
from cherryrec.knrs.half_lives import half_lives
from cherryrec.reader import Reader, over_names

__all__ = ["metrics"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_PRIOR_VIEWS = 20.0
_RECENT_READS = 3


def metrics(
    catalogue: Catalogue, reader: Reader, rows: Rows, now: float, config: KnrsConfig
) -> Floats:
    """Return f1 to f5 for each row.

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
    reads = reader.rows[-_RECENT_READS:]
    vectors = np.vstack([reader.interest[None, :], catalogue.embeddings[reads]])  # (1 + k, D)
    likeness = _likeness(catalogue, rows, vectors)  # (n, 1 + k)
    values = np.column_stack(
        [
            relevance(catalogue, reader, rows, likeness[:, 0]),
            credibility(catalogue, rows, config),
            timeliness(catalogue, rows, now, config),
            attention(catalogue, rows, now),
            novelty(catalogue, rows, likeness[:, 1:]),
        ]
    )
    for name in config.without:
        values[:, METRICS.index(name)] = 0.0
    return values


def _likeness(
    catalogue: Catalogue, rows: Rows, vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the cosine of each row to each unit vector, (n, k), in one pass of memory.

    Gathering rows costs more than multiplying them: most of a catalogue is multiplied whole.
    """
    if 2 * len(rows) > catalogue.n_rows:
        return np.asarray((catalogue.embeddings[: catalogue.n_rows] @ vectors.T)[rows])
    return np.asarray(catalogue.embeddings[rows] @ vectors.T)


def relevance(
    catalogue: Catalogue, reader: Reader, rows: Rows, cosine: NDArray[np.float32]
) -> Floats:
    """f1: likeness to what the user reads, by text, category, subcategory and profile.

    The mean of a logistic squash of: cosine to the interest vector (times 5), category lift,
    subcategory lift; raised to 1 where the article's category is a field or collection the user
    named. 0.5 for a user nothing is known of.
    """
    parts = (
        5.0 * cosine,
        reader.category_lift[catalogue.category[rows]],
        over_names(reader.subcategory_lift, catalogue.subcategory[rows]),
    )
    result = sum(_squash(part) for part in parts) / len(parts)
    return np.asarray(np.where(is_named(catalogue, reader, rows), 1.0, result), dtype=float)


def is_named(catalogue: Catalogue, reader: Reader, rows: Rows) -> NDArray[np.bool_]:
    """Whether the user named the article's category or subcategory as a field or collection."""
    named = (*reader.profile.fields, *reader.profile.collections)
    if not named:
        return np.zeros(len(rows), bool)
    category = [catalogue.categories.find(name) for name in named]
    subcategory = [catalogue.subcategories.find(name) for name in named]
    tags = np.isin(catalogue.subcategory[rows], [c for c in subcategory if c != MISSING])
    return np.isin(catalogue.category[rows], [c for c in category if c != MISSING]) | tags.any(
        axis=1
    )


def credibility(catalogue: Catalogue, rows: Rows, config: KnrsConfig) -> Floats:
    """f2: mean of a Beta posterior: the editors' prior p, moved by clicks against expectation.

    With strength s, clicks c and expected clicks e (as many as the source's views bring anywhere),

        f2 = p·(s/2 + c) / (p·(s/2 + c) + (1 - p)·(s/2 + e))

    A source whose articles are clicked as often as all are stays at its prior; an article without
    source, or of one that nobody rated and nobody saw, is neutral: 0.5.
    """
    n_sources = len(catalogue.sources)
    prior = np.full(n_sources, 0.5)
    for source, value in config.credibility.items():
        code = catalogue.sources.find(source)
        if code != MISSING:
            prior[code] = value
    views, clicks = np.maximum(catalogue.source_totals.totals(slice(0, n_sources)), 0.0)[:, :2].T
    expected = views * (clicks.sum() + 1.0) / (views.sum() + 10.0)
    half = config.credibility_strength / 2.0
    hits, misses = prior * (half + clicks), (1.0 - prior) * (half + expected)
    posterior = hits / (hits + misses)
    posterior[MISSING] = 0.5
    return np.asarray(posterior[catalogue.source[rows]])


def timeliness(catalogue: Catalogue, rows: Rows, now: float, config: KnrsConfig) -> Floats:
    """f3: 2^(-age / half-life of the category); 1 for an article not seen before."""
    lives = half_lives(catalogue, config)[catalogue.category[rows]]
    return np.asarray(np.exp2(-catalogue.age(rows, now) / lives))


def attention(catalogue: Catalogue, rows: Rows, now: float) -> Floats:
    """f4: click rate against everyone's, r / (1 + r), averaged over the half-lives; 0.5 unseen."""
    views, clicks = (
        catalogue.totals.views(rows, now),
        catalogue.totals.clicks(rows, now),
    )
    base = base_rate(catalogue)
    ratio = (clicks + _PRIOR_VIEWS * base) / ((views + _PRIOR_VIEWS) * base)
    return np.asarray((ratio / (1.0 + ratio)).mean(axis=1))


def base_rate(catalogue: Catalogue) -> float:
    """Clicks per view over everything counted, smoothed; in (0, 1]."""
    views, clicks = np.maximum(
        catalogue.category_totals.totals(slice(None))[:, :2].sum(axis=0), 0.0
    )
    return min(float((clicks + 1.0) / (views + 10.0)), 1.0)


def novelty(catalogue: Catalogue, rows: Rows, likeness: NDArray[np.float32]) -> Floats:
    """f5: 1 - likeness to the nearest earlier story, or to the user's last reads if greater.

    `likeness` is that to each of the last reads, (n, k).
    """
    nearest = np.maximum(catalogue.story_similarity[rows], likeness.max(axis=1, initial=0.0))
    return np.asarray(1.0 - np.clip(nearest, 0.0, 1.0), dtype=float)


def _squash(values: NDArray[np.floating]) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-values)), dtype=float)
