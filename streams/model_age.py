"""How long examples have waited for a model that knows them: what makes a model stale.

A model is not stale by its age: where nothing is clicked, nothing is learned. It is when slates
came out labelled after it was published and no newer one has come for longer than learning takes.
"""

from __future__ import annotations

import math

from cherryrec.errors import ConfigError

__all__ = ["ModelAge"]


class ModelAge:
    """Follows labels and versions by the times at which the broker took them.

    Parameters
    ----------
    stale_s
        How long examples may wait for a newer model, in seconds, above 0.

    Examples
    --------
    >>> age = ModelAge(120.0)
    >>> age.published(7, 1_000.0)
    >>> age.waiting_s(9_000.0)
    0.0
    >>> age.labelled(9_000.0)
    >>> age.is_stale(9_120.0), age.is_stale(9_120.5)
    (False, True)
    >>> age.reason(9_200.0)
    'version 7 of the models was published 8200 s ago, and examples have waited for a newer one \
for 200 s: is a learner running?'
    >>> age.published(8, 9_210.0)
    >>> age.is_stale(9_300.0)
    False
    """

    def __init__(self, stale_s: float) -> None:
        if not stale_s > 0:
            msg = f"model_stale_s must be above 0, got {stale_s!r}"
            raise ConfigError(msg)
        self.stale_s = stale_s
        self.version = 0
        self.published_s = -math.inf
        self._labelled_s = -math.inf
        self._waiting_since_s: float | None = None

    def labelled(self, at_s: float) -> None:
        """Note that a slate came out labelled, and so an example was sent."""
        self._labelled_s = max(self._labelled_s, at_s)
        if at_s > self.published_s and self._waiting_since_s is None:
            self._waiting_since_s = at_s

    def published(self, version: int, at_s: float) -> None:
        """Note a version that is ranked with from now on.

        Messages of two topics have no order: examples that were read before it may be newer.
        """
        self.version, self.published_s = version, at_s
        if self._labelled_s <= at_s:
            self._waiting_since_s = None
        elif self._waiting_since_s is not None:
            self._waiting_since_s = max(self._waiting_since_s, at_s)

    def waiting_s(self, now_s: float) -> float:
        """Return how long examples have waited for a newer model; 0 where none waits."""
        since_s = self._waiting_since_s
        return 0.0 if since_s is None else max(0.0, now_s - since_s)

    def is_stale(self, now_s: float) -> bool:
        """Whether they have waited for too long."""
        return self.waiting_s(now_s) > self.stale_s

    def reason(self, now_s: float) -> str:
        """Say how stale the model is."""
        waited = f"for {self.waiting_s(now_s):.0f} s: is a learner running?"
        if math.isinf(self.published_s):
            return f"slates are ranked without a model, and examples have waited for one {waited}"
        return (
            f"version {self.version} of the models was published {now_s - self.published_s:.0f} s "
            f"ago, and examples have waited for a newer one {waited}"
        )
