"""One source partition's counters, exact under crashes: absolute values with last offsets.

Articles fall into buckets by hash. Every bucket knows the last offset of each topic that touched
it, so an event read again after a crash is applied to the buckets that had not been flushed and to
no other. What is flushed is absolute, so a message lost, repeated or overtaken does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.activity.bounds import active_before, active_since
from cherryrec.activity.kernels import note_events
from cherryrec.activity.seen import RecentIds
from cherryrec.attention import AttentionConfig, DecayedCounters
from cherryrec.catalogue import Catalogue
from cherryrec.codec import LATEST
from cherryrec.errors import BadMessage
from cherryrec.events import ArticleActivity, seconds
from cherryrec.text import stable_hash

__all__ = ["Shard"]

_MAX_WAITING = 256
_MOST = 2.0**62  # of what offsets may be
_MOST_COUNTED = 2.0**512  # two days of halvings before a landmark moves make 2^288
_LATEST_S = seconds(LATEST)
Rows = NDArray[np.intp]


class Shard:
    """What one source partition has counted, kept in the catalogue's rows.

    Every change goes to the partition's own counters and to the catalogue's totals at once: the
    owner of a partition sees its own traffic without delay.

    Parameters
    ----------
    partition
        Number of the source partition.
    catalogue
        Where the counters are kept.
    config
        Buckets and bounds.

    Examples
    --------
    >>> catalogue = Catalogue((3600.0,))
    >>> config = AttentionConfig(half_lives_s=(3600.0,), n_buckets=2)
    >>> shard = Shard(0, catalogue, config)
    >>> shard.view("i1", ["a", "b"], time_s=0.0, offset=0)
    True
    >>> shard.view("i1", ["a", "b"], time_s=0.0, offset=1)  # sent twice
    False
    >>> float(catalogue.totals.views(catalogue.known_rows(["a"]), 0.0)[0, 0])
    1.0
    """

    def __init__(self, partition: int, catalogue: Catalogue, config: AttentionConfig) -> None:
        self.partition = partition
        self.config = config
        self.catalogue = catalogue
        self._counters = catalogue.partition(partition)
        self._applied: dict[str, NDArray[np.int64]] = {}  # topic → (buckets,) last offset
        self._high: dict[str, int] = {}  # topic → highest of them
        self._seen = [RecentIds(config.recent_ids) for _ in range(config.n_buckets)]
        self._dirty = np.zeros(config.n_buckets, bool)
        self._views: list[tuple[Rows, int, float, int]] = []  # rows, id bucket, time, offset
        self._clicks: list[tuple[int, float, int]] = []  # row, time, offset

    @property
    def counters(self) -> DecayedCounters:
        """What this partition has counted, by the catalogue's rows."""
        self.catalogue.settle()
        return self._counters

    @property
    def is_dirty(self) -> bool:
        """Whether there is something to flush."""
        self.catalogue.settle()
        return bool(self._dirty.any())

    def view(
        self, impression_id: str, articles: Sequence[str], *, time_s: float, offset: int
    ) -> bool:
        """Count one impression; False when it is a duplicate of an earlier one.

        Parameters
        ----------
        impression_id
            Its id, by which duplicates are found among the recent ones.
        articles
            The distinct articles shown.
        time_s
            Event time.
        offset
            Offset on `impressions`, rising; an offset already applied changes nothing.
        """
        id_hash = stable_hash(impression_id)
        id_bucket = id_hash & (self.config.n_buckets - 1)
        if self._seen[id_bucket].sight(id_hash, offset) == "duplicate":
            return False
        rows = self.catalogue.rows(articles, time_s)
        rows = self._unapplied("impressions", rows, offset)
        self._put_off(time_s)
        self._views.append((rows, id_bucket, time_s, offset))
        self._reach("impressions", offset)
        return True

    def is_duplicate(self, impression_id: str, offset: int) -> bool:
        """Whether `view` would find an impression to be a duplicate; nothing is noted."""
        id_hash = stable_hash(impression_id)
        return self._seen[id_hash & (self.config.n_buckets - 1)].is_duplicate(id_hash, offset)

    def click(self, article_id: str, *, time_s: float, offset: int) -> None:
        """Count one click; an offset already applied changes nothing."""
        rows = self._unapplied("clicks", self.catalogue.rows([article_id], time_s), offset)
        if rows.size:
            self._put_off(time_s)
            self._clicks.append((int(rows[0]), time_s, offset))
        self._reach("clicks", offset)

    def _put_off(self, time_s: float) -> None:
        """Let the next event wait for `_count`, with at most `_MAX_WAITING` others."""
        self.catalogue.counted_s = max(self.catalogue.counted_s, time_s)
        n_waiting = len(self._views) + len(self._clicks)
        if n_waiting >= _MAX_WAITING:
            self.catalogue.settle()
        if n_waiting in {0, _MAX_WAITING}:
            self.catalogue.defer(self._count)

    def _count(self) -> None:
        """Count what waits, all at once: one by one costs five times that."""
        views, self._views = self._views, []
        clicks, self._clicks = self._clicks, []
        if views:
            shown, id_buckets, times, offsets = zip(*views, strict=True)
            events = np.repeat(np.arange(len(shown)), [len(some) for some in shown])
            self._add("impressions", np.concatenate(shown), events, times, offsets)
            self._mark("impressions", np.array(id_buckets), np.array(offsets))
        if clicks:
            clicked, times, offsets = zip(*clicks, strict=True)
            rows = np.array(clicked, np.intp)
            self._add("clicks", rows, np.arange(len(rows)), times, offsets)

    def _add(
        self,
        topic: str,
        rows: Rows,
        events: Rows,
        times: Sequence[float],
        offsets: Sequence[int],
    ) -> None:
        """Add events to this partition's counters and to all totals."""
        is_click, catalogue = topic == "clicks", self.catalogue
        for counters in (self._counters, catalogue.totals):
            counters.add(rows, events, times, is_click=is_click)
        for totals, codes in self._groups(rows):
            totals.add_to_groups(codes, events, times, is_click=is_click)
        buckets = self._offsets(topic), self._dirty
        by_event = np.array(offsets, np.int64), np.array(times, np.float64)
        note_events(*buckets, catalogue.touched, catalogue.hashes, rows, events, *by_event)

    def read_by(self, articles: Sequence[str], *, time_s: float, offset: int) -> None:
        """Count one more reader of each article: a user's imported history holds it."""
        rows = self.catalogue.rows(dict.fromkeys(articles), time_s)
        rows = self._unapplied("profile-updates", rows, offset)
        if rows.size:
            self.counters.add_readers(rows)
            self.catalogue.totals.add_readers(rows)
            for totals, codes in self._groups(rows):
                totals.add_readers_to_groups(codes)
        self._mark("profile-updates", self._buckets(rows), np.full(len(rows), offset))
        self._reach("profile-updates", offset)

    def flush(self) -> list[ArticleActivity]:
        """Take the changed buckets as messages of absolute values; clean afterwards."""
        self.catalogue.settle()
        changed = np.flatnonzero(self._dirty)
        if not changed.size:
            return []
        n = self.catalogue.n_rows
        buckets = self._buckets(np.arange(n))
        rows = np.flatnonzero(self.counters.sums[:n].any(axis=1) & self._dirty[buckets])
        self._dirty[:] = False
        rows = rows[np.argsort(buckets[rows], kind="stable")]  # rising within a bucket
        values = np.column_stack([self.counters.sums[rows], self.counters.first_shown[rows]])
        ends = np.searchsorted(buckets[rows], changed, side="right").tolist()
        return [
            self._message(bucket, rows[start:end], values[start:end])
            for bucket, start, end in zip(changed.tolist(), [0, *ends], ends, strict=False)
        ]

    def follow(self, message: ArticleActivity) -> None:
        """Take over one bucket as its owner flushed it: absolute, the last message wins.

        Raises
        ------
        BadMessage
            Its counters do not fit its articles or the configured half-lives.
        """
        if not 0 <= message.bucket < self.config.n_buckets:
            msg = f"bucket must be below n_buckets {self.config.n_buckets}, got {message.bucket}"
            raise BadMessage(msg)
        width = self.counters.sums.shape[1] + 1
        wanted = 8 * width * len(message.articles)
        if len(message.counters) != wanted or len(message.seen) % 16:
            msg = (
                f"counters of {len(message.articles)} articles must be {wanted} bytes and seen "
                f"pairs of 16, got {len(message.counters)} and {len(message.seen)}: "
                "do all workers have the same half_lives_s?"
            )
            raise BadMessage(msg)
        values = np.frombuffer(message.counters, "<f8").reshape(-1, width)
        first_shown = np.nan_to_num(values[:, -1], nan=0.0)
        times = np.array([message.as_of, *first_shown])
        offsets = np.array([0, *message.applied.values()], np.float64)
        is_real = ((times >= 0.0) & (times < _LATEST_S)).all() and (np.abs(offsets) < _MOST).all()
        if not (is_real and (np.abs(values[:, :-1]) < _MOST_COUNTED).all()):
            msg = (
                "counters must be finite, offsets real, times from 1970 to 2099, got times to "
                f"{float(times.max())!r} and offsets to {float(offsets.max())!r}"
            )
            raise BadMessage(msg)
        rows = self.catalogue.rows(message.articles, float(first_shown.max(initial=0.0)))
        self._replace(rows, values[:, :-1], values[:, -1], message.as_of)
        for topic, offset in message.applied.items():
            self._offsets(topic)[message.bucket] = offset
            self._high[topic] = int(self._offsets(topic).max())
        self._seen[message.bucket] = RecentIds.from_bytes(self.config.recent_ids, message.seen)
        self._dirty[message.bucket] = False

    def _replace(
        self,
        rows: Rows,
        sums: NDArray[np.float64],
        first_shown: NDArray[np.float64],
        landmark: float,
    ) -> None:
        counters, totals = self.counters, self.catalogue.totals
        counters.rebase(landmark)
        totals.rebase(landmark)
        sums = counters.shifted(sums, landmark, counters.landmark)
        change = counters.shifted(sums - counters.sums[rows], counters.landmark, totals.landmark)
        counters.sums[rows] = sums
        counters.first_shown[rows] = first_shown
        totals.sums[rows] += change
        totals.first_shown[rows] = np.fmin(totals.first_shown[rows], first_shown)
        for group, codes in self._groups(rows):
            group.rebase(landmark)
            np.add.at(
                group.sums,
                codes,
                counters.shifted(change, totals.landmark, group.landmark),
            )
        followed_s = active_since(counters, rows)
        self.catalogue.followed_s = max(self.catalogue.followed_s, followed_s)
        touched = self.catalogue.touched
        touched[rows] = np.fmax(touched[rows], np.fmax(first_shown, active_before(counters, rows)))

    def _message(self, bucket: int, rows: Rows, values: NDArray[np.float64]) -> ArticleActivity:
        ids = self.catalogue.ids
        return ArticleActivity(
            partition=self.partition,
            bucket=bucket,
            as_of=self.counters.landmark,
            articles=tuple([ids[row] for row in rows.tolist()]),
            counters=values.astype("<f8").tobytes(),
            applied={t: int(a[bucket]) for t, a in sorted(self._applied.items()) if a[bucket] >= 0},
            seen=self._seen[bucket].to_bytes(),
        )

    def _buckets(self, rows: Rows) -> NDArray[np.intp]:
        mask = np.uint64(self.config.n_buckets - 1)
        return (self.catalogue.hashes[rows] & mask).astype(np.intp)

    def _groups(self, rows: Rows) -> tuple[tuple[DecayedCounters, NDArray[np.int32]], ...]:
        catalogue = self.catalogue
        return (
            (catalogue.category_totals, catalogue.category[rows]),
            (catalogue.source_totals, catalogue.source[rows]),
        )

    def _offsets(self, topic: str) -> NDArray[np.int64]:
        offsets = self._applied.get(topic)
        if offsets is None:
            offsets = np.full(self.config.n_buckets, -1, np.int64)
            self._applied[topic] = offsets
        return offsets

    def _unapplied(self, topic: str, rows: Rows, offset: int) -> Rows:
        """Return those of an event's rows whose bucket does not hold the event yet."""
        if offset > self._high.get(topic, -1):
            return rows
        self.catalogue.settle()  # read again after a crash: what waits may be in these buckets
        return rows[self._offsets(topic)[self._buckets(rows)] < offset]

    def _mark(self, topic: str, buckets: NDArray[np.intp], offsets: NDArray[np.int64]) -> None:
        """Note that each bucket holds the events of a topic up to its offset."""
        np.maximum.at(self._offsets(topic), buckets, offsets)
        self._dirty[buckets] = True

    def _reach(self, topic: str, offset: int) -> None:
        """Note that a topic has been read up to an offset."""
        self._high[topic] = max(self._high.get(topic, -1), offset)
