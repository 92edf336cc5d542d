"""What the networks share: the articles' vectors, and the loss of those that look back only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import nn

from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.losses import softmax_loss

__all__ = ["NextArticleModule", "SequenceModule"]


class SequenceModule(nn.Module, ABC):
    """What a network of protocol B is: built from the number of articles and the settings.

    B sequences, L = `max_length` places, D = `n_hidden`, A articles, whose codes are 0 to A - 1;
    A is the padding.

    An article goes in as its vector times the root of D, and is scored by the vector itself. In
    without the root, the vectors drown in what the layers add: on EB-NeRD's demo SASRec then needs
    tens of epochs for what it has after five.

    Parameters
    ----------
    n_articles
        A.
    config
        Sizes and dropout.
    n_more
        Codes after the padding that may stand in a row.
    """

    title: ClassVar[str]
    revision: ClassVar[int] = 1
    """Raised when what a network computes changes: runs kept of an earlier one are not used."""

    def __init__(self, n_articles: int, config: NetworkConfig, *, n_more: int = 0) -> None:
        super().__init__()
        self.n_articles = n_articles
        self.articles = nn.Embedding(
            n_articles + 1 + n_more, config.n_hidden, padding_idx=n_articles
        )
        nn.init.normal_(self.articles.weight, std=0.02)
        with torch.no_grad():
            self.articles.weight[n_articles].zero_()

    @property
    def targets(self) -> torch.Tensor:
        """The vectors by which articles are scored, (A, D)."""
        return self.articles.weight[: self.n_articles]

    def inputs(self, codes: torch.Tensor) -> torch.Tensor:
        """Return what goes in; codes (B, L), (B, L, D)."""
        vectors: torch.Tensor = self.articles(codes) * self.articles.embedding_dim**0.5
        return vectors

    @abstractmethod
    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the loss of some rows of training, one number; windows (B, L + 1)."""

    @abstractmethod
    def scores(self, windows: torch.Tensor) -> torch.Tensor:
        """Return one number for each article that may come next, (B, A); windows (B, L)."""


class NextArticleModule(SequenceModule):
    """A network that looks back only: each place of a row is asked for its next article at once.

    T places are asked, the last `n_targets` of a row.
    """

    def __init__(self, n_articles: int, config: NetworkConfig) -> None:
        super().__init__(n_articles, config)
        self.n_targets = config.n_targets

    @abstractmethod
    def states(self, known: torch.Tensor, n_last: int) -> torch.Tensor:
        """Return what is said of the article after each of the last T places, (B, T, D).

        Parameters
        ----------
        known
            Codes, (B, L).
        n_last
            T; at most L.
        """

    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the mean loss over the places that are asked; windows (B, L + 1)."""
        known, wanted = windows[:, :-1], windows[:, 1:]  # (B, L)
        length = known.shape[1]
        n_last = min(self.n_targets or length, length)
        is_asked = known[:, -n_last:] != self.n_articles  # (B, T)
        states = self.states(known, n_last)[is_asked]  # (n, D)
        return softmax_loss(states, self.targets, wanted[:, -n_last:][is_asked])

    def scores(self, windows: torch.Tensor) -> torch.Tensor:
        """Return what comes after the last place; windows (B, L), scores (B, A)."""
        return self.states(windows, 1)[:, 0] @ self.targets.T
