"""What readers went on to: for each article the ones clicked shortly before or after it.

Readers who read what this one has just read went on to something, most of them to the same few
articles; no other signal of KnRS knows a story that is read by some readers only. Pairs are counted
over all partitions, each worker from the same topic, and fade; of every article the heaviest few
are kept. A pair that comes twice (a click read again after a crash) is counted once, one that is
lost is a little less evidence: nothing here is anybody's state.

References
----------
Ludewig and Jannach (2018), Evaluation of Session-based Recommendation Algorithms, User Modeling and
User-Adapted Interaction 28, https://doi.org/10.1007/s11257-018-9209-6: pairs of one session compete
with nearest neighbours and networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner
from cherryrec.errors import ConfigError

__all__ = ["CoReads", "CoReadsConfig"]

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
F32 = NDArray[np.float32]

_PRIOR_CLICKS = 5.0
_BACK = 0.5  # what the way back is worth: from the later article to the earlier one


@dataclass(frozen=True, slots=True, kw_only=True)
class CoReadsConfig:
    """How much is kept of what was read together.

    Parameters
    ----------
    max_articles
        Articles with pairs, at least 2; past it the one longest not clicked leaves.
    max_pairs
        Pairs kept of each article, the heaviest; above 0. Memory: 12 bytes times both.
    n_reads
        Last reads of a user that a click is paired with, and a request asks about; above 0.
    half_life_s
        Age at which a pair has lost half of its weight, in seconds; above 0.
    recent_clicks
        Clicks among which one that comes again is found; above 0.
    """

    max_articles: int = 8_192
    max_pairs: int = 48
    n_reads: int = 10
    half_life_s: float = 86_400.0
    recent_clicks: int = 16_384

    def __post_init__(self) -> None:
        for name in ("max_pairs", "n_reads", "half_life_s", "recent_clicks"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.max_articles < 2:
            msg = f"max_articles must be at least 2, got {self.max_articles!r}"
            raise ConfigError(msg)


class CoReads:
    """Pairs of articles that the same readers clicked, with fading weights.

    Parameters
    ----------
    config
        Bounds and half-life.

    Examples
    --------
    Two readers of "a" went on to "b", one of them with "c" in between. Of the click on "b" right
    after "a" the pair is worth 1, of the one after "a" and "c" a half:

    >>> pairs = CoReads()
    >>> for event, article, reads in ((1, "b", ["a"]), (2, "b", ["c", "a"])):
    ...     _ = pairs.add(event, article, reads, time_s=0.0)
    >>> [(name, round(common, 3)) for name, common, _ in pairs.after(["a"], now=0.0)]
    [('b', 0.3)]

    That is 1.5 over the clicks on "a", none, and the 5 that every article is taken to have.
    """

    def __init__(self, config: CoReadsConfig | None = None) -> None:
        self.config = config or CoReadsConfig()
        n, k = self.config.max_articles, self.config.max_pairs
        self.newest_s = self._last_s = 0.0
        self._others = np.full((n, k), -1, np.int32)
        self._spans = np.zeros((n, k), np.int32)  # which article of a slot a pair is with
        self._weights = np.zeros((n, k), np.float32)  # as of the article's `_as_of`
        self._span = np.zeros(n, np.int32)
        self._n_clicks = np.zeros(n)  # fading as pairs do
        self._as_of = np.zeros(n)
        self._touched = np.zeros(n)
        self._slot_of: dict[str, int] = {}
        self._ids: list[str] = []
        self._seen: dict[int, None] = {}

    def add(self, event: int, article_id: str, reads: Sequence[str], *, time_s: float) -> bool:
        """Pair a click with what its reader had read before.

        Parameters
        ----------
        event
            Hash of the click's id: one of the last `recent_clicks` that comes again is left out.
        article_id
            What was clicked.
        reads
            What the reader had read before, the newest first; past `n_reads` the rest is ignored.
        time_s
            When it was clicked, epoch seconds.

        Returns
        -------
        Whether it was new.
        """
        if event in self._seen:
            return False
        self._seen[event] = None
        if len(self._seen) > self.config.recent_clicks:
            del self._seen[next(iter(self._seen))]
        self.newest_s = max(self.newest_s, time_s)
        own = self._slot(article_id, time_s)
        before = [
            self._slot(read, time_s)
            for read in dict.fromkeys(reads[: self.config.n_reads])
            if read != article_id
        ]
        _count(
            own,
            np.array(before, np.int32),
            time_s,
            self.config.half_life_s,
            self._others,
            self._spans,
            self._weights,
            self._span,
            self._n_clicks,
            self._as_of,
        )
        return True

    def after(self, reads: Sequence[str], now: float) -> list[tuple[str, float, float]]:
        """Return what readers of these went on to: article, how commonly, how characteristically.

        With c(h, a) the weight of the pair, n_h the clicks on h and the reads h in places 1, 2, …

            common = Σ 1/place · c(h, a) / (n_h + 5)
            rare   = Σ 1/place · c(h, a) / √((n_h + 5)(n_a + 5))

        Parameters
        ----------
        reads
            What the reader has read, the newest first; past `n_reads` the rest is ignored.
        now
            Event time, epoch seconds.
        """
        find = self._slot_of.get
        known = [find(read, -1) for read in reads[: self.config.n_reads]]
        if not any(slot >= 0 for slot in known):
            return []
        slots, common, rare = _after(
            np.array(known, np.int32),
            now,
            self.config.half_life_s,
            self._others,
            self._spans,
            self._weights,
            self._span,
            self._n_clicks,
            self._as_of,
        )
        names = [self._ids[slot] for slot in slots.tolist()]
        return list(zip(names, common.tolist(), rare.tolist(), strict=True))

    def _slot(self, article_id: str, time_s: float) -> int:
        """Return an article's slot, that of the one longest idle where there is none left."""
        slot = self._slot_of.get(article_id)
        if slot is None:
            slot = len(self._ids)
            if slot < self.config.max_articles:
                self._ids.append(article_id)
            else:
                slot = int(self._touched.argmin())
                del self._slot_of[self._ids[slot]]
                self._ids[slot] = article_id
                self._others[slot] = -1
                self._weights[slot] = 0.0
                self._n_clicks[slot] = 0.0
                self._span[slot] += 1
            self._slot_of[article_id] = slot
            self._as_of[slot] = time_s
        self._last_s = max(float(np.nextafter(self._last_s, np.inf)), time_s)
        self._touched[slot] = self._last_s  # the last one idle, whatever the clocks say
        return slot


@inner
def _faded(from_s: float, to_s: float, half_life_s: float) -> float:
    """Return what a weight of one time is worth at another; never more than it was."""
    return float(np.exp2(-max(to_s - from_s, 0.0) / half_life_s))


@inner
def _pair(  # noqa: PLR0917 - compiled loops take arrays by position
    slot: int,
    other: int,
    amount: float,
    others: Ints,
    spans: Ints,
    weights: F32,
    span: Ints,
) -> None:
    """Add to a pair, in the place of the lightest one where there is no room."""
    at, least = 0, np.inf
    for k in range(others.shape[1]):
        is_live = others[slot, k] >= 0 and spans[slot, k] == span[others[slot, k]]
        if is_live and others[slot, k] == other:
            weights[slot, k] += np.float32(amount)
            return
        weight = float(weights[slot, k]) if is_live else -1.0
        if weight < least:
            at, least = k, weight
    if amount > least:
        others[slot, at] = other
        spans[slot, at] = span[other]
        weights[slot, at] = np.float32(amount)


@inner
def _fade(  # noqa: PLR0917 - compiled loops take arrays by position
    slot: int, time_s: float, half_life_s: float, weights: F32, n_clicks: Floats, as_of: Floats
) -> None:
    """Bring an article's weights to a later time."""
    share = _faded(as_of[slot], time_s, half_life_s)
    for k in range(weights.shape[1]):
        weights[slot, k] *= np.float32(share)
    n_clicks[slot] *= share
    as_of[slot] = max(as_of[slot], time_s)


@compiled
def _count(  # noqa: PLR0917 - compiled loops take arrays by position
    own: int,
    before: Ints,
    time_s: float,
    half_life_s: float,
    others: Ints,
    spans: Ints,
    weights: F32,
    span: Ints,
    n_clicks: Floats,
    as_of: Floats,
) -> None:
    """Count a click and its pairs, both ways; those read longer ago weigh less."""
    _fade(own, time_s, half_life_s, weights, n_clicks, as_of)
    n_clicks[own] += 1.0
    for place in range(len(before)):
        read, amount = before[place], 1.0 / (place + 1)
        _fade(read, time_s, half_life_s, weights, n_clicks, as_of)
        _pair(read, own, amount, others, spans, weights, span)
        _pair(own, read, _BACK * amount, others, spans, weights, span)


@compiled
def _after(  # noqa: PLR0917 - compiled loops take arrays by position
    reads: Ints,
    now: float,
    half_life_s: float,
    others: Ints,
    spans: Ints,
    weights: F32,
    span: Ints,
    n_clicks: Floats,
    as_of: Floats,
) -> tuple[Ints, Floats, Floats]:
    """Return the slots that some read leads to, rising, and both of their sums, (k,) each."""
    common, rare = np.zeros(len(span)), np.zeros(len(span))
    for place in range(len(reads)):
        read = reads[place]
        if read < 0:
            continue
        share = _faded(as_of[read], now, half_life_s)
        n_read = n_clicks[read] * share + _PRIOR_CLICKS
        for k in range(others.shape[1]):
            other = others[read, k]
            if other < 0 or spans[read, k] != span[other]:
                continue
            weight = float(weights[read, k]) * share / (place + 1)
            n_other = n_clicks[other] * _faded(as_of[other], now, half_life_s) + _PRIOR_CLICKS
            common[other] += weight / n_read
            rare[other] += weight / np.sqrt(n_read * n_other)
    slots = np.flatnonzero(common > 0.0).astype(np.int32)
    return slots, common[slots], rare[slots]
