"""All live articles of a worker as columns of arrays, one row an article."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from math import inf

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue.ages import ClickAges
from cherryrec.catalogue.coarse import coarse
from cherryrec.catalogue.columns import MAX_ENTITIES, MAX_SUBCATEGORIES
from cherryrec.catalogue.config import CatalogueConfig
from cherryrec.catalogue.counts import Counts
from cherryrec.catalogue.embargo import Embargo
from cherryrec.catalogue.interned import Interned
from cherryrec.catalogue.kept import put_back
from cherryrec.catalogue.live import live
from cherryrec.catalogue.sentences import Sentences
from cherryrec.catalogue.shares import Shares
from cherryrec.catalogue.stories import StoryMemory
from cherryrec.catalogue.words import TitleWords
from cherryrec.events import ArticlePublished, seconds
from cherryrec.text import HashedText, load_token_vectors, stable_hash

__all__ = ["Catalogue"]

_FIRST_ROWS = 1024
_ALL_ROWS = slice(None)
_MAX_CODE = 2**31 - 1
Rows = NDArray[np.intp]


class Catalogue(Counts):
    """The articles a worker knows, as a struct of arrays over rows.

    A row is also made for an article that was shown or clicked before its own message came; it is
    not alive until then. Rows are reused past `max_articles`, the one idle longest first.

    Parameters
    ----------
    half_lives_s
        Half-lives of `totals`, the attention summed over all source partitions.
    config
        Bounds; see `CatalogueConfig`.

    Examples
    --------
    >>> catalogue = Catalogue((3600.0,))
    >>> row = catalogue.publish(
    ...     ArticlePublished(article_id="a1", title="Storm hits coast", category="news"), now=0.0
    ... )
    >>> bool(catalogue.alive[row]), catalogue.titles[row]
    (True, 'Storm hits coast')
    >>> catalogue.retract("a1", now=0.0)
    >>> bool(catalogue.alive[row])
    False
    """

    def __init__(
        self, half_lives_s: tuple[float, ...], config: CatalogueConfig | None = None
    ) -> None:
        self.config = config or CatalogueConfig()
        self.text = HashedText(self.config.n_dimensions)
        self.tokens = load_token_vectors(self.config.token_vectors)
        self.text.embed("")  # may compile for seconds: better now than while events wait
        self.row_of: dict[str, int] = {}
        self.ids: list[str] = []
        self.titles: list[str] = []
        self.categories, self.subcategories = Interned(), Interned()
        self.sources = Interned()
        self._newest_s = 0.0
        self.published_s = 0.0  # event time of the newest publication
        self.embargo = Embargo(self.config.max_articles)
        self.shares, self.ages = Shares(), ClickAges()
        self._stories = StoryMemory(
            self.config.n_dimensions,
            capacity=min(self.config.story_memory, self.config.max_articles),
            window_s=self.config.story_window_s,
        )
        n_first = min(_FIRST_ROWS, self.config.max_articles)
        n_token_dimensions = self.tokens.n_dimensions if self.tokens else 0
        super().__init__(
            n_first, self.config.n_dimensions, n_token_dimensions, half_lives_s=half_lives_s
        )
        self.words = TitleWords(n_first)
        self.sentences = Sentences(
            self.config.sentence_model, n_first, max_rows=self.config.max_articles
        )

    def __len__(self) -> int:
        """Rows in use."""
        return len(self.row_of)

    @property
    def n_rows(self) -> int:
        """Rows that exist, those out of use counted: the length of a whole-column scan."""
        return len(self.ids)

    def _grow(self) -> None:
        capacity = min(2 * len(self.alive), self.config.max_articles)
        self.grow_columns(capacity)
        self.words.grow(capacity)
        self.sentences.grow(capacity)
        self.grow_counts(capacity)

    def row(self, article_id: str, now: float) -> int:
        """Return the row of an article, made if there is none (views may come before it)."""
        row = self.row_of.get(article_id)
        if row is not None:
            return row
        row = len(self.ids)
        if row < self.config.max_articles:
            if row >= len(self.alive):
                self._grow()
            self.ids.append(article_id)
            self.titles.append("")
        else:
            self.settle()
            row = int(np.argmin(self.touched))
            self._forget(row)
            self.ids[row] = article_id
        self.row_of[article_id] = row
        # The last one idle, or articles made by one late event would evict each other.
        self._newest_s = max(float(np.nextafter(self._newest_s, np.inf)), now)
        self.touched[row] = self._newest_s
        self.hashes[row] = stable_hash(article_id)
        return row

    def rows(self, article_ids: Collection[str], now: float) -> Rows:
        """Rows of several articles, made where there are none."""
        try:
            return np.array([self.row_of[article_id] for article_id in article_ids], np.intp)
        except KeyError:
            return np.array([self.row(article_id, now) for article_id in article_ids], np.intp)

    def known_rows(self, article_ids: Iterable[str]) -> Rows:
        """Rows of those articles that have one, in the same order; makes none."""
        find = self.row_of.get
        found = [row for row in map(find, article_ids) if row is not None]
        return np.array(found, np.intp)

    def keys(self, rows: Rows) -> NDArray[np.uint32]:
        """Return the low 32 bits of each id's stable hash, by which exposures are kept."""
        return self.hashes[rows].astype(np.uint32)

    def _forget(self, row: int) -> None:
        del self.row_of[self.ids[row]]
        self.sentences.forget(row, self.ids[row])
        self.titles[row] = ""
        self.words.forget(row)
        self.clear_columns(row)
        self.clear_counts(row)

    def put(
        self, article_id: str, article: ArticlePublished | None, now: float, *, arrived_s: float
    ) -> None:
        """Store an article, retract one without a message, or keep it aside until its time.

        Parameters
        ----------
        article_id, article
            The message.
        now
            Event time of its publication, or of what goes on if that is not known.
        arrived_s
            When the message arrived, by the broker's clock; infinite where it is not known. An
            article published after that is under embargo, until anything comes at its time.
        """
        self.release(arrived_s if arrived_s < inf else now)
        if article is None:
            self.retract(article_id, now)
        elif article.published_at is not None and seconds(article.published_at) > arrived_s:
            self._hold(article, seconds(article.published_at))
        else:
            self.publish(article, now)

    def publish(self, article: ArticlePublished, now: float) -> int:
        """Store an article as it stands now, embedding it once; return its row."""
        self.embargo.drop(article.article_id)
        row = self.row(article.article_id, now)
        vector = self.text.embed(article.title, article.abstract)
        published = np.nan if article.published_at is None else seconds(article.published_at)
        self.story_similarity[row] = self._stories.add(article.article_id, vector, now=now)
        self.titles[row] = article.title
        self.words.put(row, article.title)
        self.sentences.publish(row, article.article_id, article.title)
        self.embeddings[row] = vector
        self.coarse[row], self.coarse_scale[row], self.coarse_error[row] = coarse(vector)
        if self.tokens is not None:
            self.token_embeddings[row] = self.tokens.embed(article.title)
        self._count_as(row, article)
        self.entity[row] = 0
        # Entities are only compared, and there is no end of them: a hash needs no table of names.
        codes = [stable_hash(entity) % _MAX_CODE + 1 for entity in article.entities[:MAX_ENTITIES]]
        self.entity[row, : len(codes)] = codes
        self.published[row] = published
        self.published_s = max(self.published_s, now if np.isnan(published) else published)
        self.alive[row], self.retracted[row] = True, False
        self.touched[row] = max(now, float(self.touched[row]))
        return row

    def _count_as(self, row: int, article: ArticlePublished) -> None:
        """Set category and source, moving what the row has counted so far along with them."""
        category = self.categories.code(article.category)
        source = self.sources.code(article.source)
        own = self.totals.sums[row : row + 1]
        has_counts = bool(own.any())
        for totals, old, new in (
            (self._category_totals, int(self.category[row]), category),
            (self._source_totals, int(self.source[row]), source),
        ):
            if new >= len(totals.sums):
                totals.grow(new + 64)
            if old != new and has_counts:
                totals.rebase(self.totals.landmark)
                moved = totals.shifted(own, self.totals.landmark, totals.landmark)[0]
                totals.sums[new] += moved
                totals.sums[old] -= moved
        self.category[row], self.source[row] = category, source
        self.subcategory[row] = 0
        names = dict.fromkeys(filter(None, (article.subcategory or "").split("|")))
        codes = [self.subcategories.code(name) for name in [*names][:MAX_SUBCATEGORIES]]
        self.subcategory[row, : len(codes)] = codes

    def retract(self, article_id: str, now: float) -> None:
        """Take an article out of every later slate, even one whose message has not come yet."""
        self.embargo.drop(article_id)
        row = self.row(article_id, now)
        self.alive[row], self.retracted[row] = False, True

    def _hold(self, article: ArticlePublished, until_s: float) -> None:
        """Keep an article aside; what was live of it is not until then."""
        row = self.row_of.get(article.article_id)
        if row is not None:
            self.alive[row] = False
        self.embargo.hold(article, until_s)

    def release(self, now: float) -> None:
        """Publish what was kept aside until `now` or before, each as of its time."""
        for until_s, article in self.embargo.due(now):
            self.publish(article, until_s)

    def knows(self, article_id: str) -> bool:
        """Whether anything has come of an article: it has a row, or waits for its time."""
        return article_id in self.row_of or article_id in self.embargo

    def is_withheld(self, article_id: str) -> bool:
        """Whether an article was taken out, or may not be shown yet."""
        if article_id in self.embargo:
            return True
        row = self.row_of.get(article_id)
        return row is not None and self.retracted.item(row)

    def withheld(self, article_ids: Collection[str]) -> frozenset[str]:
        """Return those of several articles of which `is_withheld` is true."""
        rows = self.known_rows(article_ids)
        if not len(self.embargo) and not self.retracted[rows].any():
            return frozenset()
        return frozenset(filter(self.is_withheld, article_ids))

    def embedding(self, article_id: str) -> NDArray[np.float32] | None:
        """Return an article's embedding; None where its text is not known."""
        row = self.row_of.get(article_id)
        if row is None or not self.titles[row]:
            return None
        return np.asarray(self.embeddings[row])

    def category_share(self) -> NDArray[np.float64]:
        """Everyone's share of each category among clicks and read histories, by code."""
        return self.shares.categories(self.category_totals, len(self.categories))

    def subcategory_share(self) -> NDArray[np.float64]:
        """Everyone's share of each subcategory among clicks and read histories, by code."""
        codes = self.subcategory[: self.n_rows]
        totals, categories = self.totals, self.category_totals
        return self.shares.subcategories(totals, categories, codes, len(self.subcategories))

    def click_ages(self) -> NDArray[np.float64]:
        """Clicks and seconds of age at them by category code, (C, 2), where births are known."""
        codes, n_codes = self.category[: self.n_rows], len(self.categories)
        return self.ages.sums(self.totals, self.category_totals, self.born, codes, n_codes)

    def topics(self, article_ids: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Keys of the categories and of the subcategories of those articles that are known."""
        rows = self.known_rows(article_ids)
        subcategories = self.subcategory[rows]
        return (
            self.categories.keys(self.category[rows]),
            self.subcategories.keys(subcategories[subcategories > 0]),
        )

    def sum_up(self) -> None:
        """Take the sums over all articles anew where it is time to, as a request does."""
        self.subcategory_share()
        self.click_ages()

    def looked_at(self) -> AbstractContextManager[None]:
        """Let it be read meanwhile without a trace, by what is no request."""
        return put_back(self.shares.kept, self.ages.kept)

    def born(self, rows: Rows | slice = _ALL_ROWS) -> NDArray[np.float64]:
        """When each article appeared: publication, else first exposure, else NaN; (n,)."""
        published = self.published[rows]
        return np.where(np.isnan(published), self.totals.first_shown[rows], published)

    def age(self, rows: Rows | slice, now: float, *, unknown_s: float = 0.0) -> NDArray[np.float64]:
        """Seconds since each article appeared; 0 where not yet, `unknown_s` where not known."""
        since = now - self.born(rows)
        return np.where(np.isnan(since), unknown_s, np.maximum(since, 0.0))

    def live_rows(self, now: float) -> Rows:
        """Rows that may be recommended: published, not retracted, not too old.

        One whose birth is unknown passes for new, unless the config requires a birth.
        """
        n = self.n_rows
        return live(
            self.alive[:n],
            self.published[:n],
            self.totals.first_shown[:n],
            now,
            self.config.max_age_s,
            self.config.requires_birth,
        )

    def shown_rows(self, now: float) -> Rows:
        """Rows that were shown lately and are not withheld, their own message come or not."""
        n = self.n_rows
        fresh = now - self.totals.first_shown[:n] <= self.config.max_age_s
        may_show = fresh & ~self.retracted[:n]
        may_show[self.known_rows(self.embargo.ids)] = False
        return np.flatnonzero(may_show)
