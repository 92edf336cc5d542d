"""`cherryrec log check LOG`: what a recorded log is, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.logs import opened, with_log

if TYPE_CHECKING:
    from cherryrec.evaluation.logs import AnyLog, LogSource
    from cherryrec.evaluation.logs.health import Event

__all__ = ["log"]

_PICTURE = "clicks-by-hour.png"


@click.group()
def log() -> None:
    """Look at recorded logs; docs/logs.md says which formats can be read."""


@log.command()
@with_log
@click.option("--limit", type=click.IntRange(1), help="Only the first N events.")
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the picture; default: reports/<log>-check.",
)
def check(source: LogSource, anyway: bool, limit: int | None, report: Path | None) -> None:
    """Read LOG to its end and report: rows, shares, first bad rows, and clicks by hour.

    Exit 1 if no healthy log looks so (every history empty, no article known, …), unless --anyway.
    """
    from cherryrec.cli.printing import DOUBT
    from cherryrec.cli.progress import progress_bar
    from cherryrec.evaluation.logs import Health
    from cherryrec.evaluation.logs.picture import plot_hours

    read = opened(source)
    health = Health(read.articles())
    with progress_bar(f"reading {read.name}", None) as read.progress:
        for event in _events(read, limit):
            health.add(event)
    click.echo(f"{health.n_events:,} events with {health.n_clicks:,} clicks, {health.span}")
    click.echo(f"articles described: {len(health.articles):,}")
    for line in health.lines(read):
        click.echo(line)
    for faults in read.faults:
        for line in faults.lines():
            click.echo(line, err=True)
    folder = report or Path("reports") / f"{read.name}-check"
    folder.mkdir(parents=True, exist_ok=True)
    plot_hours(health, read, folder / _PICTURE)
    click.echo(f"clicks by hour: {folder / _PICTURE}")
    if anyway:
        for doubt in health.doubts(read):
            click.echo(f"{DOUBT}{doubt}", err=True)
    else:
        health.require(read)


def _events(read: AnyLog, limit: int | None) -> Iterator[Event]:
    """Return a log's events, of whatever kind."""
    from cherryrec.evaluation.logs import ClickLog, ImpressionLog

    if isinstance(read, ImpressionLog):
        return read.impressions(limit)
    return read.clicks(limit) if isinstance(read, ClickLog) else read.displays(limit)
