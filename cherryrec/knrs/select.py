"""Which articles go on: the retriever over the catalogue, the quota, and the filters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.co_reads import CoReads
from cherryrec.distinct import distinct
from cherryrec.events import Contrast, RecommendationRequest, seconds
from cherryrec.knrs.alike import went_on
from cherryrec.knrs.chooser import Chooser
from cherryrec.knrs.config import METRICS, KnrsConfig
from cherryrec.knrs.considered import Considered
from cherryrec.knrs.contrast import POOL, contrast_of, draw, generator, is_taught
from cherryrec.knrs.retriever import Retriever
from cherryrec.knrs.sources import brought_by, contenders, fused
from cherryrec.knrs.values import LinearValue, NewsValue
from cherryrec.reader import Reader

__all__ = ["Observe", "Rivals", "Selection", "n_kept", "select"]

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

Observe = Callable[[Considered], None]
"""Told what a selection has considered, by who asks why an article is not in it."""

_N_METRICS = len(METRICS)


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """Articles that KnRS would have kept, drawn beside given candidates, (r,) of `n_all`.

    `is_kept` (n,) says which of the candidates would have been: of those live before the request,
    as what first appears with a slate or a click could not be kept for it.
    """

    rows: Rows
    metrics: Floats
    values: Floats
    signals: Floats
    n_all: int
    is_kept: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The candidates of one request: best first, of the whole catalogue by what keeps them.

    `rows` (n,) index the catalogue, `metrics` (n, 5) are f1 to f5, `values` (n,) the news values,
    `signals` (n, S) what KnRS retrieves by; `sources` names what brought each article of the whole
    catalogue. `dropped` names candidates of the request that were excluded, retracted or under
    embargo; `is_cold` says that no article was live, and the ones shown lately stand in. `others`
    stand for everything else that was live, `rivals` for what would have been kept of it.
    """

    rows: Rows
    metrics: Floats
    values: Floats
    signals: Floats
    sources: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    is_cold: bool = False
    others: Contrast | None = None
    rivals: Rivals | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What is kept, best first: positions (k,), signals (k, S); the signals of what was drawn.

    The last have places by themselves: `reserved` says which source brought each of them. `near`
    are the positions of all that was within reach.
    """

    positions: Rows
    signals: Floats
    reserved: list[str]
    drawn: Floats
    near: Rows

    def brought_by(self, weights: Floats) -> tuple[str, ...]:
        """Name the source of each article."""
        n_own = len(self.positions) - len(self.reserved)
        return (*brought_by(self.signals[:n_own], weights), *self.reserved)


def n_kept(n_live: int, slate_size: int, config: KnrsConfig) -> int:
    """How many of `n_live` articles are kept: the quota between floor and ceiling, or the slate.

    Examples
    --------
    >>> [n_kept(n_live, 10, KnrsConfig()) for n_live in (50_000, 1_000, 100, 8)]
    [400, 50, 20, 8]
    """
    quota = min(max(int(np.ceil(n_live * config.quota)), config.floor), config.ceiling)
    return min(max(quota, slate_size), n_live)


def select(
    catalogue: Catalogue,
    reader: Reader,
    request: RecommendationRequest,
    config: KnrsConfig,
    value: NewsValue | None = None,
    *,
    retriever: Retriever | None = None,
    co_reads: CoReads | None = None,
    site_share: float = 1.0,
    taught_share: float = 1.0,
    observe: Observe | None = None,
) -> Selection:
    """Select the candidates of a request.

    With `candidates` in the request all of them go on, in order of news value, but for those
    excluded, retracted or under embargo; one whose article message has not come yet is ranked
    without its text.
    Without, the whole live catalogue is looked at once, what the user has read or excludes is left
    out, and the best of the rest are kept (`n_kept`): the retriever's choice, and for a reserved
    share of the places what single sources put first (`sources`). Where no article is live (the
    catalogue is cold), those shown lately stand in. Equal articles are ordered by their newness,
    then another way each request, never by their ids.

    Parameters
    ----------
    catalogue, reader
        The articles and the user.
    request
        The request; its time is the newest event time anything here may have used.
    config
        Weights, quota, priors.
    value
        The learned news value; the sum with the config's weights where None.
    retriever
        The learned retriever; the one that every installation starts with where None.
    co_reads
        What was read one after another; nothing where None.
    site_share
        How much of what was shown the site has chosen, in (0, 1] (`SlateMemory.site_share`).
    taught_share
        Of the requests with given candidates the share for which others and rivals are drawn, by
        their ids, in [0, 1].
    observe
        Told what a selection over the whole catalogue has considered.
    """
    now, co_reads = seconds(request.requested_at), co_reads or CoReads()
    chooser = Chooser(
        catalogue,
        reader,
        request,
        config,
        value or LinearValue(np.array(config.weights)),
        retriever or Retriever(),
        co_reads,
        now,
        went_on(catalogue, reader, co_reads, now=now),
        site_share,
    )
    if request.candidates is None:
        return _from_catalogue(chooser, observe)
    return _of_candidates(chooser, request.candidates, taught_share)


def _from_catalogue(chooser: Chooser, observe: Observe | None) -> Selection:
    catalogue, request, config = chooser.catalogue, chooser.request, chooser.config
    live = catalogue.live_rows(chooser.now)
    is_cold = not live.size
    live = catalogue.shown_rows(chooser.now) if is_cold else live
    rows = _unread(chooser, live)
    drawn = draw(generator(request.request_id), len(rows), config.n_others)
    kept = _kept(chooser, rows, n_kept(len(live), request.slate_size, config), drawn)
    if observe is not None:
        n_own = len(kept.positions) - len(kept.reserved)
        observe(Considered(chooser, live, rows, kept.positions, n_own, kept.near))
    f = np.ascontiguousarray(kept.signals[:, :_N_METRICS])
    return Selection(
        rows[kept.positions],
        f,
        chooser.value.values(f),
        kept.signals,
        kept.brought_by(chooser.retriever.weights),
        is_cold=is_cold,
        others=contrast_of(catalogue, rows[drawn], kept.drawn, n_all=len(rows)),
    )


def _of_candidates(chooser: Chooser, candidates: tuple[str, ...], taught_share: float) -> Selection:
    catalogue, now = chooser.catalogue, chooser.now
    names = dict.fromkeys(candidates)
    left_out = catalogue.withheld(names).union(chooser.request.exclude)
    dropped = tuple(a for a in names if a in left_out) if left_out else ()
    rows = catalogue.rows([a for a in names if a not in left_out] if dropped else names, now)
    # A candidate that nobody was shown yet is new: the slate it stands in is its birth.
    found = chooser.signals(rows, unknown_age_s=0.0)
    f = np.ascontiguousarray(found[:, :_N_METRICS])
    values = chooser.value.values(f)
    order = chooser.ordered(rows, values)
    chosen = Selection(rows[order], f[order], values[order], found[order], dropped=dropped)
    if not is_taught(chooser.request.request_id, taught_share):
        return chosen
    return _with_contrast(chooser, chosen, taught_share)


def _with_contrast(chooser: Chooser, chosen: Selection, taught_share: float) -> Selection:
    """Draw what else was live, and for a share of the requests what of it would be kept."""
    catalogue, config, request = chooser.catalogue, chooser.config, chooser.request
    everything = catalogue.live_rows(chooser.now)
    live = _unread(chooser, everything)
    rng = generator(request.request_id)
    pool = live[draw(rng, len(live), POOL)]
    if not pool.size:
        return chosen
    drawn = draw(rng, len(pool), config.n_others)
    if not config.n_rivals or not is_taught(request.request_id, taught_share * config.rivals_share):
        others = contrast_of(catalogue, pool[drawn], chooser.signals(pool[drawn]), n_all=len(live))
        return replace(chosen, others=others)
    n = n_kept(len(pool), request.slate_size, config)
    kept = _kept(chooser, pool, n, drawn)
    others = contrast_of(catalogue, pool[drawn], kept.drawn, n_all=len(live))
    n_all = len(kept.positions)
    few = draw(rng, n_all, config.n_rivals)
    f = np.ascontiguousarray(kept.signals[few, :_N_METRICS])
    n_own = max(n_all - int(n * config.reserved), 1)  # the rest have places by themselves
    least = chooser.strength(kept.signals[:n_own]).min(initial=np.inf)
    is_new = catalogue.born(chosen.rows) >= chooser.now
    was_live = np.isin(chosen.rows, everything) & ~is_new
    rivals = Rivals(
        pool[kept.positions[few]],
        f,
        chooser.value.values(f),
        kept.signals[few],
        n_all,
        was_live & (chooser.strength(chosen.signals) >= least),
    )
    return replace(chosen, others=others, rivals=rivals)


def _unread(chooser: Chooser, live: Rows) -> Rows:
    """Leave out what the user has read, or does not want."""
    catalogue = chooser.catalogue
    history = chooser.reader.profile.history
    read = {past.article_id for past in history} | set(chooser.request.exclude)
    rows = catalogue.known_rows(sorted(read))
    places = np.searchsorted(live, rows)
    places = places[places < len(live)]
    return np.delete(live, places[np.isin(live[places], rows)])


def _kept(chooser: Chooser, rows: Rows, n: int, drawn: Rows) -> _Kept:
    """Keep n of the rows, which rise, and look at those drawn, positions in them that rise."""
    n_reserved = int(n * chooser.config.reserved) if n < len(rows) else 0
    near = reached = chooser.within_reach(rows, n, n_reserved)  # positions, (m,)
    if len(near) < len(rows):
        near = distinct(np.concatenate((near, drawn)))
    rows, found = rows[near], chooser.signals(rows[near])
    beside = found[np.searchsorted(near, drawn)]
    strengths = chooser.strength(found)
    best = _best(chooser, rows, strengths, n - n_reserved)
    names: list[str] = []
    if n_reserved:
        strengths[best] = -np.inf
        looked_at = contenders(found, strengths, n_reserved)
        left = looked_at[np.isfinite(strengths[looked_at])]
        born = ~np.isnan(chooser.catalogue.born(rows[left]))
        brought, names = fused(found[left], n_reserved, is_born=born, ties=chooser.ties(rows[left]))
        best = np.concatenate((best, left[brought]))
    return _Kept(near[best], found[best], names, beside, reached)


def _best(chooser: Chooser, rows: Rows, values: Floats, n: int) -> NDArray[np.intp]:
    """Positions of the n best values, best first."""
    if n >= len(rows):
        return chooser.ordered(rows, values)
    threshold = np.partition(values, len(rows) - n)[len(rows) - n]
    positions = np.flatnonzero(values >= threshold)
    return np.asarray(positions[chooser.ordered(rows[positions], values[positions])][:n])
