"""`cherryrec send FILE --topic T`: validated messages from a file to a topic."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.codec import encode
from cherryrec.errors import BadMessage, ConfigError
from cherryrec.events import FeedbackTick
from cherryrec.topics import TOPICS, Topic, topic_named

__all__ = ["send"]


@click.command()
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--topic", "name", required=True, metavar="T", help="Its name without the prefix.")
@click.option("--internal", is_flag=True, help="Allow topics that only CherryRec itself writes.")
@with_settings
def send(settings: Settings, file: Path, name: str, internal: bool) -> None:
    """Send the messages of FILE, JSON Lines, plain or .gz; `-` is standard input.

    Every line is validated and sent with its key. Lines that are no message of the topic are named
    on standard error, the others are sent all the same; exit 1 if any was bad.
    """
    from cherryrec.cli.lines import count_lines, read_lines
    from cherryrec.cli.progress import progress_bar
    from streams.records import TopicWriter

    topic = writable_topic(name, internal=internal)
    n_lines, refusals = 0, _Refusals()
    with (
        TopicWriter(settings.kafka, name) as writer,
        progress_bar("sending", count_lines(file)) as advance,
    ):
        for line in read_lines(file, topic):
            n_lines += 1
            advance(1)
            if line.event is None:
                refusals.add(line.number, line.reason)
                continue
            # An event-time tick goes to the partition it is about.
            partition = line.event.partition if isinstance(line.event, FeedbackTick) else None
            writer.send(
                topic.key_of(line.event),
                encode(line.event),
                refused=partial(refusals.by_kafka, line.number),
                partition=partition,
            )
        writer.flush()
    click.echo(f"{n_lines - refusals.n:,} messages sent to {settings.kafka.prefix}{name}")
    if refusals.n:
        msg = (
            f"{refusals.n:,} of {n_lines:,} messages of {str(file)!r} were not sent: "
            "correct the lines named above and send those alone"
        )
        raise BadMessage(msg)


def writable_topic(name: str, *, internal: bool) -> Topic:
    """Return the topic to send to; refuse what only CherryRec itself writes, unless asked."""
    topic = topic_named(name)
    if not topic.is_input and not internal:
        inputs = ", ".join(one.name for one in TOPICS if one.is_input)
        msg = (
            f"--topic must be one that sites write ({inputs}), got {name!r}: "
            "--internal allows the others"
        )
        raise ConfigError(msg)
    return topic


class _Refusals:
    """Says each refused line on standard error and counts them."""

    def __init__(self) -> None:
        self.n = 0

    def add(self, number: int, reason: str) -> None:
        """Refuse a line."""
        self.n += 1
        click.echo(f"line {number}: {reason}", err=True)

    def by_kafka(self, number: int, error: Exception) -> None:
        """Refuse a line that Kafka did not take."""
        self.add(number, f"Kafka did not take it: {error}")
