"""`cherryrec shadow`: how CherryRec would rank the slates that a site shows by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings

if TYPE_CHECKING:
    from cherryrec.evaluation.shadow import ShadowHour, ShadowRecord

__all__ = ["shadow"]

_SILENCE_S = 2.0


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what comes, a line for every hour.")
@click.option("--hours", type=click.IntRange(1), metavar="N", help="Show the last N hours only.")
@with_settings
def shadow(settings: Settings, follow: bool, hours: int | None) -> None:
    """Compare our ranking of the site's own slates with the order in which the site showed them.

    Read are the labelled slates that Kafka holds, a week of them. Each was ranked by the models of
    its moment, before it was clicked (protocol A, prequential), and of a share of them KnRS chose
    from the whole catalogue (protocol C): see `feedback.recall_share`.
    """
    from cherryrec.codec import decode
    from cherryrec.errors import BadMessage
    from cherryrec.evaluation.shadow import ShadowRecord
    from cherryrec.events import SlateLabelled
    from cherryrec.topics import topic_named
    from streams.records import TopicReader

    limit = topic_named("labelled-slates").max_message_bytes
    record = ShadowRecord()

    def take(value: bytes | None) -> None:
        try:
            record.add(decode(SlateLabelled, value, max_bytes=limit))
        except BadMessage as error:
            click.echo(f"a labelled slate cannot be read: {error}", err=True)

    with TopicReader(settings.kafka, "labelled-slates") as reader:
        for one in reader.follow(from_start=True, silence_s=_SILENCE_S):
            take(one.value)
        for line in lines(record, hours):
            click.echo(line)
        if not follow:
            return
        n_shown = len(record.hours())
        try:
            for one in reader.follow(from_start=False, silence_s=None):
                take(one.value)
                known = record.hours()
                if len(known) > n_shown > 0:
                    click.echo(_line(known[-2]))
                n_shown = len(known)
        except KeyboardInterrupt:
            return


def lines(record: ShadowRecord, n_hours: int | None = None) -> list[str]:
    """Return the table: an hour a line, then all together, then what is not in it."""
    from cherryrec.evaluation.metrics import METRICS

    known = record.hours()
    names = "  ".join(f"{name:>14}" for name in METRICS)
    shown = [f"{'hour (UTC)':16}  {'slates':>6}  {names}  clicked, kept, in the first 20"]
    shown += [_line(hour) for hour in known[-n_hours if n_hours else None :]]
    if known:
        shown.append(_line(record.whole(), title="all"))
    shown.append(
        f"each: ours / the site's order, times 100; {record.n_other:,} labelled slates are not in "
        "it: of requests of ours, corrected, or all clicked"
    )
    return shown


def _line(hour: ShadowHour, title: str | None = None) -> str:
    from cherryrec.events import instant

    pairs = zip(hour.means("ours"), hour.means("site"), strict=True)
    values = "  ".join(f"{_percent(ours):>6} / {_percent(site):>5}" for ours, site in pairs)
    title = title or f"{instant(hour.start_s):%Y-%m-%d %H:%M}"
    n = hour.n_clicked
    kept = f"{n:,}: {_percent(hour.n_kept / n)} %, {_percent(hour.n_first / n)} %" if n else "none"
    return f"{title:16}  {hour.n:6,}  {values}  {kept}"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.2f}"
