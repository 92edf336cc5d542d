"""What earlier slates say: how each candidate did beside the ones it stands beside now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.features.column import SHARE, Block, Column, Inputs, about, places
from cherryrec.features.sources import SLATES
from cherryrec.slates import SlateMemory

__all__ = ["BLOCK", "evidence"]

Ints = NDArray[np.int32]
Floats = NDArray[
    np.float64
]  # n candidates; a slot is an article's place in the memory, -1 for none

_BY = (SLATES,)

COLUMNS = (
    Column("wins_mean", "mean log-odds over the other candidates", about(-5, 5), _BY),
    Column(
        "wins_root",
        "their sum over √(n − 1): many weak signs together are a strong one",
        about(-30, 30),
        _BY,
    ),
    Column("win_share", "mean of (w_xz + ½) / (w_xz + w_zx + 1)", SHARE, _BY, cold=0.5),
    Column(
        "wins_lowest",
        "the lowest of the log-odds: against its strongest rival",
        about(-7, 7),
        _BY,
    ),
    Column(
        "wins_surprise",
        "Σ (w_xz − w_zx) / √(w_xz + w_zx + 1), over √(n − 1): in deviations of a fair coin",
        about(-50, 50),
        _BY,
    ),
    Column(
        "wins_category",
        "mean over the others of x's log-odds over any article of their category",
        about(-7, 7),
        _BY,
    ),
    Column(
        "neighbours",
        "log((Σ w·y + 0.2) / (Σ w·p + 0.2)) over the slates that held it: w = J·2^(−age / 24 h), J "
        "the articles shared with this one over those in either, y whether it was clicked, p that "
        "slate's clicks per article",
        about(-5, 5),
        _BY,
    ),
    Column(
        "neighbours_close",
        "the same with J³: only slates nearly like this one",
        about(-5, 5),
        _BY,
    ),
)


_WINS_MEAN, _WINS_ROOT, _WIN_SHARE, _WINS_LOWEST, _WINS_SURPRISE, _WINS_CATEGORY = places(
    COLUMNS,
    "wins_mean",
    "wins_root",
    "win_share",
    "wins_lowest",
    "wins_surprise",
    "wins_category",
)
_NEIGHBOURS, _NEIGHBOURS_CLOSE = places(COLUMNS, "neighbours", "neighbours_close")


@compiled
def fill_wins(
    slots: Ints,
    categories: Ints,
    wins: NDArray[np.float32],
    category_wins: NDArray[np.float32],
    category_losses: NDArray[np.float32],
    out: Floats,
) -> None:
    """Say how each article did against each of the others."""
    n = len(slots)
    n_others = max(n - 1, 1)
    for i in range(n):
        x = slots[i]
        if x < 0:
            out[i, _WIN_SHARE] = 0.5
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
        out[i, _WINS_MEAN] = total / n_others
        out[i, _WINS_ROOT] = total / np.sqrt(n_others)
        out[i, _WIN_SHARE] = share / n_others if n > 1 else 0.5
        out[i, _WINS_LOWEST] = lowest if n > 1 else 0.0
        out[i, _WINS_SURPRISE] = surprise / np.sqrt(n_others)
        out[i, _WINS_CATEGORY] = by_category / n_others


@compiled
def fill_neighbours(
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
    """Say how each article was clicked in earlier slates like this one.

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
        out[i, _NEIGHBOURS] = np.log((got_1 + 0.2) / (wanted_1 + 0.2))
        out[i, _NEIGHBOURS_CLOSE] = np.log((got_3 + 0.2) / (wanted_3 + 0.2))
    for i in range(n):
        x = slots[i]
        if x >= 0:
            for k in range(n_filled[i]):
                slate = postings[x, k]
                if slate >= oldest:
                    overlaps[slate % n_ring] = 0


def evidence(
    slates: SlateMemory, articles: Sequence[str], *, categories: Sequence[str], now: float
) -> Floats:
    """Compare the articles of a slate by the earlier ones, (n, 8).

    Parameters
    ----------
    slates
        The labelled slates of before.
    articles, categories
        Ids, and the name of each one's category, "" for none.
    now
        Event time, epoch seconds.

    Examples
    --------
    >>> from cherryrec.slates import SlatesConfig
    >>> slates = SlateMemory(SlatesConfig(max_articles=8))
    >>> slates.add("s1", ["a", "b"], [True, False], categories=["x", "y"], time_s=0.0)
    True

    Article a won once against b: log(1.5 / 0.5) = 1.099, and 0 against the new one; half of it.

    >>> found = evidence(slates, ["a", "b", "new"], categories=["x", "y", "y"], now=0.0)
    >>> found[:, 0].round(3).tolist()
    [0.549, -0.549, 0.0]
    """
    out = np.zeros((len(articles), len(COLUMNS)))
    slots, codes, window = slates.slots(articles), slates.codes(categories), slates.window
    fill_wins(slots, codes, window.wins, window.category_wins, window.category_losses, out)
    fill_neighbours(
        slots,
        window.postings,
        window.was_clicked,
        window.n_posted,
        window.oldest,
        window.times,
        window.sizes,
        window.n_clicks,
        window.overlaps,
        now,
        slates.config.half_life_s,
        out,
    )
    return out


def fill(inputs: Inputs, out: Floats) -> None:
    """Compare each candidate with the others by the labelled slates of before."""
    catalogue, rows = inputs.catalogue, inputs.selection.rows
    ids = [catalogue.ids[row] for row in rows.tolist()]
    categories = catalogue.categories.names(catalogue.category[rows])
    out[:] = evidence(inputs.slates, ids, categories=categories, now=inputs.now)


BLOCK = Block("slate", COLUMNS, fill)
