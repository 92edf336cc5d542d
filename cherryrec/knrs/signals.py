"""What KnRS retrieves by: the five metrics, and what each source of candidates says of an article.

The metrics were made to be weighed by the paper's sum and lie in [0, 1]; a list of what is clicked
now keeps more of what will be clicked than any such sum. Counts are therefore logarithms here, each
half-life by itself, beside freshness, likeness, shares and what readers alike went on to. A linear
function of all of them, learned from clicks against everything else that was live, decides what is
kept (`retriever`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.co_reads import CoReads
from cherryrec.knrs.alike import N_ALIKE, Alike, place_alike, went_on
from cherryrec.knrs.config import METRICS, KnrsConfig
from cherryrec.knrs.metrics import fill, likeness_of
from cherryrec.knrs.signal_kernels import N_OWN, fill_signals
from cherryrec.reader import Reader

__all__ = [
    "ALIKE",
    "EXPOSURES",
    "N_SIGNALS",
    "SIGNALS",
    "Signal",
    "prior_weights",
    "signals",
    "used_signals",
]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_EXPOSURES = ("views_10m", "views_1h", "views_6h", "views_24h", "views_now")


class Signal(NamedTuple):
    """One column: its name, the weight it starts with, which source it speaks for, what it sees.

    `source` is one of `knrs.sources.SOURCES`. `is_of_views` says that it is counted from what was
    shown, which is the choice of whoever made the slates.
    """

    name: str
    prior: float
    source: str
    is_of_views: bool = False


SIGNALS: tuple[Signal, ...] = (
    Signal("relevance", 0.5, "readers_topics"),
    Signal("credibility", 0.5, "editors"),
    Signal("timeliness", 0.3, "newest"),
    Signal("attention", 0.2, "rising", is_of_views=True),
    Signal("novelty", 0.0, "newest"),
    Signal("views_10m", 0.4, "most_viewed", is_of_views=True),
    Signal("views_1h", 0.3, "most_viewed", is_of_views=True),
    Signal("views_6h", 0.0, "most_viewed", is_of_views=True),
    Signal("views_24h", 0.0, "most_viewed", is_of_views=True),
    Signal("clicks_10m", 0.16, "rising"),
    Signal("clicks_1h", 0.1, "most_clicked"),
    Signal("clicks_6h", 0.0, "most_clicked"),
    Signal("clicks_24h", 0.0, "most_clicked"),
    Signal("views_now", 0.5, "most_viewed", is_of_views=True),
    Signal("clicks_now", 0.1, "rising"),
    Signal("clicks_hour", 0.1, "most_clicked"),
    Signal("rate_10m", 0.05, "rising", is_of_views=True),
    Signal("rate_1h", 0.05, "most_clicked", is_of_views=True),
    Signal("rate_6h", 0.05, "most_clicked", is_of_views=True),
    Signal("age", -0.2, "newest"),
    Signal("freshness", 0.25, "newest"),
    Signal("text_interest", 0.3, "near"),
    Signal("text_nearest", 0.3, "near"),
    Signal("category_lift", 0.3, "readers_topics"),
    Signal("subcategory_lift", 0.1, "readers_topics"),
    Signal("alike", 0.5, "alike"),
    Signal("alike_rare", 0.3, "alike"),
    Signal("session_next", 0.3, "alike"),
    Signal("session_starts", 0.1, "rising"),
    Signal("session_reads", 0.1, "rising"),
    Signal("was_shown", -0.1, "shown", is_of_views=True),
)
"""The columns in order: the five metrics first; see docs/signals.md for each one's formula."""

N_SIGNALS = len(SIGNALS)

EXPOSURES = np.array(
    [place for place, signal in enumerate(SIGNALS) if signal.name in _EXPOSURES], np.intp
)
"""The columns that count how often an article was shown."""

ALIKE = slice(N_SIGNALS - 1 - N_ALIKE, N_SIGNALS - 1)
"""The columns of what other readers did."""

assert tuple(signal.name for signal in SIGNALS[: len(METRICS)]) == METRICS
assert [signal.name for signal in SIGNALS[ALIKE]][::2] == ["alike", "session_next", "session_reads"]
assert len(METRICS) + N_OWN == N_SIGNALS


def prior_weights() -> Floats:
    """Return the weights a fresh retriever starts with, (S,)."""
    return np.array([signal.prior for signal in SIGNALS])


def used_signals(config: KnrsConfig) -> Bools:
    """Say which columns are used, (S,): those that no ablation holds at 0."""
    return np.array(
        [
            signal.name not in config.without
            and signal.source not in config.without
            and not (signal.is_of_views and "views" in config.without)
            for signal in SIGNALS
        ]
    )


def signals(
    catalogue: Catalogue,
    reader: Reader,
    co_reads: CoReads,
    rows: Rows,
    *,
    now: float,
    config: KnrsConfig,
    unknown_age_s: float | None = None,
    alike: Alike | None = None,
    site_share: float = 1.0,
) -> Floats:
    """Return the signals of each row, (n, S), those of an ablation 0.

    An article whose birth is not known (no publication time, never shown) is not taken for new: it
    counts as one half-life old, its timeliness is 0.5.

    Parameters
    ----------
    catalogue, reader, co_reads
        The articles, the user, and what was read one after another.
    rows
        Which articles, (n,).
    now
        Event time, epoch seconds; nothing later is used.
    config
        Half-lives, priors, and what is left out.
    unknown_age_s
        Age of an article whose birth is not known, in seconds; a half-life where None.
    alike
        What other readers did, where it has been looked up for this user and time.
    site_share
        How much of what was shown the site has chosen, in [0, 1]: so much of the counts of views
        is left. What was shown because KnRS kept it says nothing of the article.
    """
    unknown_s = config.half_life_s if unknown_age_s is None else unknown_age_s
    ages = catalogue.age(rows, now, unknown_s=unknown_s)
    likeness = likeness_of(catalogue, reader, rows)
    out = np.empty((len(rows), N_SIGNALS))
    fill(catalogue, reader, rows, now, config, ages=ages, likeness=likeness, out=out)
    totals = catalogue.totals
    fill_signals(
        rows,
        likeness,
        ages,
        catalogue.category,
        catalogue.subcategory,
        totals.sums,
        totals.decay(now),
        reader.category_lift,
        reader.subcategory_lift,
        catalogue.hashes,
        reader.exposures.article_records(),
        out,
    )
    if alike is None:
        alike = went_on(catalogue, reader, co_reads, now=now)
    places, values = place_alike(alike, rows)
    out[places, ALIKE] = values
    out[:, EXPOSURES] *= site_share
    if config.without:
        out[:, ~used_signals(config)] = 0.0
    return out
