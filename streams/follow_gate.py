"""The gate `following`: closed while a followed topic has messages waiting and stands still."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from faust.types import TP

from cherryrec.supervised import Gates
from streams.engine.watchdog import ProgressWatch, Standing

__all__ = ["FollowGate", "FollowState", "Standings"]

logger = logging.getLogger(__name__)

_ANSWER_S = 5.0


class Standings(Protocol):
    """What follows topics."""

    async def standings(self) -> Mapping[TP, Standing]:
        """Return how far each partition has been followed, and where it ends."""
        ...


class FollowState(NamedTuple):
    """How far each partition has been followed, and which stand still."""

    standings: Mapping[TP, Standing]
    stalled: list[TP]


class FollowGate:
    """Opens and closes the gate `following` of a follower that has caught up.

    What is followed stands behind no consumer group, so nobody else sees its lag.

    Parameters
    ----------
    follower
        Asked where it stands.
    gates
        Where it is told.
    stall_s
        How long a followed topic with messages waiting may stand still, in seconds, above 0.
    monotonic
        Monotonic seconds.
    """

    def __init__(
        self,
        follower: Standings,
        gates: Gates,
        *,
        stall_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._follower = follower
        self._gates = gates
        self._watch = ProgressWatch(stall_s)
        self._monotonic = monotonic

    async def look(self) -> FollowState | None:
        """Look once; None, and nothing changed, where the broker does not answer."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                standings = await self._follower.standings()
        except Exception as error:
            logger.debug("could not ask where followed topics end: %r", error)
            return None
        stalled = self._watch.observe(standings, now_s=self._monotonic())
        if not stalled:
            self._gates.open("following")
        else:
            places = ", ".join(
                f"{tp.topic}[{tp.partition}] "
                f"({standings[tp].end - standings[tp].position:,} messages)"
                for tp in stalled
            )
            self._gates.close(
                "following",
                f"messages have waited for {self._watch.stall_s:g} s and none was taken: {places}",
            )
        return FollowState(standings, stalled)
