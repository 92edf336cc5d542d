"""BERT4Rec: articles are hidden, and guessed from those on both sides.

References
----------
Sun et al. (2019), BERT4Rec: sequential recommendation with bidirectional encoder representations
from transformer, CIKM, https://arxiv.org/abs/1904.06690. As there, some rows hide their last
article alone, which is what is asked for afterwards. Places go in at the scale of articles: a
hidden place has nothing but its place to find the one before it by.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from gpu_worker.sequential.blocks import Attention
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.losses import softmax_loss
from gpu_worker.sequential.modules import SequenceModule

__all__ = ["Bert4Rec"]

_LAST_ONLY = 0.2
"""Share of the rows that hide their last article alone."""


class Bert4Rec(SequenceModule):
    """Every place sees all others; a hidden one is told by the articles' own vectors."""

    title = "BERT4Rec"
    revision = 2

    def __init__(self, n_articles: int, config: NetworkConfig) -> None:
        super().__init__(n_articles, config, n_more=1)
        self.hidden = n_articles + 1
        self.masked_share = config.masked_share
        self.attention = Attention(
            config,
            is_causal=False,
            length=config.max_length + 1,
            activation=nn.GELU(),
            place_scale=config.n_hidden**0.5,
        )
        self.head = nn.Sequential(
            nn.Linear(config.n_hidden, config.n_hidden), nn.GELU(), nn.LayerNorm(config.n_hidden)
        )
        self.bias = nn.Parameter(torch.zeros(n_articles))

    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of the hidden articles; windows (B, L + 1)."""
        is_hidden = torch.rand(windows.shape) < self.masked_share  # (B, L + 1)
        last_only = torch.rand(len(windows)) < _LAST_ONLY  # (B,)
        is_hidden[last_only] = False
        is_hidden[:, -1] |= last_only | ~is_hidden.any(dim=1)
        is_hidden &= windows != self.n_articles
        states = self.states(windows.masked_fill(is_hidden, self.hidden))  # (B, L + 1, D)
        guessed = self.head(states[is_hidden])  # (n, D)
        return softmax_loss(guessed, self.targets, windows[is_hidden], bias=self.bias)

    def scores(self, windows: torch.Tensor) -> torch.Tensor:
        """Return what a hidden place after the last would be; windows (B, L), scores (B, A)."""
        asked = functional.pad(windows, (0, 1), value=self.hidden)  # (B, L + 1)
        guessed: torch.Tensor = self.head(self.states(asked)[:, -1])  # (B, D)
        return guessed @ self.targets.T + self.bias

    def states(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the state of each place; codes (B, L), states (B, L, D)."""
        h: torch.Tensor = self.attention(self.inputs(codes), codes == self.n_articles)
        return h
