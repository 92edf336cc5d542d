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
    n_inner
        Length of the states between the two layers of a transformer's place; above 0.
    dropout
        In [0, 1).
    max_length
        Articles of a sequence that are looked at, the last ones; above 0.
    n_targets
        Places of each window that are asked for their next article, the last ones; above 0. None
        asks all of them. BERT4Rec hides places by chance.
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
    n_inner: int = 128
    dropout: float = 0.2
    max_length: int = 50
    n_targets: int | None = None
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    batch_size: int = 16
    max_epochs: int = 200
    patience: int = 10
    masked_share: float = 0.3

    def __post_init__(self) -> None:
        sizes = ("n_hidden", "n_layers", "n_heads", "n_inner", "max_length", "batch_size")
        for name in (*sizes, "max_epochs", "patience", "learning_rate"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.n_targets is not None and self.n_targets <= 0:
            msg = f"n_targets must be above 0 or absent, got {self.n_targets!r}"
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
