"""Settings of the slate memory."""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.errors import ConfigError

__all__ = ["SlatesConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlatesConfig:
    """How much of the past slates is kept, and for how long it counts.

    Parameters
    ----------
    max_slates
        Labelled slates kept, the newest; above 0.
    max_places
        Places of articles in all of them together, above 0: where slates are long, fewer are kept.
    max_articles
        Articles that have a place in the memory, at least 2; past it the one longest not in a
        slate leaves. Memory: 4 bytes times its square.
    max_postings
        Slates remembered of each article for finding neighbours, the newest; above 0.
    half_life_s
        Age at which an earlier slate counts half as a neighbour, in seconds; above 0.
    """

    max_slates: int = 16_384
    max_places: int = 262_144
    max_articles: int = 4_096
    max_postings: int = 256
    half_life_s: float = 86_400.0

    def __post_init__(self) -> None:
        for name in ("max_slates", "max_places", "max_postings", "half_life_s"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.max_articles < 2:
            msg = f"max_articles must be at least 2, got {self.max_articles!r}"
            raise ConfigError(msg)
