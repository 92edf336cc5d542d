"""The networks of protocol B, trained with each seed or kept, and judged; and those of C."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from cherryrec.cli.progress import progress_bar
from cherryrec.evaluation.leave_last_out import (
    KeptRuns,
    LeaveLastOut,
    Ranked,
    Run,
    RunKey,
    Split,
    ranks_of_targets,
)

if TYPE_CHECKING:
    from gpu_worker.sequential import NetworkConfig, NetworkRanker, PrequentialNetwork

__all__ = ["NETWORKS", "prequential_networks", "ranked_network", "trained_network"]

NETWORKS = ("gru4rec", "narm", "sasrec", "bert4rec")
"""Their names, those of `gpu_worker.sequential`, which needs torch."""


def ranked_network(
    name: str,
    data: LeaveLastOut,
    split: Split,
    *,
    seeds: Sequence[int],
    budget_s: float | None = None,
    config: NetworkConfig | None = None,
    kept: KeptRuns | None = None,
) -> Ranked:
    """Train a network with each seed, and judge it.

    Parameters
    ----------
    name
        Out of `NETWORKS`.
    data, split
        What is asked for.
    seeds
        A run each.
    budget_s
        Seconds for the training of each run; None for no end but its patience.
    config
        None for the defaults.
    kept
        Where runs are kept as they end, and taken from; None keeps none.
    """
    from gpu_worker.sequential import NETWORKS, NetworkConfig

    module, config = NETWORKS[name], config or NetworkConfig()
    runs = []
    for seed in seeds:
        key = RunKey(
            data=data.digest,
            ranking=name,
            revision=module.revision,
            settings=asdict(config),
            seed=seed,
            split=split,
            budget_s=budget_s,
        )
        run = kept.find(key) if kept is not None else None
        if run is None:
            started = time.perf_counter()
            ranker = trained_network(name, data, config, seed=seed, budget_s=budget_s)
            run = Run(
                key=key,
                ranks=ranks_of_targets(ranker, data, split).tolist(),
                note=str(ranker.trained),
                wall_s=time.perf_counter() - started,
            )
            if kept is not None:
                kept.keep(run)
        runs.append(run)
    return Ranked(
        module.title,
        np.stack([run.rank_array for run in runs]),
        wall_s=sum(run.wall_s for run in runs),
        notes=tuple(f"seed {run.key.seed}: {run.note}" for run in runs),
        is_whole=True,
    )


def trained_network(
    name: str,
    data: LeaveLastOut,
    config: NetworkConfig,
    *,
    seed: int,
    budget_s: float | None = None,
) -> NetworkRanker:
    """Train a network with one seed, with a bar of its epochs."""
    from gpu_worker.sequential import NETWORKS, NetworkRanker

    title = NETWORKS[name].title
    best = 0.0

    def described() -> str:
        return f"seed {seed}, best validation nDCG@5 {100 * best:.2f}"

    with progress_bar(f"{title}: epochs", None, described) as advance:

        def on_epoch(_: int, ndcg: float) -> None:
            nonlocal best
            best = max(best, ndcg)
            advance(1)

        ranker = NetworkRanker(
            NETWORKS[name],
            name=title,
            config=config,
            seed=seed,
            budget_s=budget_s,
            on_epoch=on_epoch,
        )
        ranker.fit(data)
    return ranker


def prequential_networks(names: Sequence[str], *, seed: int) -> list[PrequentialNetwork]:
    """Return networks as baselines of protocol C, having learned nothing; names of `NETWORKS`."""
    from gpu_worker.sequential import NETWORKS, PrequentialNetwork

    return [PrequentialNetwork(NETWORKS[n], title=NETWORKS[n].title, seed=seed) for n in names]
