"""What SASRec and BERT4Rec share: places, and layers of attention over them."""

from __future__ import annotations

import torch
from torch import nn

from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.dropout import Dropout

__all__ = ["Attention"]


class Attention(nn.Module):
    """Vectors with those of their places, through layers of self-attention.

    B sequences, L places, D = `n_hidden`.

    Parameters
    ----------
    config
        Sizes and dropout.
    is_causal
        Whether a place sees those before it and itself only.
    length
        Places of the longest row.
    activation
        Between the two layers at each place.
    place_scale
        What the vectors of places are multiplied with.
    """

    def __init__(
        self,
        config: NetworkConfig,
        *,
        is_causal: bool,
        length: int,
        activation: nn.Module,
        place_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.is_causal, self.place_scale = is_causal, place_scale
        self.places = nn.Embedding(length, config.n_hidden)
        nn.init.normal_(self.places.weight, std=0.02)
        self.dropout = Dropout(config.dropout)
        self.layers = nn.ModuleList(_Layer(config, activation) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(config.n_hidden)

    def forward(self, vectors: torch.Tensor, is_padding: torch.Tensor) -> torch.Tensor:
        """Return the state of each place, (B, L, D).

        Parameters
        ----------
        vectors
            Of what stands at each place, (B, L, D).
        is_padding
            Where nothing stands, which no other place looks at, (B, L).
        """
        length = vectors.shape[1]
        h = self.dropout(vectors + self.place_scale * self.places.weight[-length:])  # (B, L, D)
        is_hidden = is_padding[:, None, :].expand(-1, length, -1)  # (B, L, L)
        if self.is_causal:
            is_hidden = is_hidden | torch.ones(length, length, dtype=torch.bool).triu(1)
        itself = torch.eye(length, dtype=torch.bool)
        is_hidden = is_hidden & ~itself  # a row of padding alone has something to look at
        mask = torch.zeros(is_hidden.shape).masked_fill_(is_hidden, -torch.inf)[:, None]
        for layer in self.layers:
            h = layer(h, mask)
        return torch.as_tensor(self.norm(h))


class _Layer(nn.Module):
    """Self-attention, then two layers at each place; both add to what was there."""

    def __init__(self, config: NetworkConfig, activation: nn.Module) -> None:
        super().__init__()
        n = config.n_hidden
        self.n_heads = config.n_heads
        self.before_attention, self.before_places = nn.LayerNorm(n), nn.LayerNorm(n)
        self.project, self.join = nn.Linear(n, 3 * n), nn.Linear(n, n)
        self.drop_weights, self.drop_attention = Dropout(config.dropout), Dropout(config.dropout)
        self.at_places = nn.Sequential(
            nn.Linear(n, config.n_inner),
            activation,
            Dropout(config.dropout),
            nn.Linear(config.n_inner, n),
            Dropout(config.dropout),
        )

    def forward(self, h: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the next states; h (B, L, D), mask (B, 1, L, L) added to what is looked at."""
        n_rows, length, n = h.shape
        projected = self.project(self.before_attention(h))  # (B, L, 3 D)
        by_head = projected.view(n_rows, length, 3, self.n_heads, n // self.n_heads)
        q, k, v = by_head.permute(2, 0, 3, 1, 4)  # (B, heads, L, D / heads) each
        looked = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + mask  # (B, heads, L, L)
        seen = self.drop_weights(torch.softmax(looked, dim=-1)) @ v  # (B, heads, L, D / heads)
        h = h + self.drop_attention(self.join(seen.transpose(1, 2).reshape(h.shape)))
        return h + torch.as_tensor(self.at_places(self.before_places(h)))
