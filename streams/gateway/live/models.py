"""What the learner has published: version, weights over time, drift alarms, age."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.codec import unpack
from cherryrec.errors import ModelError
from cherryrec.events import PackedArray
from cherryrec.knrs import METRICS
from cherryrec.snapshots import SERVING, STATE

__all__ = ["ModelPoint", "ModelWatch"]


class ModelPoint(msgspec.Struct, frozen=True, kw_only=True):
    """How the models stood at one time.

    Parameters
    ----------
    at_s
        When the broker took the snapshot, epoch seconds.
    version, n_examples
        Of the snapshot.
    ensemble
        Member of VaNS → its weight; empty until a learner has published its state.
    knrs
        Metric of KnRS → its weight.
    n_alarms
        Drift alarms so far.
    """

    at_s: float
    version: int
    n_examples: int
    ensemble: dict[str, float] = {}
    knrs: dict[str, float] = {}
    n_alarms: int = 0


class _Snapshot(msgspec.Struct):
    """What is read of a snapshot; its other arrays are passed over undecoded."""

    model: str
    version: int
    n_examples: int
    arrays: dict[str, msgspec.Raw] = {}
    metrics: dict[str, float] = {}


_SNAPSHOT = msgspec.json.Decoder(_Snapshot)
_ARRAY = msgspec.json.Decoder(PackedArray)


class ModelWatch:
    """Folds the snapshots of `models` into a short history of what is learned.

    Points lie `every_s` apart at least; a full history drops every other one and lets them lie
    twice as far apart from then on, so that it always reaches back to the start.

    Parameters
    ----------
    every_s
        Least time between two points, in seconds, above 0.
    max_points
        Above 1.
    """

    def __init__(self, *, every_s: float = 2.0, max_points: int = 360) -> None:
        self._every_s = every_s
        self._max_points = max_points
        self._points: list[ModelPoint] = []
        self._ensemble: dict[str, float] = {}
        self._n_alarms: int | None = None  # of the newest state; None before one was read
        self.newest: ModelPoint | None = None
        self.alarms: list[float] = []
        """When the last drift alarms came, epoch seconds; ten at most.

        What the first state counts was before it, nobody knows when.
        """

    def add(self, raw: bytes, *, at_s: float) -> None:
        """Read one record of `models`; one that cannot be read changes nothing."""
        try:
            snapshot = _SNAPSHOT.decode(raw)
            if snapshot.model == STATE:
                self._add_state(snapshot, at_s)
            elif snapshot.model == SERVING:
                self._add_serving(snapshot, at_s)
        except (msgspec.MsgspecError, ModelError):
            return

    def points(self) -> list[ModelPoint]:
        """Return the history, the newest last."""
        if self.newest is None or (self._points and self._points[-1] == self.newest):
            return list(self._points)
        return [*self._points, self.newest]

    def _add_state(self, snapshot: _Snapshot, at_s: float) -> None:
        """Read what only a state holds: the members' weights, and the drift monitor."""
        members = _array(snapshot, "vans/members")
        weights = _array(snapshot, "vans/stacker/weights")
        if members is not None and weights is not None:
            names = members.tobytes().decode(errors="replace").split(",")
            self._ensemble = dict(zip(names, weights.tolist(), strict=False))
        drift = _array(snapshot, "vans/drift/state")
        if drift is not None and len(drift) > 1:
            n_alarms = int(drift[1])
            if self._n_alarms is not None and n_alarms > self._n_alarms:
                self.alarms = [*self.alarms, at_s][-10:]
            self._n_alarms = n_alarms
        if self.newest is not None:
            self.newest = msgspec.structs.replace(
                self.newest, ensemble=self._ensemble, n_alarms=self._n_alarms or 0
            )

    def _add_serving(self, snapshot: _Snapshot, at_s: float) -> None:
        weights = _array(snapshot, "knrs/weights")
        knrs = {} if weights is None else dict(zip(METRICS, weights.tolist(), strict=False))
        self.newest = ModelPoint(
            at_s=at_s,
            version=snapshot.version,
            n_examples=snapshot.n_examples,
            ensemble=self._ensemble,
            knrs=knrs,
            n_alarms=self._n_alarms or 0,
        )
        if self._points and at_s - self._points[-1].at_s < self._every_s:
            return
        self._points.append(self.newest)
        if len(self._points) > self._max_points:
            self._points = self._points[::2]
            self._every_s *= 2.0


def _array(snapshot: _Snapshot, name: str) -> NDArray[np.generic] | None:
    """Unpack one array of a snapshot; None where it is not in it."""
    raw = snapshot.arrays.get(name)
    return None if raw is None else unpack(_ARRAY.decode(raw))
