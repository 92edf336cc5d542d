"""What SASRec and BERT4Rec share: articles with their places, through layers of attention."""

from __future__ import annotations

import torch
from torch import nn

from gpu_worker.sequential.config import NetworkConfig

__all__ = ["Attention"]


class Attention(nn.Module):
    """Embeddings of articles and places, then layers of self-attention.

    B sequences, L places, D = `n_hidden`.

    Parameters
    ----------
    n_codes
        Codes of articles, the padding and all else that may stand in a row; the padding is
        `padding`.
    padding
        The code that nothing looks at.
    config
        Sizes and dropout.
    is_causal
        Whether a place sees those before it and itself only.
    """

    def __init__(
        self, n_codes: int, *, padding: int, config: NetworkConfig, is_causal: bool, length: int
    ) -> None:
        super().__init__()
        self.padding, self.is_causal = padding, is_causal
        self.articles = nn.Embedding(n_codes, config.n_hidden, padding_idx=padding)
        self.places = nn.Embedding(length, config.n_hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.n_heads = config.n_heads
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                config.n_hidden,
                config.n_heads,
                dim_feedforward=4 * config.n_hidden,
                dropout=config.dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(config.n_layers)
        )
        self.norm = nn.LayerNorm(config.n_hidden)
        for table in (self.articles, self.places):
            nn.init.normal_(table.weight, std=0.02)
        with torch.no_grad():
            self.articles.weight[padding].zero_()

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the state of each place; codes (B, L), states (B, L, D)."""
        length = codes.shape[1]
        is_padding = codes == self.padding  # (B, L)
        h = self.articles(codes) + self.places.weight[-length:]  # (B, L, D)
        h = self.dropout(h)
        hidden = is_padding[:, None, :].expand(-1, length, -1)  # (B, L, L)
        if self.is_causal:
            later = torch.ones(length, length, dtype=torch.bool).triu(1)
            hidden = hidden | later
        itself = torch.eye(length, dtype=torch.bool)
        hidden = hidden & ~itself  # a row of padding alone has something to look at
        mask = hidden.repeat_interleave(self.n_heads, dim=0)  # (B · heads, L, L)
        for layer in self.layers:
            h = layer(h, src_mask=mask)
        return torch.as_tensor(self.norm(h))
