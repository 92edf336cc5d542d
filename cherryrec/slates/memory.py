"""A window over the newest labelled slates, counted so that what leaves it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cherryrec.slates.config import SlatesConfig
from cherryrec.slates.kernels import count_pairs, note_slate
from cherryrec.text import stable_hash

__all__ = ["N_CATEGORIES", "SlateMemory", "SlateWindow"]

N_CATEGORIES = 256
"""Categories told apart among wins; more of them share places."""

_UNKNOWN = N_CATEGORIES

_NO_SLATES = 5.0  # slates of ours imagined, a tenth of them chosen by the site

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class SlateWindow(NamedTuple):
    """The arrays of a window: M slots of articles, C places of categories, K slates in a ring.

    `wins` (M, M) counts the row over the column, `category_wins` and `category_losses` (M, C) the
    row over and under any article of the category. `postings` (M, p) are the numbers of an
    article's newest slates, of which `n_posted` (M,) were written, `was_clicked` (M, p) whether it
    was clicked there. Slates from number `oldest` on are held, each at its number modulo K: `times`
    in epoch seconds, `sizes`, `n_clicks`. `overlaps` (K,) is scratch, all 0 between uses.
    """

    wins: NDArray[np.float32]
    category_wins: NDArray[np.float32]
    category_losses: NDArray[np.float32]
    postings: NDArray[np.int64]
    was_clicked: Bools
    n_posted: NDArray[np.int64]
    oldest: int
    times: Floats
    sizes: Ints
    n_clicks: Ints
    overlaps: Ints


class SlateMemory:
    """The last labelled slates: who won against whom, and what was clicked beside what.

    What it holds is the sum over the slates in the window, whatever came before them: two that have
    seen the same last `max_slates` slates are equal, so a worker that starts late needs only the
    end of the topic. (Equal as long as those slates hold at most `max_articles` articles.)

    Parameters
    ----------
    config
        Bounds and decay.

    Examples
    --------
    >>> memory = SlateMemory(SlatesConfig(max_articles=8))
    >>> memory.add("s1", ["a", "b"], [True, False], categories=["x", "y"], time_s=0.0)
    True

    Article a won once against b.

    >>> a, b = memory.slots(["a", "b"])
    >>> float(memory.window.wins[a, b]), float(memory.window.wins[b, a])
    (1.0, 0.0)
    """

    def __init__(self, config: SlatesConfig | None = None) -> None:
        self.config = config or SlatesConfig()
        n_slots, n_slates = self.config.max_articles, self.config.max_slates
        self.wins = np.zeros((n_slots, n_slots), np.float32)  # (M, M): row won against column
        self._category_wins = np.zeros((n_slots, N_CATEGORIES + 1), np.float32)
        self._category_losses = np.zeros((n_slots, N_CATEGORIES + 1), np.float32)
        self._category_of: dict[str, int] = {}
        self._slot_of: dict[str, int] = {}
        self._ids: list[str] = []
        self._born = np.zeros(n_slots, np.int64)  # first slate of the article in the slot
        self._last = np.full(n_slots, -1, np.int64)  # its newest slate
        self._postings = np.full((n_slots, self.config.max_postings), -1, np.int64)
        self._was_clicked = np.zeros((n_slots, self.config.max_postings), np.bool_)
        self._n_posted = np.zeros(n_slots, np.int64)
        self._times = np.zeros(n_slates)
        self._starts = np.zeros(n_slates, np.int64)  # in the ring of places
        self._sizes = np.ones(n_slates, np.int32)
        self._n_clicks = np.zeros(n_slates, np.int32)
        self._is_given = np.zeros(n_slates, np.bool_)
        self._n_given = 0
        self._slate_of: dict[int, int] = {}  # hash of the id → number of the slate
        self._hashes: list[int] = [0] * n_slates
        self._places = np.zeros(self.config.max_places, np.int32)  # slots
        self._place_categories = np.zeros(self.config.max_places, np.int32)
        self._place_clicked = np.zeros(self.config.max_places, np.bool_)
        self._overlaps = np.zeros(n_slates, np.int32)
        self.n_slates = 0  # numbers given so far; the window is oldest ≤ number < n_slates
        self.oldest = 0
        self.newest_s = 0.0  # when the newest slate so far was shown

    def add(
        self,
        slate_id: str,
        articles: Sequence[str],
        clicked: Sequence[bool] | Bools,
        *,
        categories: Sequence[str],
        time_s: float,
        is_correction: bool = False,
        is_given: bool = False,
    ) -> bool:
        """Count a labelled slate; one that is here already is counted again only if labels differ.

        Parameters
        ----------
        slate_id
            Tells slates apart.
        articles
            What was shown; past `max_articles` the rest is not looked at.
        clicked
            What of it was clicked.
        categories
            The name of each article's category, "" for none.
        time_s
            When it was shown, epoch seconds.
        is_given
            Whether the site had chosen its articles.
        is_correction
            It was sent before with other labels: where it is not in the window it has left it.

        Returns
        -------
        Whether anything changed.
        """
        id_hash = stable_hash(slate_id)
        n_most = min(self.config.max_places, self.config.max_articles)
        labels = np.asarray(clicked, np.bool_)[:n_most]
        known = self._slate_of.get(id_hash)
        if known is not None:
            return self._relabel(known, labels)
        if is_correction:
            return False
        articles = articles[: len(labels)]
        self._make_room(len(articles))
        number = self.n_slates
        codes = np.array([self._new_code(name) for name in categories[: len(labels)]], np.int32)
        for article in articles:  # or it might leave for another of the same slate
            slot = self._slot_of.get(article)
            if slot is not None:
                self._last[slot] = number
        slots = np.array([self._slot(article, number) for article in articles], np.int32)
        at = number % len(self._times)
        start = self._next_start(number)
        self._starts[at] = start
        self._times[at] = time_s
        self._sizes[at] = len(slots)
        self._n_clicks[at] = np.count_nonzero(labels)
        self._is_given[at] = is_given
        self._n_given += is_given
        note_slate(
            slots,
            labels,
            codes,
            number,
            start,
            self._places,
            self._place_clicked,
            self._place_categories,
            self._postings,
            self._was_clicked,
            self._n_posted,
        )
        self._slate_of[id_hash] = number
        self._hashes[at] = id_hash
        self._count(slots, labels, codes, 1.0)
        self.n_slates = number + 1
        self.newest_s = max(self.newest_s, time_s)
        return True

    @property
    def site_share(self) -> float:
        """Share of the slates whose articles the site had chosen, in (0, 1); 0.1 before any.

        Examples
        --------
        >>> memory = SlateMemory()
        >>> for name in ("s1", "s2", "s3", "s4", "s5"):
        ...     _ = memory.add(
        ...         name, ["a"], [True], categories=[""], time_s=0.0, is_given=name != "s5"
        ...     )
        >>> memory.site_share  # (4 + 0.1 · 5) / (5 + 5)
        0.45
        """
        n = self.n_slates - self.oldest
        return (self._n_given + 0.1 * _NO_SLATES) / (n + _NO_SLATES)

    def slots(self, articles: Sequence[str]) -> Ints:
        """Return the place of each article in the window's arrays, (n,); -1 for none."""
        find = self._slot_of.get
        return np.array([find(article, -1) for article in articles], np.int32)

    def codes(self, categories: Sequence[str]) -> Ints:
        """Return the place of each category in the window's arrays, (n,)."""
        find, code = self._category_of.get, self._code
        return np.array(
            [code(name) if (known := find(name)) is None else known for name in categories],
            np.int32,
        )

    @property
    def window(self) -> SlateWindow:
        """What is held, to read."""
        return SlateWindow(
            self.wins,
            self._category_wins,
            self._category_losses,
            self._postings,
            self._was_clicked,
            self._n_posted,
            self.oldest,
            self._times,
            self._sizes,
            self._n_clicks,
            self._overlaps,
        )

    def _relabel(self, number: int, labels: Bools) -> bool:
        """Take a slate's labels back and count the new ones; those of equal labels stay."""
        at = number % len(self._times)
        slots, before, codes, places = self._slate(number)
        if len(labels) != len(before) or bool((labels == before).all()):
            return False
        self._count(slots, before, codes, -1.0)
        self._count(slots, labels, codes, 1.0)
        self._place_clicked[places] = labels
        self._n_clicks[at] = labels.sum()
        for slot, label in zip(slots.tolist(), labels.tolist(), strict=True):
            if slot >= 0:
                self._was_clicked[slot, self._postings[slot] == number] = label
        return True

    def _slate(self, number: int) -> tuple[Ints, Bools, Ints, NDArray[np.int64]]:
        """Return a slate's slots (-1 where the article has left), labels, categories, places."""
        at = number % len(self._times)
        places = (self._starts[at] + np.arange(self._sizes[at])) % len(self._places)
        slots = self._places[places]
        slots = np.where(self._born[slots] <= number, slots, -1).astype(np.int32)
        return slots, self._place_clicked[places], self._place_categories[places], places

    def _make_room(self, n_places: int) -> None:
        """Let the oldest slates leave until one of `n_places` fits."""
        while self.n_slates > self.oldest:
            newest = (self.n_slates - 1) % len(self._times)
            first = self._starts[self.oldest % len(self._times)]
            used = (self._starts[newest] + self._sizes[newest] - first) % len(self._places)
            used = used or len(self._places)
            is_full = self.n_slates - self.oldest >= len(self._times)
            if not is_full and used + n_places <= len(self._places):
                return
            slots, labels, codes, _ = self._slate(self.oldest)
            self._count(slots, labels, codes, -1.0)
            at = self.oldest % len(self._times)
            del self._slate_of[self._hashes[at]]
            self._n_given -= int(self._is_given[at])
            self.oldest += 1

    def _next_start(self, number: int) -> int:
        if number == self.oldest:
            return 0
        before = (number - 1) % len(self._times)
        return int((self._starts[before] + self._sizes[before]) % len(self._places))

    def _slot(self, article: str, number: int) -> int:
        """Return an article's slot, that of the one longest unseen where there is none left."""
        slot = self._slot_of.get(article)
        if slot is None:
            slot = len(self._ids)
            if slot < len(self._last):
                self._ids.append(article)
            else:
                slot = int(self._last.argmin())
                del self._slot_of[self._ids[slot]]
                self._ids[slot] = article
                self.wins[slot] = 0.0
                self.wins[:, slot] = 0.0
                self._category_wins[slot] = self._category_losses[slot] = 0.0
                self._postings[slot] = -1
                self._n_posted[slot] = 0
            self._slot_of[article] = slot
            self._born[slot] = number
        self._last[slot] = number
        return slot

    def _code(self, name: str) -> int:
        """Return a category's place, one without wins where it has none."""
        code = self._category_of.get(name)
        if code is not None:
            return code
        is_full = len(self._category_of) == N_CATEGORIES
        return stable_hash(name) % N_CATEGORIES if is_full else _UNKNOWN

    def _new_code(self, name: str) -> int:
        """Return a category's place, a new one while there are some."""
        if len(self._category_of) < N_CATEGORIES:
            self._category_of.setdefault(name, len(self._category_of))
        return self._code(name)

    def _count(self, slots: Ints, labels: Bools, codes: Ints, sign: float) -> None:
        wins, losses = self._category_wins, self._category_losses
        count_pairs(slots, labels, codes, self.wins, wins, losses, sign)
