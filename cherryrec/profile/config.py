"""Settings of user profiles."""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.errors import ConfigError

__all__ = ["ProfileConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileConfig:
    """How much of a user is kept, and for how long it counts.

    Parameters
    ----------
    history_size
        Clicks kept, newest last; above 0.
    recent_ids
        Click event ids remembered for finding duplicates, for `allowed_lateness_s` and the last
        24 for longer; above 0. A click older than what had to leave for lack of room is late.
    interest_half_life_clicks
        Clicks after which an older click's pull on the interest vector has halved; above 0.
    allowed_lateness_s
        A click older than the user's newest by more than this is counted as late and not applied.
    counted_per_hour
        A reader's clicks within an hour that count for everyone, at most, each article once as
        long as its click is remembered; above 0. The others move the reader's own profile only.
    """

    history_size: int = 50
    recent_ids: int = 1_024
    interest_half_life_clicks: float = 12.0
    allowed_lateness_s: float = 2 * 86_400.0
    counted_per_hour: int = 60

    def __post_init__(self) -> None:
        for name in (
            "history_size",
            "recent_ids",
            "interest_half_life_clicks",
            "allowed_lateness_s",
            "counted_per_hour",
        ):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
