"""The first slates of a fresh system: what a reader of whom nothing is known gets, by minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cherryrec.events import Recommendation, RecommendationRequest, instant

if TYPE_CHECKING:
    from cherryrec.evaluation.mind_rows import MindImpression
    from streams.replay import Session

__all__ = ["NEW_READER", "FirstSlates", "stage_sentence"]

NEW_READER = "demo-new-reader"
"""A user id that no log holds: a reader without history."""

_N_NAMED = 3


class FirstSlates:
    """Asks over the whole catalogue beside a replay, after 1, 2, 4, 8 … of its windows.

    A `Sidecar`. It has a session of its own: answers it does not wait for are another's.

    Parameters
    ----------
    connect
        Opens the session.
    rows
        The log's impressions, by time.
    window
        How many of them a window has; above 0.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Session]],
        rows: Sequence[MindImpression],
        *,
        window: int,
    ) -> None:
        self._connecting = connect()
        self._rows, self._window = rows, window
        self._session: Session | None = None
        self._n_steps, self._next = 0, 1
        self.found: list[tuple[float, Recommendation]] = []
        """Minutes since the first impression, and the slate."""

    def __enter__(self) -> Self:
        """Connect."""
        self._session = self._connecting.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._connecting.__exit__(kind, error, trace)

    def step(self) -> None:
        """Ask, if it is time to."""
        self._n_steps += 1
        if self._n_steps < self._next:
            return
        self._next = 2 * self._n_steps
        assert self._session is not None, "a sidecar steps between its entry and its exit"
        shown = self._rows[min(self._n_steps * self._window, len(self._rows)) - 1]
        asked = RecommendationRequest(
            request_id=f"first-{self._n_steps}",
            user_id=NEW_READER,
            requested_at=instant(shown.shown_at),
            slate_size=10,
            deadline_ms=0,
        )
        minutes = (shown.shown_at - self._rows[0].shown_at) / 60.0
        self.found.append((minutes, self._session.ask(asked).recommendation))

    def sentences(self, titles: Mapping[str, str]) -> list[str]:
        """Say of each slate when it was, what ranked it, and what came first."""
        return [
            f"a reader without history, {minutes:,.0f} min after the first impression: "
            f"{stage_sentence(slate)}; "
            + "; ".join(titles.get(i.article_id, i.article_id) for i in slate.slate[:_N_NAMED])
            for minutes, slate in self.found
        ]


def stage_sentence(slate: Recommendation) -> str:
    """Name the stage of the cold start, the rung of the ladder and the model of a slate.

    Examples
    --------
    >>> stage_sentence(
    ...     Recommendation(
    ...         request_id="r", user_id="u", requested_at=instant(1e9), slate=(),
    ...         rung="unevaluated", stage="prior", versions={"models": 3},
    ...     )
    ... )
    'stage prior, rung unevaluated, model 3'
    """
    model = slate.versions.get("models", "none")
    return f"stage {slate.stage or 'none'}, rung {slate.rung or 'none'}, model {model}"
