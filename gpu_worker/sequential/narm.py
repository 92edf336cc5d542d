"""NARM: a recurrent network's last state, and attention over all of its states.

References
----------
Li et al. (2017), Neural attentive session-based recommendation, CIKM,
https://arxiv.org/abs/1711.04725, equations 4 to 9. Every place of a window is asked for its next
article in one pass, which equals the paper's training on each prefix by itself.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.ranker import SequenceModule

__all__ = ["Narm"]


class Narm(SequenceModule):
    """c_t = [h_t ; sum over j <= t of q(h_t, h_j) h_j], and scores emb · B c_t, in its letters.

    q(h_t, h_j) = v · sigmoid(A_1 h_t + A_2 h_j), without a softmax over j, as there.
    """

    title = "NARM"

    def __init__(self, n_articles: int, config: NetworkConfig) -> None:
        super().__init__()
        self.n_articles = n_articles
        n = config.n_hidden
        self.articles = nn.Embedding(n_articles + 1, n, padding_idx=n_articles)
        self.recurrent = nn.GRU(n, n, batch_first=True)
        self.of_last = nn.Linear(n, n, bias=False)
        self.of_each = nn.Linear(n, n, bias=False)
        self.weigh = nn.Linear(n, 1, bias=False)
        self.decode = nn.Linear(2 * n, n, bias=False)
        self.drop_articles = nn.Dropout(config.dropout)
        self.drop_states = nn.Dropout(config.dropout)
        nn.init.normal_(self.articles.weight, std=0.02)
        with torch.no_grad():
            self.articles.weight[n_articles].zero_()

    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of each next article; windows (B, L + 1)."""
        known, wanted = windows[:, :-1], windows[:, 1:]  # (B, L)
        counts = known != self.n_articles
        return functional.cross_entropy(self._scores(self._states(known)[counts]), wanted[counts])

    def scores(self, windows: torch.Tensor) -> torch.Tensor:
        """Return what comes after the last place; windows (B, L), scores (B, A)."""
        return self._scores(self._states(windows)[:, -1])

    def _states(self, known: torch.Tensor) -> torch.Tensor:
        """Return c at each place, (B, L, 2 D); the padding in front counts nothing."""
        is_known = known != self.n_articles  # (B, L)
        h, _ = self.recurrent(self.drop_articles(self.articles(known)))  # (B, L, D)
        pairs = torch.sigmoid(self.of_last(h)[:, :, None] + self.of_each(h)[:, None])
        q = self.weigh(pairs).squeeze(-1)  # (B, L, L): of the second place at the first
        length = known.shape[1]
        earlier = torch.ones(length, length, dtype=torch.bool).tril()
        q = q.masked_fill(~(earlier & is_known[:, None, :]), 0.0)
        states: torch.Tensor = self.drop_states(torch.cat([h, q @ h], dim=-1))
        return states

    def _scores(self, states: torch.Tensor) -> torch.Tensor:
        decoded: torch.Tensor = self.decode(states)  # (n, D)
        return decoded @ self.articles.weight[: self.n_articles].T
