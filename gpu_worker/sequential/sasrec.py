"""SASRec: self-attention over what was read before, the next article at every place.

References
----------
Kang and McAuley (2018), Self-attentive sequential recommendation, ICDM,
https://arxiv.org/abs/1808.09781. In place of one drawn negative the loss is the softmax over all
articles, with which SASRec is as good as its successors: Klenitskiy and Vasilev (2023), Turning
dross into gold loss, RecSys, https://arxiv.org/abs/2309.07602. Each layer's input is normalised
whole, not only the part that asks.
"""

from __future__ import annotations

import torch
from torch import nn

from gpu_worker.sequential.blocks import Attention
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.modules import NextArticleModule

__all__ = ["SasRec"]


class SasRec(NextArticleModule):
    """Each place sees those before it and says what comes next, by the articles' own vectors."""

    title = "SASRec"

    def __init__(self, n_articles: int, config: NetworkConfig) -> None:
        super().__init__(n_articles, config)
        self.attention = Attention(
            config, is_causal=True, length=config.max_length, activation=nn.ReLU()
        )

    def states(self, known: torch.Tensor, n_last: int) -> torch.Tensor:
        """Return the states of the last T places; known (B, L), states (B, T, D)."""
        h: torch.Tensor = self.attention(self.inputs(known), known == self.n_articles)
        return h[:, known.shape[1] - n_last :]
