"""The sequences of protocol B: what each user read, in order; the last is what is tested.

A user's sequence is the history of their first row, then the clicks of the log in time order. Of an
article that was read again the first time counts; one without a title is dropped where the log has
titles; then users and articles with fewer than five interactions are left out together until
nothing changes. The last article is for the test, the second to last for validation, the rest for
training.

The split is by user, not by time: what others read after a user's test article may be in
training. It compares rankings and does not say what serving would give. What is kept grows with the
log's readers: a number and a time for each article that each has read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import LogError
from cherryrec.evaluation.leave_last_out.five_core import core_of_pairs
from cherryrec.evaluation.logs import LoggedClick
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression

__all__ = ["CORE", "LeaveLastOut", "Split", "Statistics", "leave_last_out"]

CORE = 5
"""Interactions that each user and each article has: the 5-core."""

_HELD_OUT = {"validation": 2, "test": 1}

Split = Literal["validation", "test"]
"""What can be asked for: each user's second to last article, or the last."""

Codes = NDArray[np.int32]
Event = MindImpression | LoggedClick


@dataclass(frozen=True, slots=True, eq=False)
class LeaveLastOut:
    """Users' sequences over one catalogue of articles.

    Articles are known by their code, their place in `articles`. Codes say nothing: they are in the
    order of ids, and no ranking may depend on them.

    Parameters
    ----------
    users
        Ids, (U,).
    articles
        Ids, (A,).
    sequences
        Codes of what each user read, oldest first, no code twice; at least three each.
    times_s
        Event time of each of these, epoch seconds; NaN of what a history has, which gives none.
    first_rows_s
        Event time of each user's first row or click, (U,).
    first_seen_s
        When each article was first a candidate or clicked, epoch seconds; NaN of one that only
        histories have, (A,).
    described
        What the log says of each article, titles among it, by id; empty where it says nothing.
    n_clicks, n_without_title, n_repeated
        Interactions of the log before anything was left out, and how many of them were left out
        for lack of a title, and as read again.

    Examples
    --------
    >>> clicks = [
    ...     LoggedClick(f"{u}{a}", u, a, 10.0 * time + number)
    ...     for number, u in enumerate("uvwxy") for time, a in enumerate("abcde")
    ... ]
    >>> data = leave_last_out(sorted(clicks, key=lambda one: one.clicked_at))
    >>> [data.articles[code] for code in data.training(0)], data.articles[data.target(0, "test")]
    (['a', 'b', 'c'], 'e')
    >>> [data.articles[code] for code in data.read_before(0, "test")]
    ['a', 'b', 'c', 'd']
    """

    users: tuple[str, ...]
    articles: tuple[str, ...]
    sequences: tuple[Codes, ...]
    times_s: tuple[NDArray[np.float64], ...]
    first_rows_s: NDArray[np.float64]
    first_seen_s: NDArray[np.float64]
    described: Mapping[str, MindArticle] = field(default_factory=dict)
    n_clicks: int = 0
    n_without_title: int = 0
    n_repeated: int = 0

    def training(self, user: int) -> Codes:
        """Return what a user read up to the third to last."""
        return self.sequences[user][:-2]

    def read_before(self, user: int, split: Split) -> Codes:
        """Return what a user has read before what is asked for; none of it is ranked."""
        return self.sequences[user][: -_HELD_OUT[split]]

    def target(self, user: int, split: Split) -> int:
        """Return the article that is asked for."""
        return int(self.sequences[user][-_HELD_OUT[split]])

    def target_time_s(self, user: int, split: Split) -> float:
        """Return when it was read, epoch seconds; NaN where only the history has it."""
        return float(self.times_s[user][-_HELD_OUT[split]])

    @property
    def has_titles(self) -> bool:
        """Whether any article has a title."""
        return any(self.title(code) for code in range(len(self.articles)))

    def title(self, code: int) -> str:
        """Return an article's title; empty where the log has none."""
        article = self.described.get(self.articles[code])
        return article.title if article is not None else ""

    def training_counts(self) -> NDArray[np.intp]:
        """Return how often each article is in training, (A,)."""
        training = [self.training(user) for user in range(len(self.users))]
        return np.bincount(np.concatenate(training), minlength=len(self.articles))

    def is_unseen(self, split: Split) -> NDArray[np.bool_]:
        """Say of each user whether what is asked for is in nobody's training, (U,)."""
        targets = [self.target(user, split) for user in range(len(self.users))]
        return np.asarray(self.training_counts()[targets] == 0)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of SHA-256 over who read what, in which order.

        Examples
        --------
        Another reader of the same articles is another dataset:

        >>> clicks = [
        ...     LoggedClick(f"{u}{a}", u, a, float(time))
        ...     for time, a in enumerate("abcde") for u in "uvwxyz"
        ... ]
        >>> five = leave_last_out(one for one in clicks if one.user_id != "z")
        >>> leave_last_out(clicks).digest == five.digest, len(five.digest)
        (False, 16)
        """
        lengths = [len(sequence) for sequence in self.sequences]
        found = sha256(repr((self.users, self.articles, lengths)).encode())
        for sequence in self.sequences:
            found.update(sequence.astype("<i4").tobytes())
        return found.hexdigest()[:16]

    @property
    def statistics(self) -> Statistics:
        """The numbers of the paper's Table 2."""
        lengths = np.array([len(sequence) for sequence in self.sequences])
        return Statistics(
            n_users=len(self.users),
            n_articles=len(self.articles),
            n_interactions=int(lengths.sum()),
            mean_length=float(lengths.mean()),
            median_length=float(np.median(lengths)),
            max_length=int(lengths.max()),
            density=float(lengths.sum() / (len(self.users) * len(self.articles))),
            unseen_share=float(self.is_unseen("test").mean()),
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a dataset consists of, as in the paper's Table 2.

    `density` is interactions a pair of user and article; `unseen_share` that of the users whose
    test article is in nobody's training.
    """

    n_users: int
    n_articles: int
    n_interactions: int
    mean_length: float
    median_length: float
    max_length: int
    density: float
    unseen_share: float


@dataclass(slots=True)
class _Read:
    """One user's sequence in the making: article id → when it was read, in the order of reading."""

    first_row_s: float
    times_s: dict[str, float] = field(default_factory=dict)


def leave_last_out(
    events: Iterable[Event],
    described: Mapping[str, MindArticle] | None = None,
    *,
    least: int = CORE,
) -> LeaveLastOut:
    """Return the sequences of a log.

    Parameters
    ----------
    events
        Slates or clicks in time order, those of one time as the files have them.
    described
        What the log says of articles, by id. Where it has titles, an article without one is
        dropped.
    least
        Interactions that each user and each article must have; at least 3.

    Raises
    ------
    LogError
        No user and no article has as many.
    """
    described = described or {}
    has_titles = any(article.title.strip() for article in described.values())
    n_clicks = n_without_title = n_repeated = 0
    readers: dict[str, _Read] = {}
    first_seen_s: dict[str, float] = {}
    for event in events:
        reader = readers.get(event.user_id)
        read = [(a, _time(event)) for a in _clicked(event)]
        if reader is None:
            reader = readers[event.user_id] = _Read(_time(event))
            read = [(a, float("nan")) for a in _history(event)] + read
        for article_id in _offered(event):
            first_seen_s.setdefault(article_id, _time(event))
        n_clicks += len(read)
        for article_id, time_s in read:
            if has_titles and not _has_title(described, article_id):
                n_without_title += 1
            elif article_id in reader.times_s:
                n_repeated += 1
            else:
                reader.times_s[article_id] = time_s
    sequences = _core(readers, least)
    if not sequences:
        msg = (
            f"a log must have users and articles with {least} interactions each, got none among "
            f"{len(readers):,} users and {n_clicks:,} clicks"
        )
        raise LogError(msg)
    articles = sorted({article_id for read in sequences.values() for article_id in read})
    code_of = {article_id: code for code, article_id in enumerate(articles)}
    users = sorted(sequences)
    return LeaveLastOut(
        users=tuple(users),
        articles=tuple(articles),
        sequences=tuple(np.array([code_of[a] for a in sequences[u]], np.int32) for u in users),
        times_s=tuple(np.array([readers[u].times_s[a] for a in sequences[u]]) for u in users),
        first_rows_s=np.array([readers[u].first_row_s for u in users]),
        first_seen_s=np.array([first_seen_s.get(a, np.nan) for a in articles]),
        described={a: described[a] for a in articles if a in described},
        n_clicks=n_clicks,
        n_without_title=n_without_title,
        n_repeated=n_repeated,
    )


def _core(readers: Mapping[str, _Read], least: int) -> dict[str, list[str]]:
    """Return the sequences of the users that stay, with the articles that stay."""
    pairs = [(user, article) for user, read in readers.items() for article in read.times_s]
    numbers: dict[str, int] = {}
    number_of: dict[str, int] = {}
    users = np.array([numbers.setdefault(user, len(numbers)) for user, _ in pairs], np.intp)
    articles = np.array([number_of.setdefault(a, len(number_of)) for _, a in pairs], np.intp)
    sequences: dict[str, list[str]] = {}
    for place in np.flatnonzero(core_of_pairs(users, articles, least=least)).tolist():
        user, article_id = pairs[place]
        sequences.setdefault(user, []).append(article_id)
    return sequences


def _time(event: Event) -> float:
    return event.shown_at if isinstance(event, MindImpression) else event.clicked_at


def _history(event: Event) -> Sequence[str]:
    return event.history if isinstance(event, MindImpression) else ()


def _offered(event: Event) -> Sequence[str]:
    return event.candidates if isinstance(event, MindImpression) else (event.article_id,)


def _clicked(event: Event) -> Sequence[str]:
    """Return what was clicked, in the order of the row."""
    if isinstance(event, LoggedClick):
        return (event.article_id,)
    labels = event.clicked or (False,) * len(event.candidates)
    return [a for a, label in zip(event.candidates, labels, strict=True) if label]


def _has_title(described: Mapping[str, MindArticle], article_id: str) -> bool:
    article = described.get(article_id)
    return article is not None and bool(article.title.strip())
