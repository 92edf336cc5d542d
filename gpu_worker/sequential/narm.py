"""NARM: a recurrent network's last state, and attention over all of its states.

References
----------
Li et al. (2017), Neural attentive session-based recommendation, CIKM,
https://arxiv.org/abs/1711.04725, equations 4 to 9. All places that are asked for their next
article are so in one pass, which equals the paper's training on each prefix by itself.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.dropout import Dropout
from gpu_worker.sequential.modules import NextArticleModule
from gpu_worker.sequential.recurrent import Recurrent

__all__ = ["Narm"]

_PLACES_AT_ONCE = 16
"""Places whose attention is held in memory, made anew for the gradient: all of a window of 400
would be a gigabyte a batch."""


class Narm(NextArticleModule):
    """c_t = [h_t ; sum over j <= t of q(h_t, h_j) h_j], and scores emb · B c_t, in its letters.

    q(h_t, h_j) = v · sigmoid(A_1 h_t + A_2 h_j), without a softmax over j, as there.
    """

    title = "NARM"

    def __init__(self, n_articles: int, config: NetworkConfig) -> None:
        super().__init__(n_articles, config)
        n = config.n_hidden
        self.recurrent = Recurrent(n)
        self.of_last = nn.Linear(n, n, bias=False)
        self.of_each = nn.Linear(n, n, bias=False)
        self.weigh = nn.Linear(n, 1, bias=False)
        self.decode = nn.Linear(2 * n, n, bias=False)
        self.drop_articles, self.drop_states = Dropout(config.dropout), Dropout(config.dropout)

    def states(self, known: torch.Tensor, n_last: int) -> torch.Tensor:
        """Return B c of the last T places, (B, T, D); the padding in front counts nothing."""
        decoded: torch.Tensor = self.decode(self.drop_states(self.attended(known, n_last)))
        return decoded

    def attended(self, known: torch.Tensor, n_last: int) -> torch.Tensor:
        """Return c of the last T places; known (B, L), (B, T, 2 D)."""
        length = known.shape[1]
        is_padding = known == self.n_articles  # (B, L)
        h = self.recurrent(self.drop_articles(self.inputs(known)), is_padding)  # (B, L, D)
        last, each = h[:, length - n_last :], self.of_each(h)  # (B, T, D), (B, L, D)
        some = [
            checkpoint(self._weights, one, each, use_reentrant=False)
            for one in self.of_last(last).split(_PLACES_AT_ONCE, dim=1)
        ]
        q = torch.cat(some, dim=1)  # (B, T, L): of the second place at the first
        is_earlier = torch.ones(length, length, dtype=torch.bool).tril()[-n_last:]  # (T, L)
        q = q.masked_fill(~(is_earlier & ~is_padding[:, None, :]), 0.0)
        return torch.cat([last, q @ h], dim=-1)

    def _weights(self, of_last: torch.Tensor, of_each: torch.Tensor) -> torch.Tensor:
        pairs = torch.sigmoid(of_last[:, :, None] + of_each[:, None])  # (B, some, L, D)
        weights: torch.Tensor = self.weigh(pairs).squeeze(-1)
        return weights
