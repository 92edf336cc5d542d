"""How a language model of protocol B reads, is tuned and is asked."""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.errors import ConfigError

__all__ = ["LanguageConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageConfig:
    """Sizes small enough for two cores; what a method does not have, it passes over.

    Parameters
    ----------
    n_history
        Titles of a history that are read, the newest; above 0.
    title_tokens
        Tokens of a title that are read; above 0.
    n_steps, batch_size
        Steps of tuning at most, 0 for none, and examples a step; above 0.
    learning_rate
        AdamW's, falling linearly to 0; above 0.
    rank, alpha, dropout
        Of the LoRA matrices on the attention's queries and values.
    n_queries
        Queries that GPT4Rec writes for a user, the beams of its search; 1 to 20.
    query_tokens
        Tokens of a query at most; above 0.
    """

    n_history: int = 5
    title_tokens: int = 24
    n_steps: int = 16
    batch_size: int = 4
    learning_rate: float = 1e-3
    rank: int = 8
    alpha: int = 16
    dropout: float = 0.05
    n_queries: int = 3
    query_tokens: int = 12

    def __post_init__(self) -> None:
        counts = ("n_history", "title_tokens", "batch_size", "n_queries", "query_tokens")
        for name in (*counts, "rank", "alpha", "learning_rate"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.n_steps < 0:
            msg = f"n_steps must be at least 0, got {self.n_steps!r}"
            raise ConfigError(msg)
        if self.n_queries > 20:
            msg = f"n_queries must be at most 20, got {self.n_queries!r}"
            raise ConfigError(msg)
        if not 0.0 <= self.dropout < 1.0:
            msg = f"dropout must be in [0, 1), got {self.dropout!r}"
            raise ConfigError(msg)
