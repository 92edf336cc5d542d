"""`cherryrec backfill LOG`: a past log into a running system, before it goes live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cherryrec.cli.logs import opened, read_rows, with_log
from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ConfigError, LogError, ServiceError

if TYPE_CHECKING:
    from cherryrec.evaluation.logs import LogSource

__all__ = ["backfill"]


@click.command()
@with_log
@click.option("--limit", type=click.IntRange(1), help="Only the first N impressions.")
@click.option(
    "--window",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    help="Requests in flight: more is faster, and a slate knows less of those just before it.",
)
@click.option(
    "--shade",
    is_flag=True,
    help="Ask for nothing: send what was shown and clicked only, as a site does that runs "
    "CherryRec beside its own recommender.",
)
@click.option(
    "--into-live",
    is_flag=True,
    help="Go on although the topics hold events later than the log's first: they are late there.",
)
@with_settings
def backfill(
    settings: Settings,
    source: LogSource,
    anyway: bool,
    limit: int | None,
    window: int,
    shade: bool,
    into_live: bool,
) -> None:
    """Send LOG, which records slates and clicks, to the workers on the cluster of the settings.

    Profiles, counters, slate evidence and models come to know it as if it had been live, with its
    own event times; requests are answered at once, without CnLE. At the end all windows are closed
    and what was labelled and learned is compared with what was sent; exit 1 if anything is missing.
    """
    from cherryrec.cli.progress import progress_bar
    from cherryrec.cli.running import open_session
    from cherryrec.evaluation.logs import of_slates
    from cherryrec.evaluation.replay import LogMessages
    from cherryrec.events import instant
    from streams.admin_client import require_topic
    from streams.replay import Backfill

    require_topic(settings.kafka, "requests")
    read = of_slates(opened(source))
    articles = read.articles()
    rows, _ = read_rows(read, articles, limit, anyway=anyway)
    if not rows:
        msg = f"{str(source.path)!r} must hold impressions, none could be read"
        raise LogError(msg)
    messages = LogMessages(articles, deadline_ms=0, in_shade=shade)
    turns = [messages.turn(row) for row in rows]
    with open_session(settings.kafka) as session:
        run = Backfill(
            session,
            settings.kafka,
            window=window,
            attribution_window_s=settings.core.feedback.attribution_window_s,
        )
        first_s, newest_s = turns[0].time_s, run.newest_s()
        if newest_s > first_s and not into_live:
            msg = (
                f"the log begins at {instant(first_s).isoformat()}, and the topics under "
                f"{settings.kafka.prefix!r} hold events up to {instant(newest_s).isoformat()}: "
                "beside later events it would be late; backfill before going live, in the order "
                "of time, or say --into-live"
            )
            raise ConfigError(msg)
        with progress_bar("backfilling", len(turns)) as advance:
            done = run.run(turns, advance)
    for topic, n in done.sent.items():
        click.echo(f"{n:,} {topic} sent")
    click.echo(f"{done.answered:,} requests answered, {len(done.refused):,} rows refused")
    for impression_id, reason in list(done.refused.items())[:10]:
        click.echo(f"  {impression_id}: {reason}", err=True)
    click.echo(
        f"{len(done.clicked & done.labelled):,} of {len(done.clicked):,} clicked slates labelled, "
        f"{done.n_learned:,} of {len(done.examples):,} examples learned"
    )
    faults = done.faults()
    if faults:
        msg = f"the backfill is not whole: {'; '.join(faults)}"
        raise ServiceError(msg)
