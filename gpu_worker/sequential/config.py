"""How a network of protocol B is built and trained."""

from __future__ import annotations

from dataclasses import dataclass

from cherryrec.errors import ConfigError

__all__ = ["NetworkConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Sizes, optimiser and patience; what a network does not have, it passes over.

    Parameters
    ----------
    n_hidden
        Length of an article's vector and of the layers' states; a multiple of `n_heads`.
    n_layers, n_heads
        Of the transformers; above 0.
    dropout
        In [0, 1).
    max_length
        Articles of a sequence that are looked at, the last ones; above 0.
    learning_rate, weight_decay
        Of AdamW; above 0, and at least 0.
    batch_size
        Sequences a step; above 0.
    max_epochs
        Passes over the training windows at most; above 0.
    patience
        Epochs without a better nDCG@5 on validation, after which training ends; above 0. The best
        epoch's network is kept.
    masked_share
        Share of the articles that BERT4Rec hides in training, in (0, 1).
    """

    n_hidden: int = 64
    n_layers: int = 2
    n_heads: int = 2
    dropout: float = 0.2
    max_length: int = 50
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    batch_size: int = 16
    max_epochs: int = 200
    patience: int = 10
    masked_share: float = 0.3

    def __post_init__(self) -> None:
        counts = ("n_layers", "n_heads", "max_length", "batch_size", "max_epochs", "patience")
        for name in ("n_hidden", *counts, "learning_rate"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.n_hidden % self.n_heads:
            msg = f"n_hidden must be a multiple of n_heads, {self.n_heads}, got {self.n_hidden}"
            raise ConfigError(msg)
        if not 0.0 <= self.dropout < 1.0:
            msg = f"dropout must be in [0, 1), got {self.dropout!r}"
            raise ConfigError(msg)
        if not self.weight_decay >= 0.0:
            msg = f"weight_decay must be at least 0, got {self.weight_decay!r}"
            raise ConfigError(msg)
        if not 0.0 < self.masked_share < 1.0:
            msg = f"masked_share must be in (0, 1), got {self.masked_share!r}"
            raise ConfigError(msg)
