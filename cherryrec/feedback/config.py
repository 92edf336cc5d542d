"""Settings of the feedback join: how long clicks are waited for, and what is learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from cherryrec.errors import ConfigError
from cherryrec.events import Origin

__all__ = ["FeedbackConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackConfig:
    """When an exposure that was not clicked counts as not clicked.

    Parameters
    ----------
    attribution_window_s
        How long after an impression a click still counts, in seconds of event time, at least 0.
    label_after_s
        How long after an impression it is labelled by the clicks that have come, in seconds of
        event time, at least 0 and at most the window: its example is learned then, and corrected
        by each later click. One that had no click until then is labelled by its first.
    correction_s
        How long after its window an exposure's labels may still be corrected by a late click, in
        seconds of event time, at least 0: as long its features are kept.
    learn_from
        What becomes examples: `request` (slates of ours that were shown), `slate` (slates of the
        site's own, from impressions of no request of ours) and `click` (clicks of which no
        impression is known).
    shadow_share
        Share of the site's own slates that are ranked as well when they are read, to see how they
        would have stood (`cherryrec shadow`); in [0, 1].
    recall_share
        Share of the site's own slates at which KnRS is asked to choose from the whole catalogue, to
        see whether it keeps what is clicked; in [0, 1].
    """

    attribution_window_s: float = 1_800.0
    label_after_s: float = 60.0
    correction_s: float = 1_800.0
    learn_from: tuple[Origin, ...] = get_args(Origin)
    shadow_share: float = 0.25
    recall_share: float = 0.02

    def __post_init__(self) -> None:
        unknown = sorted(set(self.learn_from) - set(get_args(Origin)))
        if unknown:
            msg = f"learn_from must be some of {', '.join(get_args(Origin))}, got {unknown[0]!r}"
            raise ConfigError(msg)
        for name in ("shadow_share", "recall_share"):
            if not 0 <= getattr(self, name) <= 1:
                msg = f"{name} must be from 0 to 1, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        for name in ("attribution_window_s", "label_after_s", "correction_s"):
            if not getattr(self, name) >= 0:
                msg = f"{name} must be at least 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
