"""GRU4Rec: the state of a recurrent network says what comes next.

References
----------
Hidasi et al. (2016), Session-based recommendations with recurrent neural networks, ICLR,
https://arxiv.org/abs/1511.06939. One layer of gated units over the sequence, as there. Otherwise
here: the loss is the softmax over all articles in place of a ranking loss over those of the batch;
an article goes in as the vector by which it is scored in place of a row of zeros and a one; and a
user's window is a row, where the paper puts sessions end to end.
"""

from __future__ import annotations

import torch
from torch import nn

from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.dropout import Dropout
from gpu_worker.sequential.modules import NextArticleModule
from gpu_worker.sequential.recurrent import Recurrent

__all__ = ["Gru4Rec"]


class Gru4Rec(NextArticleModule):
    """The state after each place, through one layer, is the vector of what comes next."""

    title = "GRU4Rec"

    def __init__(self, n_articles: int, config: NetworkConfig) -> None:
        super().__init__(n_articles, config)
        n = config.n_hidden
        self.recurrent = Recurrent(n)
        self.decode = nn.Linear(n, n)
        self.drop_articles, self.drop_states = Dropout(config.dropout), Dropout(config.dropout)

    def states(self, known: torch.Tensor, n_last: int) -> torch.Tensor:
        """Return the decoded states of the last T places; known (B, L), states (B, T, D)."""
        vectors = self.drop_articles(self.inputs(known))  # (B, L, D)
        h = self.recurrent(vectors, known == self.n_articles)  # (B, L, D)
        decoded: torch.Tensor = self.decode(self.drop_states(h[:, known.shape[1] - n_last :]))
        return decoded
