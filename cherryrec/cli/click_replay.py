"""`cherryrec replay` of a log of clicks alone: protocol C, in this process."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from cherryrec.cli.progress import progress_bar
from cherryrec.cli.running import core_of, retrieval_judge, versions
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.logs import ClickLog, Health
from cherryrec.evaluation.replay import ClickReplay
from cherryrec.evaluation.retrieval import summarise
from cherryrec.evaluation.summary import ReplaySummary

__all__ = ["replay_clicks"]


def replay_clicks(
    log: ClickLog,
    settings: Settings,
    *,
    limit: int | None,
    label_delay_s: float,
    seed: int,
    networks: Sequence[str] = (),
    anyway: bool = False,
) -> ReplaySummary:
    """Replay a log of clicks and sum it up.

    Parameters
    ----------
    log
        Whatever its files look like.
    settings
        Of the system.
    limit
        Clicks at most; None for all.
    label_delay_s
        Event time until a click is known.
    seed
        For the models and intervals.
    networks
        Judged beside the baselines, out of `NETWORKS`; they need torch.
    anyway
        Whether a log that no healthy one looks like is replayed all the same.
    """
    health = Health(log.articles())
    with progress_bar(f"reading {log.name}", None) as log.progress:
        clicks = list(health.watch(log.clicks(limit)))
    if not anyway:
        health.require(log)
    core = core_of(settings, seed=seed, from_catalogue=True)
    judge = retrieval_judge(networks, seed)
    started = time.perf_counter()
    with progress_bar("replaying", len(clicks)) as advance:
        engine = ClickReplay(core, label_delay_s=label_delay_s)
        engine.run(clicks, judge, advance, articles=health.articles)
    wall_s = time.perf_counter() - started
    return ReplaySummary(
        protocol=f"C: from the whole catalogue, prequential, label delay {label_delay_s:g} s",
        log_name=log.name,
        engine="local",
        seed=seed,
        command=" ".join(["cherryrec", *sys.argv[1:]]),
        rows=(),
        counts={
            "clicks": len(clicks),
            "users": len({click.user_id for click in clicks}),
            "articles": len({click.article_id for click in clicks}),
            "bad rows": log.n_bad_rows,
        },
        wall_s=wall_s,
        impressions_per_s=len(clicks) / max(wall_s, 1e-9),
        versions=versions(),
        notes=(
            f"times of the clicks: {health.span}",
            f"read as {log.title}, times taken as {log.zone}",
            *health.lines(log),
            *(line for one in log.faults for line in one.lines()),
        ),
        retrieval=summarise(judge.record, seed=seed, has_shown=False),
    )
