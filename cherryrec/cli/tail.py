"""`cherryrec tail TOPIC`: the messages of a topic, one JSON line each."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import click

from cherryrec.cli.lines import tombstone_line
from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ConfigError
from cherryrec.events import DeadLetter
from cherryrec.topics import Topic, topic_named

if TYPE_CHECKING:
    from streams.records import Record

__all__ = ["as_line", "tail"]


@click.command()
@click.argument("topic")
@click.option("--user", metavar="U", help="Only the messages of this user.")
@click.option("--from-start", is_flag=True, help="Begin with what the topic holds already.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="End after N messages.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.0),
    metavar="S",
    help="End when nothing has come for S seconds; default: go on until Ctrl-C.",
)
@with_settings
def tail(
    settings: Settings,
    topic: str,
    user: str | None,
    from_start: bool,
    limit: int | None,
    timeout: float | None,
) -> None:
    """Print the messages of TOPIC (its name without the prefix) as they come.

    A line is a message as `send` takes it, or a tombstone, with its key and meaning, which `send`
    takes too; the bytes of a dead letter are printed as text. What cannot be decoded is named on
    standard error.
    """
    from streams.records import TopicReader

    wanted = topic_named(topic)
    key = None if user is None else _key_of(wanted, user)
    with TopicReader(settings.kafka, topic) as reader:
        records = reader.follow(from_start=from_start, silence_s=timeout)
        shown = (one for one in records if key is None or one.key == key)
        try:
            for record in itertools.islice(shown, limit):
                _print(wanted, record)
        except KeyboardInterrupt:
            return


def as_line(topic: Topic, record: Record) -> str:
    """Return a record as one line of JSON.

    Raises
    ------
    BadMessage
        It is no message of the topic.
    """
    import msgspec

    if record.value is None and topic.tombstone is not None:
        return tombstone_line(_tombstone_key(record.key, topic.tombstone), topic)
    event = decode(topic.message, record.value, max_bytes=topic.max_message_bytes)
    if isinstance(event, DeadLetter):
        shown = msgspec.to_builtins(event, builtin_types=(bytes,))
        shown |= {"key": _readable(event.key), "value": _readable(event.value)}
        return msgspec.json.encode(shown).decode()
    return encode(event).decode()


def _print(topic: Topic, record: Record) -> None:
    try:
        click.echo(as_line(topic, record))
    except BadMessage as error:
        place = f"partition {record.partition}, offset {record.offset}"
        click.echo(f"{place}: {error}", err=True)


def _key_of(topic: Topic, user: str) -> bytes:
    """Return the key that a user's messages have."""
    if topic.key != "user_id" and topic.message is not DeadLetter:
        msg = f"--user needs a topic keyed by user_id, {topic.name!r} is keyed by {topic.key}"
        raise ConfigError(msg)
    return user.encode()


def _tombstone_key(raw: bytes | None, meaning: str) -> str:
    """Return the key of a tombstone, which says what it is about."""
    try:
        return (raw or b"").decode()
    except UnicodeDecodeError as error:
        msg = f"the key of a record that {meaning} must be UTF-8: {error}"
        raise BadMessage(msg) from error


def _readable(raw: bytes | None) -> str | None:
    """Return bytes as text, what is not UTF-8 escaped."""
    return None if raw is None else raw.decode(errors="backslashreplace")
