"""One user's open requests, from selection to the end of the attribution window.

A slate of the site's own, and a click of which no slate is known, are open requests too: opened by
their own event, shown at once.

What is `Frozen` of a request stays as it is and lies by itself; all that events change is small. A
request is *pending* while it waits for evaluations, *ranked* once it is answered, *shown* when
its impression came. Then clicks label it: soon it becomes an example, and each later click, until
its window and the correction after it have passed, makes another.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.events import Contrast, Degraded, Impression, Origin, Shadow
from cherryrec.exposures import Exposures

__all__ = [
    "MAX_OPEN",
    "Frozen",
    "OpenRequest",
    "OpenRequests",
    "n_pending",
    "opened",
    "with_entry",
    "without",
]

MAX_OPEN = 16
"""Open requests kept of one user; the oldest answered one makes room, pending ones never leave."""


class Frozen(msgspec.Struct, frozen=True, array_like=True):
    """What scoring and learning need of a request, as it was at its selection.

    `articles` are the candidates in order of news value; `features` float32 (n, F) and `metrics`
    float32 (n, 5) as bytes; `dropped` the candidates that were not to be had. Evaluations are
    filled into the features when the request is ranked with some. `signals` float32 (n, S) is what
    KnRS retrieves by, `scores` VaNS's, float32 (n,), where there are any; `sources` says of each
    article what brought it; `others` and `rivals` are what else there was (`events.Contrast`).
    `shadow` is how a slate of the site's own would have been ranked. `reader` is the reader's
    vector of titles by `sentence_model`, float16 (384,), both empty without one.
    """

    articles: tuple[str, ...]
    features: bytes
    metrics: bytes
    dropped: tuple[str, ...] = ()
    shadow: Shadow | None = None
    signals: bytes = b""
    scores: bytes = b""
    sources: tuple[str, ...] = ()
    others: Contrast | None = None
    rivals: Contrast | None = None
    reader: bytes = b""
    sentence_model: str = ""

    def feature_array(self) -> NDArray[np.float32]:
        """Features, float32 (n, F)."""
        return _matrix(self.features, len(self.articles))

    def signal_array(self) -> NDArray[np.float32]:
        """Signals, float32 (n, S); (n, 0) of an entry of an earlier version."""
        return _matrix(self.signals, len(self.articles))

    def metric_array(self) -> NDArray[np.float32]:
        """KnRS's metrics, float32 (n, 5)."""
        return _matrix(self.metrics, len(self.articles))


class OpenRequest(msgspec.Struct, frozen=True, array_like=True):
    """What events change of a request whose features are `Frozen`.

    `expires_at` is the wall-clock deadline while pending, None once ranked; `answered_by` the
    offset of the evaluation or deadline that ranked it, so that the same one read again after a
    crash is answered again; `degraded` the step it was answered on. `shown_s` is the impression's
    event time, None before it; `clicked` the articles clicked so far; `n_labelled` is how many of
    them were known when its window ended, None before that: from then on it waits for late clicks
    only. `evaluator` is the version of CnLE whose evaluations are in the features, "" without any,
    and `temperature` what their log-odds were divided by. `is_given` says that the request named
    its candidates, `origin` what opened it; of a slate of the site's own `shows` is the request
    that its impression names, of ours or not, and a click alone has no `shown`, only what is
    `clicked`, and the `impression_id` that it names.
    """

    request_id: str
    requested_s: float
    slate_size: int
    is_cold: bool = False
    expires_at: float | None = None
    impression_id: str | None = None
    shown_s: float | None = None
    shown: tuple[str, ...] = ()
    clicked: tuple[str, ...] = ()
    answered_by: str | None = None
    degraded: Degraded | None = None
    n_labelled: int | None = None
    evaluator: str = ""
    temperature: float = 1.0
    is_given: bool = False
    origin: Origin = "request"
    shows: str | None = None

    @property
    def exposed(self) -> tuple[str, ...]:
        """What its example is of: the articles shown, or the one that a click alone opened."""
        return self.clicked if self.origin == "click" else self.shown

    @property
    def is_labelled(self) -> bool:
        """Whether it has been labelled and its labels are safe."""
        return self.n_labelled is not None


class OpenRequests(msgspec.Struct, frozen=True, array_like=True):
    """All open requests of one user, oldest first; and what came before what it belongs to.

    `unnamed` are the clicks that named no impression and are on what an open request showed, as
    (article id, event time), by time; whose they are may change with an impression yet to be read.
    `exposures` are what the user was shown lately, whether by a request of ours or not;
    `early_impressions` those of no open request, the newest few. Clicks whose impression has not
    come yet wait in the user's history; `clicked_offset` is the last click looked at for an example
    of its own.
    """

    entries: tuple[OpenRequest, ...] = ()
    unnamed: tuple[tuple[str, float], ...] = ()
    exposures: Exposures = Exposures()
    early_impressions: tuple[Impression, ...] = ()
    clicked_offset: int = -1


def opened(state: OpenRequests, request_id: str) -> OpenRequest | None:
    """Return the open request of that id, if it is still open."""
    return next((e for e in state.entries if e.request_id == request_id), None)


def n_pending(state: OpenRequests) -> int:
    """Count the requests that wait for evaluations."""
    return sum(entry.expires_at is not None for entry in state.entries)


def with_entry(state: OpenRequests, entry: OpenRequest) -> OpenRequests:
    """Add an entry, or replace the one of its id where it stands; past `MAX_OPEN` one leaves.

    That is the oldest click alone, else the oldest of those that wait for late clicks only, else
    the oldest that is not pending: the new one itself where all others are, they are still to be
    answered. The caller adds no pending one to `MAX_OPEN` of them.

    Examples
    --------
    >>> state = OpenRequests()
    >>> for k in range(MAX_OPEN + 1):
    ...     state = with_entry(state, OpenRequest(f"r{k}", 0.0, 10))
    >>> len(state.entries), state.entries[0].request_id
    (16, 'r1')
    """
    if opened(state, entry.request_id) is not None:
        replaced = (entry if e.request_id == entry.request_id else e for e in state.entries)
        return msgspec.structs.replace(state, entries=tuple(replaced))
    entries = (*state.entries, entry)
    if len(entries) > MAX_OPEN:
        answered = [e for e in entries if e.expires_at is None]
        leaving = min(answered, key=_stays, default=None)
        assert leaving is not None, "a pending request is added to pending ones only"
        entries = tuple(e for e in entries if e is not leaving)
    return msgspec.structs.replace(state, entries=entries)


def _stays(entry: OpenRequest) -> int:
    """Rank an answered request: those of the least rank leave first."""
    return 0 if entry.origin == "click" else 1 if entry.is_labelled else 2


def without(state: OpenRequests, request_id: str) -> OpenRequests:
    """Remove an entry."""
    kept = tuple(e for e in state.entries if e.request_id != request_id)
    return msgspec.structs.replace(state, entries=kept)


def _matrix(raw: bytes, n_rows: int) -> NDArray[np.float32]:
    values = np.frombuffer(raw, "<f4")
    return values.reshape(n_rows, values.size // max(n_rows, 1))
