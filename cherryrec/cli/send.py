"""`cherryrec send FILE --topic T`: validated messages from a file to a topic."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from cherryrec.cli.lines import Line, count_lines, read_lines
from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.codec import encode
from cherryrec.errors import BadMessage, ConfigError
from cherryrec.events import FeedbackTick
from cherryrec.topics import TOPICS, Topic, topic_named

__all__ = ["as_record", "send", "writable_topic"]


@click.command()
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--topic", "name", required=True, metavar="T", help="Its name without the prefix.")
@click.option("--internal", is_flag=True, help="Allow topics that only CherryRec itself writes.")
@with_settings
def send(settings: Settings, file: Path, name: str, internal: bool) -> None:
    """Send the messages of FILE, JSON Lines, plain or .gz; `-` is standard input.

    Every line is validated and sent with its key; {"key": K, "tombstone": "…"}, as `tail` prints
    one, is a record of that key without a value. Lines that are no message of the topic, and those
    that Kafka does not take, are named on standard error, the others are sent all the same; exit 1
    if any was bad.
    """
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
            try:
                key, value = as_record(line, topic)
            except BadMessage as error:
                refusals.add(line.number, str(error))
                continue
            # An event-time tick goes to the partition it is about.
            partition = line.event.partition if isinstance(line.event, FeedbackTick) else None
            refused = partial(refusals.by_writer, line.number)
            writer.send(key, value, refused=refused, partition=partition)
        writer.flush()
    click.echo(f"{n_lines - refusals.n:,} messages sent to {settings.kafka.prefix}{name}")
    if refusals.n:
        msg = (
            f"{refusals.n:,} of {n_lines:,} messages of {str(file)!r} were not sent: "
            "correct the lines named above and send those alone"
        )
        raise BadMessage(msg)


def as_record(line: Line, topic: Topic) -> tuple[bytes | None, bytes | None]:
    """Return key and value of what a line says; no value is a tombstone.

    Raises
    ------
    BadMessage
        It is no message of the topic, or one that is too long with all its fields written out.
    """
    if line.tombstone is not None:
        return line.tombstone.encode(), None
    if line.event is None:
        raise BadMessage(line.reason)
    value = encode(line.event)
    if len(value) > topic.max_message_bytes:
        msg = f"value too long: wanted at most {topic.max_message_bytes} bytes, got {len(value)}"
        raise BadMessage(msg)
    return topic.key_of(line.event), value


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

    def by_writer(self, number: int, error: Exception) -> None:
        """Refuse a line that is too large for its topic, or that Kafka did not take."""
        own = isinstance(error, BadMessage)
        self.add(number, str(error) if own else f"Kafka did not take it: {error!r}")
