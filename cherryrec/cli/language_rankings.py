"""GPT4Rec, TALLRec and P5 for `cherryrec leave-last-out`: whom they rank, and what."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cherryrec.cli.progress import progress_bar
from cherryrec.evaluation.intervals import LEAST
from cherryrec.evaluation.leave_last_out import LeaveLastOut, Ranked, Split, retrieved_by
from cherryrec.evaluation.leave_last_out.markov import Markov
from gpu_worker.config import GpuConfig

__all__ = ["LANGUAGE_NAMES", "ranked_by_language"]

LANGUAGE_NAMES = ("gpt4rec", "tallrec", "p5")
"""Rankings by a language model, in the order of the tables."""

_MARKOV = "Markov"


def ranked_by_language(
    names: Sequence[str],
    data: LeaveLastOut,
    split: Split,
    users: NDArray[np.intp],
    *,
    also: Mapping[str, NDArray[np.int32]],
    gpu: GpuConfig,
    seeds: Sequence[int],
    folder: Path,
    budget_s: float | None = None,
) -> tuple[list[Ranked], dict[str, str]]:
    """Ask language models for users; return their ranks for the first of them that all reached.

    One that its time ended before it had reached `LEAST` users would leave no table to the others:
    it is left out, and the second of what is returned says so by its name.

    TALLRec and P5 rank the twenty of the Markov chain: of what is fitted on training alone and
    needs no network, it retrieves the most. Where CherryRec was run they rank its twenty too.

    Parameters
    ----------
    names
        Out of `LANGUAGE_NAMES`.
    data, split, users
        What is asked for, and for whom, in an order that says nothing.
    also
        Further lists to rank, by the name of what retrieved them: of all users, (U, 20).
    gpu
        The model.
    seeds
        Of the tuning.
    folder
        Where what was computed is kept, for the next run to go on.
    budget_s
        Seconds for each of them with each seed.

    Raises
    ------
    ConfigError, ModelError, LogError
        As `gpu_worker.generative.judge`.
    """
    from gpu_worker.generative import LANGUAGE_MODELS, Judged, LanguageConfig, judge

    chain = Markov()
    chain.fit(data)
    lists = {_MARKOV: retrieved_by(chain, data, split, users.tolist())}
    lists |= {name: rows[users] for name, rows in also.items()}
    ranked: list[Ranked] = []
    left_out: dict[str, str] = {}
    for name in names:
        method = LANGUAGE_MODELS[name]
        started = time.perf_counter()
        found: list[Judged] = [
            judge(
                method,
                data,
                split,
                users.tolist(),
                lists,
                gpu=gpu,
                config=LanguageConfig(),
                seed=seed,
                folder=folder,
                bar=progress_bar,
                budget_s=budget_s,
            )
            for seed in seeds
        ]
        wall_s = time.perf_counter() - started
        n = min(len(ranks) for one in found for ranks in one.ranks.values())
        if n < min(LEAST, len(users)):
            left_out[name] = (
                f"ended by time after {n} of {len(users):,} users: called again it goes on, and "
                "--budget-minutes gives it more"
            )
            continue
        for of in found[0].ranks:
            ranked.append(
                Ranked(
                    f"{method.title}, twenty of {of}" if of else method.title,
                    np.stack([one.ranks[of][:n] for one in found]),
                    wall_s=wall_s / len(found[0].ranks),
                    notes=tuple(
                        f"seed {seed}: {', '.join(one.notes)}, asked for {one.n_asked:,} users"
                        for seed, one in zip(seeds, found, strict=True)
                    ),
                )
            )
    least = min((one.ranks.shape[1] for one in ranked), default=len(users))
    return [one.among(np.arange(least)) for one in ranked], left_out
