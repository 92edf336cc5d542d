"""`cherryrec replay` of a log of clicks alone: protocol C, in this process."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from cherryrec.cli.progress import progress_bar
from cherryrec.cli.running import core_of, retrieval_judge, versions
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.clicks import ClickLog, LoggedClick
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.replay import ClickReplay
from cherryrec.evaluation.retrieval import summarise
from cherryrec.evaluation.summary import ReplaySummary
from cherryrec.events import instant

__all__ = ["replay_clicks"]


def replay_clicks(
    log: ClickLog,
    settings: Settings,
    *,
    limit: int | None,
    label_delay_s: float,
    seed: int,
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
    """
    clicks = list(log.clicks(limit))
    core = core_of(settings, seed=seed, from_catalogue=True)
    judge = retrieval_judge()
    started = time.perf_counter()
    with progress_bar("replaying", len(clicks)) as advance:
        ClickReplay(core, label_delay_s=label_delay_s).run(clicks, judge, advance)
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
            "bad rows": sum(faults.n_bad for faults in log.faults),
        },
        wall_s=wall_s,
        impressions_per_s=len(clicks) / max(wall_s, 1e-9),
        versions=versions(),
        notes=(
            _span(clicks, log.zone),
            _rows(log.faults),
            *(line for one in log.faults for line in one.lines()),
        ),
        retrieval=summarise(judge.record, seed=seed, has_shown=False),
    )


def _span(clicks: Sequence[LoggedClick], zone: str) -> str:
    """Say from when to when the clicks are."""
    first, last = (
        instant(click.clicked_at).replace(tzinfo=None, microsecond=0)
        for click in (clicks[0], clicks[-1])
    )
    return f"times of the clicks: {first} to {last} ({zone})"


def _rows(faults: Sequence[FileFaults]) -> str:
    """Say how many rows the files have, and how many of them count."""
    n_rows, n_bad = sum(one.n_rows for one in faults), sum(one.n_bad for one in faults)
    return f"rows read: {n_rows:,}, refused: {n_bad:,}"
