"""The argument LOG of a command, how it is read, and what is said of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cherryrec.cli.parameters import LogFormat
from cherryrec.cli.progress import progress_bar

if TYPE_CHECKING:
    from cherryrec.evaluation.logs import AnyLog, Health, ImpressionLog, LogSource
    from cherryrec.evaluation.mind_rows import MindArticle, MindImpression

__all__ = ["LOG_PARAMETERS", "log_notes", "opened", "read_rows", "with_log"]

LOG_PARAMETERS = {"log", "log_format", "zone", "titles", "anyway"}
"""What says which log it is and how to read it."""


def with_log(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add LOG, --format, --zone, --titles and --anyway; hand the command `source` and `anyway`."""

    @functools.wraps(command)
    def wrapped(
        log: Path, log_format: str | None, zone: str, titles: Path | None, **rest: Any
    ) -> Any:
        from cherryrec.evaluation.logs import LogSource

        return command(source=LogSource(log, log_format, zone, titles), **rest)

    wrapped_: Callable[..., Any] = wrapped
    for option in (
        click.option(
            "--anyway",
            is_flag=True,
            help="Go on with a log that no healthy one looks like: every history empty, say.",
        ),
        click.option(
            "--titles",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A news.tsv of xMIND: titles and abstracts in another language, for MIND.",
        ),
        click.option(
            "--zone",
            default="UTC",
            show_default=True,
            help="What times without a zone are in, as America/New_York.",
        ),
        click.option(
            "--format",
            "log_format",
            type=LogFormat(),
            metavar="NAME",
            help="The format of LOG; it is recognised by its files unless said. "
            "docs/logs.md lists them.",
        ),
        click.argument("log", type=click.Path(exists=True, path_type=Path)),
    ):
        wrapped_ = option(wrapped_)
    return wrapped_


def opened(source: LogSource) -> AnyLog:
    """Return the reader of a log, and say what the log was taken for."""
    from cherryrec.evaluation.logs import ClickLog, DisplayLog

    log = source.open()
    kind = "slates"
    if isinstance(log, ClickLog):
        kind = "clicks alone"
    elif isinstance(log, DisplayLog):
        kind = "articles shown at random"
    click.echo(f"{source.path} is read as {log.title} ({kind}); its times are taken as {log.zone}")
    return log


def read_rows(
    log: ImpressionLog, articles: Mapping[str, MindArticle], limit: int | None, *, anyway: bool
) -> tuple[list[MindImpression], Health]:
    """Read a log's rows, and refuse one that no healthy log looks like unless `anyway`."""
    from cherryrec.evaluation.logs import Health

    health = Health(articles)
    with progress_bar(f"reading {log.name}", None) as log.progress:
        rows = list(health.watch(log.impressions(limit)))
    if not anyway:
        health.require(log)
    return rows, health


def log_notes(log: ImpressionLog, rows: Sequence[MindImpression], health: Health) -> list[str]:
    """Say of a log that was replayed when it is of, what is doubtful, and which rows were bad."""
    from cherryrec.cli.printing import DOUBT
    from cherryrec.evaluation.mind_doubts import doubts, span

    taken = f"read as {log.title}, times taken as {log.zone}"
    found = [f"{DOUBT}{doubt}" for doubt in doubts(rows, log.article_ids, log.n_repeated_ids)]
    found += [line for faults in log.faults for line in faults.lines()]
    return [span(rows), taken, *health.lines(log), *found]
