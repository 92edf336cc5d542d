"""The rankings of `cherryrec leave-last-out` by name: CherryRec, the simple ones, the learned."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from cherryrec.cli.language_rankings import LANGUAGE_NAMES, ranked_by_language
from cherryrec.cli.networks import NETWORKS, ranked_network
from cherryrec.cli.progress import progress_bar
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.leave_last_out import (
    SIMPLE,
    KeptRuns,
    LeaveLastOut,
    Ranked,
    SequenceRanker,
    Split,
    ranks_at_requests,
    ranks_of_targets,
    sampled_users,
)
from cherryrec.evaluation.leave_last_out.results import Served, Without
from cherryrec.evaluation.leave_last_out.served import ServedRanks, ServedSequences
from cherryrec.evaluation.replay import OURS
from cherryrec.pipeline import PipelineConfig

if TYPE_CHECKING:
    from gpu_worker.sequential import NetworkConfig

__all__ = ["NAMES", "OF_KNRS", "SAMPLE_SEED", "ranked_by"]

SAMPLE_SEED = 0
"""Of the drawing of users, where not all are asked for."""

OF_KNRS = f"{OURS}, order of KnRS"
"""The row of the same articles without VaNS."""

NAMES = ("cherryrec", "at-request", *SIMPLE, *NETWORKS, *LANGUAGE_NAMES)
"""What can be judged, in the order of the tables."""


def ranked_by(
    names: Sequence[str],
    data: LeaveLastOut,
    split: Split,
    *,
    settings: Settings,
    seeds: Sequence[int],
    budget_s: float | None = None,
    configs: Mapping[str, NetworkConfig] | None = None,
    kept: KeptRuns,
    ablate: Sequence[str] = (),
    n_users: int | None = None,
) -> tuple[list[Ranked], dict[str, str], NDArray[np.intp] | None]:
    """Fit and judge rankings in turn; return what they gave, and why others were not run.

    The third is of whom: users in the order of the ranks, None for all of them in their own order.

    Parameters
    ----------
    names
        Out of `NAMES`; none of them means all, the networks where torch is there, the language
        models where `n_users` is given too.
    data, split
        What is asked for.
    settings
        Of CherryRec.
    seeds
        Of what has chance in it.
    budget_s
        Seconds for the training of a network with one seed, and for a language model with one; None
        for no end but a network's patience.
    configs
        Settings of networks by name, the defaults for those it does not have.
    kept
        Runs of networks that were kept, and where to keep them; in the folder beside it is what
        language models computed.
    n_users
        Ask for that many users, drawn by chance; None for all.
    ablate
        Parts of CherryRec to leave out in turn (`leave_last_out.ablation.parts_of`).

    Raises
    ------
    click.UsageError
        A name is none of them, or a network or language model was named and what it needs is not
        there; before anything is run.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        msg = f"--rankings wanted some of {', '.join(NAMES)}, got {unknown[0]!r}"
        raise click.UsageError(msg)
    whys = {name: _why_not(name, names, data, n_users) for name in NAMES}
    left_out = {name: why for name, why in whys.items() if why is not None}
    ranked: list[Ranked] = []
    language: list[str] = []
    for name in NAMES:
        if name in left_out:
            continue
        if name == "cherryrec":
            ranked += _served(data, split, settings.core, seeds, ablate)
        elif name == "at-request":
            ranked += _at_requests(data, split)
        elif name in SIMPLE:
            ranked.append(_simple(SIMPLE[name](), data, split))
        elif name in LANGUAGE_NAMES:
            language.append(name)
        else:
            config = configs.get(name) if configs else None
            network = ranked_network(
                name, data, split, seeds=seeds, budget_s=budget_s, config=config, kept=kept
            )
            ranked.append(network)
    if n_users is None and not language:
        return ranked, left_out, None
    users = sampled_users(data, n_users, SAMPLE_SEED)
    by_language, unreached = ranked_by_language(
        language,
        data,
        split,
        users,
        also={one.name: one.twenty for one in ranked if one.twenty is not None},
        gpu=settings.gpu,
        seeds=seeds,
        folder=kept.folder.with_name("language-models"),
        budget_s=budget_s,
    )
    if by_language:
        users = users[: by_language[0].ranks.shape[1]]  # all that each of them reached
    return [*(one.among(users) for one in ranked), *by_language], left_out | unreached, users


def _why_not(
    name: str, names: Sequence[str], data: LeaveLastOut, n_users: int | None
) -> str | None:
    """Say why a ranking is left out; None for one that is run."""
    if names and name not in names:
        return "not named by --rankings"
    if name not in {*NETWORKS, *LANGUAGE_NAMES}:
        return None
    lacking = None
    if find_spec("torch") is None:
        lacking = "torch, which is not installed: pip install 'cherryrec[llm]'"
    elif name == "gpt4rec" and find_spec("bm25s") is None:
        lacking = "bm25s, which is not installed: pip install 'cherryrec[generative]'"
    elif name in LANGUAGE_NAMES and not data.has_titles:
        lacking = "titles, and the log has none"
    if lacking is not None and names:
        msg = f"{name} needs {lacking}"
        raise click.UsageError(msg)
    if lacking is not None:
        return f"needs {lacking}"
    if name in LANGUAGE_NAMES and not names and n_users is None:
        return "takes seconds a user without a GPU: name it, or give --users"
    return None


def _at_requests(data: LeaveLastOut, split: Split) -> list[Ranked]:
    """Judge the lists that know the time of the request, as CherryRec does."""
    started = time.perf_counter()
    with progress_bar("lists at the request", len(data.users)) as advance:
        found = ranks_at_requests(data, split, advance)
    wall_s = (time.perf_counter() - started) / len(found)
    note = "knows what CherryRec knows at the same request, of articles and clicks"
    return [
        Ranked(name, ranks[None], wall_s=wall_s, notes=(note,), is_whole=True)
        for name, ranks in found.items()
    ]


def _simple(ranker: SequenceRanker, data: LeaveLastOut, split: Split) -> Ranked:
    """Fit and judge a ranking without chance in it."""
    started = time.perf_counter()
    ranker.fit(data)
    with progress_bar(ranker.name, len(data.users)) as advance:
        ranks = ranks_of_targets(ranker, data, split, advance)
    wall_s = time.perf_counter() - started
    return Ranked(ranker.name, ranks[None], wall_s=wall_s, is_whole=True)


def _served(
    data: LeaveLastOut,
    split: Split,
    core: PipelineConfig,
    seeds: Sequence[int],
    ablate: Sequence[str],
) -> list[Ranked]:
    """Run CherryRec with each seed; rows for its order, for KnRS's alone, and from all it keeps.

    Seeds are those of VaNS. Where it has learned nothing, one is as good as all. Parts are left out
    with the first.
    """
    started = time.perf_counter()
    found: list[ServedRanks] = []
    for seed in seeds:
        seeded = replace(core, vans=replace(core.vans, seed=seed))
        with progress_bar(f"{OURS}, seed {seed}", None) as advance:
            system = ServedSequences(seeded, ablate=() if found else ablate)
            found.append(system.run(data, split, progress=advance))
        if not system.learner.vans.n_learned:
            break
    wall_s = time.perf_counter() - started
    kept = np.mean([(one.kept > 0).mean() for one in found])
    n_kept, n_live = (np.mean([getattr(one, of).mean() for one in found]) for of in _COUNTS)
    note = (
        "asked just before the click, knowing what had happened by then; of "
        f"{n_live:,.0f} live articles KnRS keeps {n_kept:,.0f}, which hold {100 * kept:.2f} % of "
        "the wanted"
    )
    own: tuple[str, ...] = (note,)
    if len(found) < len(seeds):
        own += ("VaNS learns nothing of clicks alone, so that other seeds would give the same",)
    first = found[0]
    served = Served(
        first.n_kept,
        first.kept > 0,
        tuple(Without(part, one.ranked, one.kept > 0) for part, one in first.without.items()),
    )
    return [
        Ranked(
            name,
            np.stack([getattr(one, of) for one in found]),
            wall_s=wall_s,
            notes=notes,
            served=served if name == OURS else None,
            twenty=found[0].twenty if of == "retrieved" else None,
        )
        for name, of, notes in (
            (OURS, "ranked", own),
            (OF_KNRS, "retrieved", ("the same twenty",)),
            (f"{OURS}, from all kept", "wide", ("the twenty with the best final scores",)),
        )
    ]


_COUNTS = ("n_kept", "n_live")
