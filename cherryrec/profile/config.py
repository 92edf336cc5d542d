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
        Click event ids remembered for finding duplicates; above 0.
    interest_half_life_clicks
        Clicks after which an older click's pull on the interest vector has halved; above 0.
    allowed_lateness_s
        A click older than the user's newest by more than this is counted as late and not applied.
    """

    history_size: int = 50
    recent_ids: int = 32
    interest_half_life_clicks: float = 12.0
    allowed_lateness_s: float = 2 * 86_400.0

    def __post_init__(self) -> None:
        for name in (
            "history_size",
            "recent_ids",
            "interest_half_life_clicks",
            "allowed_lateness_s",
        ):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
