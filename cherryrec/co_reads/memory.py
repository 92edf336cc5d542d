"""What readers went on to: for each article the ones clicked shortly before or after it.

Readers who read what this one has just read went on to something, most of them to the same few
articles; no other signal of KnRS knows a story that is read by some readers only. Pairs are counted
over all partitions, each worker from the same topic, and fade; of every article the heaviest few
are kept. A pair that comes twice (a click read again after a crash) is counted once, one that is
lost is a little less evidence: nothing here is anybody's state.

Readers who arrive open other articles than those who are reading, and what follows on what changes
within the hour. So clicks that begin a session and clicks within one are counted apart, over some
minutes, and for each pair what was read right after is kept with a short half-life of its own.

References
----------
Ludewig and Jannach (2018), Evaluation of Session-based Recommendation Algorithms, User Modeling and
User-Adapted Interaction 28, https://doi.org/10.1007/s11257-018-9209-6: pairs of one session compete
with nearest neighbours and networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.co_reads.kernels import after, count, lately, right_after
from cherryrec.errors import ConfigError

__all__ = ["CoReads", "CoReadsConfig"]


Slots = NDArray[np.int32]
Floats = NDArray[np.float64]

_NO_SLOTS, _NO_NUMBERS = np.zeros(0, np.int32), np.zeros(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoReadsConfig:
    """How much is kept of what was read together.

    Parameters
    ----------
    max_articles
        Articles with pairs, at least 2; past it the one longest not clicked leaves.
    max_pairs
        Pairs kept of each article, the heaviest; above 0. Memory: 16 bytes times both.
    n_reads
        Last reads of a user that a click is paired with, and a request asks about; above 0.
    half_life_s
        Age at which a pair has lost half of its weight, in seconds; above 0.
    next_half_life_s
        The same of what was read right after an article, in one session; above 0.
    session_half_life_s
        The same of the clicks that begin a session, and of those within one; above 0.
    session_gap_s
        A click begins a session where its reader has clicked nothing for that long, in seconds;
        above 0.
    recent_clicks
        Clicks among which one that comes again is found; above 0.
    """

    max_articles: int = 8_192
    max_pairs: int = 128
    n_reads: int = 10
    half_life_s: float = 86_400.0
    next_half_life_s: float = 1_800.0
    session_half_life_s: float = 300.0
    session_gap_s: float = 1_800.0
    recent_clicks: int = 16_384

    def __post_init__(self) -> None:
        half_lives = ("half_life_s", "next_half_life_s", "session_half_life_s")
        for name in ("max_pairs", "n_reads", *half_lives, "session_gap_s", "recent_clicks"):
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
    >>> slots, common, _ = pairs.after(["a"], now=0.0)
    >>> pairs.names(slots), common.round(3).tolist()
    (['b'], [0.3])

    That is 1.5 over the clicks on "a", none, and the 5 that every article is taken to have.
    """

    def __init__(self, config: CoReadsConfig | None = None) -> None:
        self.config = config or CoReadsConfig()
        n, k = self.config.max_articles, self.config.max_pairs
        self.newest_s = self._last_s = 0.0
        self._others = np.full((n, k), -1, np.int32)
        self._spans = np.zeros((n, k), np.int32)  # which article of a slot a pair is with
        self._weights = np.zeros((n, k), np.float32)  # as of the article's `_as_of`
        self._nexts = np.zeros((n, k), np.float32)  # likewise, read right after and fading sooner
        self._span = np.zeros(n, np.int32)
        self._n_clicks = np.zeros((n, 3))  # fading as pairs do; that begin a session; within one
        self._as_of = np.zeros(n)
        self._n_within, self._within_s = 0.0, 0.0  # clicks within sessions, of all, as of when
        self._half_lives = np.array(
            [self.config.half_life_s, self.config.next_half_life_s, self.config.session_half_life_s]
        )
        self._touched = np.zeros(n)
        self._slot_of: dict[str, int] = {}
        self._ids: list[str] = []
        self._seen: dict[int, None] = {}
        self._rows = np.full(n, -1, np.intp)  # where the catalogue had an article, -1 nowhere
        self._held = np.zeros(n, np.uint64)  # the hash of what stood there

    def add(
        self,
        event: int,
        article_id: str,
        reads: Sequence[str],
        *,
        time_s: float,
        begins_session: bool = False,
    ) -> bool:
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
        begins_session
            Whether the reader had read nothing for a while; so it is without reads.

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
        is_within = bool(before) and not begins_session
        if is_within:
            self._n_within = self._within(time_s) + 1.0
            self._within_s = max(self._within_s, time_s)
        count(
            own,
            np.array(before, np.int32),
            is_within,
            time_s,
            self._half_lives,
            self._others,
            self._spans,
            self._weights,
            self._nexts,
            self._span,
            self._n_clicks,
            self._as_of,
        )
        return True

    def after(self, reads: Sequence[str], now: float) -> tuple[Slots, Floats, Floats]:
        """Return what readers of these went on to: slots, how commonly, how characteristically.

        With c(h, a) the weight of the pair, n_h the clicks on h and the reads h in places 1, 2, …

            common = Σ 1/place · c(h, a) / (n_h + 5)
            rare   = Σ 1/place · c(h, a) / √((n_h + 5)(n_a + 5))

        Both are above 0 and may be above 1: clicks on h fade before those that follow it, and of a
        read that only a history has none was counted.

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
            return _NO_SLOTS, _NO_NUMBERS, _NO_NUMBERS
        return after(
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

    def right_after(self, read: str, now: float) -> tuple[Slots, Floats]:
        """Return what readers of an article read next, and how much more than everybody does.

        With c(h, a) the clicks on a right after the read h, in one session, and q_a the share of a
        in all clicks within sessions, it is c(h, a) / (10·q_a + 0.001): log(1 + it) is, but for
        what is the same for all articles, by how much the chance of a click on a exceeds q_a when
        q_a is worth ten clicks after h.

        Parameters
        ----------
        read
            The last article that the reader has read.
        now
            Event time, epoch seconds.

        Examples
        --------
        Of four clicks within sessions two are on "b", one of them right after "a", as was "c":

        >>> pairs = CoReads()
        >>> for event, (article, before) in enumerate(("ba", "ca", "bd", "ed")):
        ...     _ = pairs.add(event, article, [before], time_s=0.0)
        >>> slots, lifts = pairs.right_after("a", now=0.0)
        >>> pairs.names(slots), lifts.round(2).tolist()
        (['b', 'c'], [0.2, 0.4])
        """
        slot = self._slot_of.get(read, -1)
        if slot < 0:
            return _NO_SLOTS, _NO_NUMBERS
        return right_after(
            slot,
            now,
            self._within(now),
            self._half_lives,
            self._others,
            self._spans,
            self._nexts,
            self._span,
            self._n_clicks,
            self._as_of,
        )

    def lately(self, now: float, *, begins_session: bool) -> tuple[Slots, Floats]:
        """Return the articles clicked lately and how often, by those who arrive or those who read.

        Parameters
        ----------
        now
            Event time, epoch seconds.
        begins_session
            Count the clicks that began a session, else those within one.

        Examples
        --------
        >>> pairs = CoReads()
        >>> _ = pairs.add(1, "a", [], time_s=0.0)
        >>> _ = pairs.add(2, "b", ["a"], time_s=0.0)
        >>> slots, counts = pairs.lately(300.0, begins_session=False)
        >>> pairs.names(slots), counts.tolist()
        (['b'], [0.5])
        """
        return lately(
            len(self._ids),
            1 if begins_session else 2,
            now,
            self.config.session_half_life_s,
            self._n_clicks,
            self._as_of,
        )

    def names(self, slots: Slots) -> list[str]:
        """Return the articles of slots, by id."""
        return [self._ids[slot] for slot in slots.tolist()]

    def rows(
        self, slots: Slots, row_of: Callable[[str, int], int], hashes: NDArray[np.uint64]
    ) -> NDArray[np.intp]:
        """Return the catalogue's rows of slots, -1 for an article that it does not know, (k,).

        Parameters
        ----------
        slots
            Of the articles, (k,).
        row_of
            The catalogue's row of an article, or what is passed beside it.
        hashes
            Of what stands in each row, by which a row that was looked up before is known, (N,).
        """
        rows = self._rows[slots]
        is_old = (rows < 0) | (hashes.take(rows, mode="clip") != self._held[slots])
        for slot in slots[is_old].tolist():
            row = row_of(self._ids[slot], -1)
            self._rows[slot], self._held[slot] = row, hashes[row] if row >= 0 else 0
        return self._rows[slots]

    def _within(self, now: float) -> float:
        """Return the clicks within sessions on all articles, as of a time."""
        half_life_s = self.config.session_half_life_s
        return self._n_within * float(np.exp2(-max(now - self._within_s, 0.0) / half_life_s))

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
                self._weights[slot] = self._nexts[slot] = 0.0
                self._n_clicks[slot] = 0.0
                self._rows[slot] = -1
                self._span[slot] += 1
            self._slot_of[article_id] = slot
            self._as_of[slot] = time_s
        self._last_s = max(float(np.nextafter(self._last_s, np.inf)), time_s)
        self._touched[slot] = self._last_s  # the last one idle, whatever the clocks say
        return slot
