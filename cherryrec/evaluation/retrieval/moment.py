"""The moment at which a reader is judged on the whole catalogue, and what they opened then."""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.events import RecommendationRequest, instant

__all__ = ["SLATE_SIZE", "Moment"]

SLATE_SIZE = 10
"""Articles in the slates that are judged."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A request of the whole catalogue out of a log.

    Parameters
    ----------
    request_id
        Unique within the log.
    user_id
        The reader.
    time_s
        Event time, epoch seconds; what is judged may use what came before it only.
    clicked
        What the reader opened then, each article once; empty where that is not known.
    shown
        What the site showed; empty where the log does not tell.
    history
        Articles read before the log began, oldest first.
    """

    request_id: str
    user_id: str
    time_s: float
    clicked: tuple[str, ...]
    shown: tuple[str, ...] = ()
    history: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: MindImpression, time_s: float) -> Moment:
        """Return the moment of an impression.

        Examples
        --------
        >>> row = MindImpression("1", "ann", 0.0, ("a",), ("b", "c"), (False, True))
        >>> Moment.of(row, 0.0).clicked, Moment.of(row, 0.0).shown
        (('c',), ('b', 'c'))
        """
        labels = row.clicked or (False,) * len(row.candidates)
        clicked = tuple(a for a, label in zip(row.candidates, labels, strict=True) if label)
        return cls(row.impression_id, row.user_id, time_s, clicked, row.candidates, row.history)

    @property
    def request(self) -> RecommendationRequest:
        """The request of a slate out of the whole catalogue."""
        return RecommendationRequest(
            request_id=self.request_id,
            user_id=self.user_id,
            requested_at=instant(self.time_s),
            slate_size=SLATE_SIZE,
        )

    @property
    def reading(self) -> MindImpression:
        """The same as a row whose slate is what was clicked, for what learns from readings."""
        labels = (True,) * len(self.clicked)
        return MindImpression(
            self.request_id, self.user_id, self.time_s, self.history, self.clicked, labels
        )
