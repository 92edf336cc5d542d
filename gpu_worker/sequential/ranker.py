"""A network as a ranking of protocol B: trained until validation gets no better, then asked."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out import LeaveLastOut, ranks_of_targets, values_of_ranks
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.growing import optimiser_of
from gpu_worker.sequential.modules import SequenceModule
from gpu_worker.sequential.windows import batches_of, trimmed, windows_of

__all__ = ["NetworkRanker", "Trained"]

_NDCG = 1  # the column of `values_of_ranks`


@dataclass(frozen=True, slots=True)
class Trained:
    """How training went.

    Parameters
    ----------
    n_epochs, best_epoch
        How many there were, and whose network was kept; the first is 1.
    ndcg
        The best nDCG@5 on validation.
    wall_s
        Seconds of training and validation.
    ended_by
        `patience`, `epochs`, or `time`: what was cut may have become better.
    """

    n_epochs: int
    best_epoch: int
    ndcg: float
    wall_s: float
    ended_by: str

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.n_epochs} epochs, best {self.best_epoch} by validation nDCG@5 "
            f"{100 * self.ndcg:.2f}, {self.wall_s:.0f} s, ended by {self.ended_by}"
        )


class NetworkRanker:
    """Trains a module on each user's last training window, and ranks by it.

    Parameters
    ----------
    make
        The module, from the number of articles and the settings.
    config
        Sizes and training.
    seed
        Of weights, order, dropout and masks.
    budget_s
        Seconds after which training ends with the best network so far; None for no end but that
        of `config`.
    on_epoch
        Called after each epoch with its number and the nDCG@5 on validation.
    """

    def __init__(
        self,
        make: Callable[[int, NetworkConfig], SequenceModule],
        *,
        name: str,
        config: NetworkConfig | None = None,
        seed: int = 0,
        budget_s: float | None = None,
        on_epoch: Callable[[int, float], None] | None = None,
    ) -> None:
        self.make, self.name = make, name
        self.config = config or NetworkConfig()
        self.seed = seed
        self.budget_s = budget_s
        self.on_epoch = on_epoch
        self.trained: Trained | None = None
        self._module: SequenceModule | None = None
        self._n_articles = 0

    def fit(self, data: LeaveLastOut) -> None:
        """Train; the validation articles decide when to stop, and teach nothing."""
        self._n_articles = len(data.articles)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self._module = self.make(self._n_articles, self.config)
            self._train(self._module, data)

    def score(self, sequences: Sequence[NDArray[np.int32]]) -> NDArray[np.float64]:
        """Return what comes next after each, (B, A)."""
        module = self._module
        assert module is not None, "a ranker is fitted first"
        module.eval()
        windows = torch.from_numpy(
            windows_of(sequences, self.config.max_length, padding=self._n_articles)
        )
        with torch.no_grad():
            scores = module.scores(trimmed(windows, padding=self._n_articles))  # (B, A)
        return scores.numpy().astype(np.float64)

    def _train(self, module: SequenceModule, data: LeaveLastOut) -> None:
        config = self.config
        read = [data.training(user) for user in range(len(data.users))]
        read = [one for one in read if len(one) > 1]
        windows = torch.from_numpy(
            windows_of(read, config.max_length + 1, padding=self._n_articles)
        )  # (n, L + 1)
        optimiser = optimiser_of(module, config)
        started = time.monotonic()
        best, best_epoch, kept = -1.0, 0, copy.deepcopy(module.state_dict())
        ended_by, epoch = "epochs", 0
        while epoch < config.max_epochs:
            epoch += 1
            self._epoch(module, optimiser, windows)
            ranks = ranks_of_targets(self, data, "validation")
            ndcg = float(values_of_ranks(ranks)[:, _NDCG].mean())
            if self.on_epoch is not None:
                self.on_epoch(epoch, ndcg)
            if ndcg > best:
                best, best_epoch, kept = ndcg, epoch, copy.deepcopy(module.state_dict())
            if epoch - best_epoch >= config.patience:
                ended_by = "patience"
                break
            if self.budget_s is not None and time.monotonic() - started > self.budget_s:
                ended_by = "time"
                break
        module.load_state_dict(kept)
        self.trained = Trained(epoch, best_epoch, best, time.monotonic() - started, ended_by)

    def _epoch(
        self, module: SequenceModule, optimiser: torch.optim.Optimizer, windows: torch.Tensor
    ) -> None:
        """Take a step for each batch, in a new order."""
        module.train()
        lengths = (windows != self._n_articles).sum(dim=1)  # (n,)
        for rows in batches_of(lengths, self.config.batch_size):
            optimiser.zero_grad()
            loss = module.loss(trimmed(windows[rows], padding=self._n_articles))
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
