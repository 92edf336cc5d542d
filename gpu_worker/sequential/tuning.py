"""The paper's recipe for its networks: a grid of settings, and what each gave on validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product, zip_longest
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from cherryrec.errors import ConfigError
from cherryrec.evaluation.recorded.files import LineFile, read_lines
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.ranker import Trained
from gpu_worker.sequential.registry import NETWORKS

__all__ = ["Grid", "Planned", "Trial", "TrialFile", "best_configs", "trial_of"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A network with settings that are to be tried."""

    network: str
    config: NetworkConfig


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What settings gave on validation.

    Parameters
    ----------
    data
        `LeaveLastOut.digest`.
    network, revision
        Its name, and the revision of what it computes.
    config
        Its settings.
    seed
        Of the run.
    ndcg
        The best nDCG@5 on validation.
    n_epochs, best_epoch, wall_s, ended_by
        As for `Trained`.
    """

    data: str
    network: str
    revision: int
    config: NetworkConfig
    seed: int
    ndcg: float
    n_epochs: int
    best_epoch: int
    wall_s: float
    ended_by: str

    @property
    def is_whole(self) -> bool:
        """Whether training came to its own end; what the clock cut may become better."""
        return self.ended_by != "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All settings that are tried with each network.

    Parameters
    ----------
    dropouts, weight_decays, max_lengths
        Each with each.
    learning_rate, patience
        Of all.

    Examples
    --------
    >>> len(Grid().planned({"narm": NetworkConfig(), "sasrec": NetworkConfig()}))
    80
    """

    dropouts: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5)
    weight_decays: Sequence[float] = (0.0, 1e-4, 1e-3, 1e-2)
    max_lengths: Sequence[int] = (400, 200)
    learning_rate: float = 1e-3
    patience: int = 20

    def planned(self, bases: Mapping[str, NetworkConfig], *, seed: int = 0) -> list[Planned]:
        """Return what is to be tried, the networks in turn, each one's settings in a drawn order.

        A grid that a budget cuts is then a search by chance for each network (Bergstra and Bengio,
        2012, Random search for hyper-parameter optimization, JMLR), not a corner of it.

        Parameters
        ----------
        bases
            By network: what the grid does not say.
        seed
            Of the order.
        """
        rng = np.random.default_rng(seed)
        columns = []
        for network, base in bases.items():
            of_network = [
                Planned(
                    network,
                    replace(
                        base,
                        dropout=dropout,
                        weight_decay=weight_decay,
                        max_length=max_length,
                        learning_rate=self.learning_rate,
                        patience=self.patience,
                    ),
                )
                for dropout, weight_decay, max_length in product(
                    self.dropouts, self.weight_decays, self.max_lengths
                )
            ]
            columns.append([of_network[place] for place in rng.permutation(len(of_network))])
        return [one for row in zip_longest(*columns) for one in row if one is not None]


def trial_of(planned: Planned, trained: Trained, *, data: str, seed: int) -> Trial:
    """Return the line of a training that ended."""
    return Trial(
        data=data,
        network=planned.network,
        revision=NETWORKS[planned.network].revision,
        config=planned.config,
        seed=seed,
        ndcg=trained.ndcg,
        n_epochs=trained.n_epochs,
        best_epoch=trained.best_epoch,
        wall_s=trained.wall_s,
        ended_by=trained.ended_by,
    )


def best_configs(trials: Sequence[Trial]) -> dict[str, NetworkConfig]:
    """Return by network the settings with the best validation; of equals the first tried."""
    return {
        network: max(of_network, key=lambda trial: trial.ndcg).config
        for network in NETWORKS
        if (of_network := [trial for trial in trials if trial.network == network])
    }


class TrialFile:
    """Trials as lines of JSON, each written as it ends; a context manager.

    A kill leaves whole lines and at most a part of one, which is cut off on entry.

    Parameters
    ----------
    path
        Made if it is not there.

    Raises
    ------
    ConfigError
        On entry: it cannot be written, another process writes it, or a line is no trial.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trials: list[Trial] = []
        self._file = LineFile(path)

    def __enter__(self) -> Self:
        """Open and lock, and read what is there."""
        self._file.__enter__()
        written = read_lines(self.path)
        self._file.repair(written)
        for number, line in enumerate(written.lines, start=1):
            try:
                self.trials.append(msgspec.json.decode(line, type=Trial))
            except msgspec.DecodeError as error:
                self._file.__exit__(None, None, None)
                msg = f"line {number} of {str(self.path)!r} must be a trial, got {error}: remove it"
                raise ConfigError(msg) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self._file.__exit__(kind, error, trace)

    def find(self, planned: Planned, *, data: str, seed: int) -> Trial | None:
        """Return the latest trial of the same settings, data and seed; None if there is none."""
        wanted = (data, planned.network, NETWORKS[planned.network].revision, planned.config, seed)
        for trial in reversed(self.trials):
            if (trial.data, trial.network, trial.revision, trial.config, trial.seed) == wanted:
                return trial
        return None

    def append(self, trial: Trial) -> None:
        """Keep a trial."""
        self._file.append(msgspec.json.encode(trial))
        self.trials.append(trial)
