"""SASRec: self-attention over what was read before, the next article at every place.

References
----------
Kang and McAuley (2018), Self-attentive sequential recommendation, ICDM,
https://arxiv.org/abs/1808.09781. In place of one drawn negative the loss is the softmax over all
articles, with which SASRec is as good as its successors: Klenitskiy and Vasilev (2023), Turning
dross into gold loss, RecSys, https://arxiv.org/abs/2309.07602.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from gpu_worker.sequential.blocks import Attention
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.ranker import SequenceModule

__all__ = ["SasRec"]


class SasRec(SequenceModule):
    """Each place sees those before it and says what comes next, by the articles' own vectors."""

    title = "SASRec"

    def __init__(self, n_articles: int, config: NetworkConfig) -> None:
        super().__init__()
        self.n_articles = n_articles
        self.attention = Attention(
            n_articles + 1,
            padding=n_articles,
            config=config,
            is_causal=True,
            length=config.max_length,
        )

    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of each next article; windows (B, L + 1)."""
        known, wanted = windows[:, :-1], windows[:, 1:]  # (B, L)
        counts = known != self.n_articles
        states = self.attention(known)[counts]  # (n, D)
        return functional.cross_entropy(self._scores(states), wanted[counts])

    def scores(self, windows: torch.Tensor) -> torch.Tensor:
        """Return what comes after the last place; windows (B, L), scores (B, A)."""
        return self._scores(self.attention(windows)[:, -1])

    def _scores(self, states: torch.Tensor) -> torch.Tensor:
        return states @ self.attention.articles.weight[: self.n_articles].T
