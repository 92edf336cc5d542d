"""Message files: JSON Lines, plain or .gz or standard input, each line validated or refused.

A line is a message, or a tombstone where the topic has any: `{"key": …, "tombstone": …}`, its key
and what it means, as `tail` prints one. So a topic that is printed and sent again stays as it was.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from cherryrec.codec import decode
from cherryrec.errors import BadMessage, ConfigError
from cherryrec.events import Event
from cherryrec.events.base import Id
from cherryrec.topics import TOPICS, Topic

__all__ = ["Line", "count_lines", "read_lines", "tombstone_line"]

STDIN = Path("-")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its message, the key of its tombstone, or why it is neither."""

    number: int
    event: Event | None
    reason: str = ""
    tombstone: str | None = None


class _Tombstone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tombstone as a line: of which key, and what it means."""

    key: Id
    tombstone: str


_tombstones = msgspec.json.Decoder(_Tombstone)


def tombstone_line(key: str, topic: Topic) -> str:
    """Return a tombstone of a topic that has them as a line.

    Examples
    --------
    >>> from cherryrec.topics import topic_named
    >>> tombstone_line("B4", topic_named("articles"))
    '{"key":"B4","tombstone":"retracts the article"}'
    """
    assert topic.tombstone is not None, "the caller has seen that the topic has tombstones"
    return msgspec.json.encode(_Tombstone(key, topic.tombstone)).decode()


def read_lines(file: Path, topic: Topic) -> Iterator[Line]:
    """Yield every line of a file that is not blank, decoded as a message of the topic.

    Parameters
    ----------
    file
        JSON Lines, one message a line; packed if its name ends in .gz; `-` is standard input.
    topic
        Whose struct and length limit count.

    Raises
    ------
    ConfigError
        The file cannot be read to its end.
    """
    try:
        with _opened(file) as lines:
            # No line is held longer than the topic allows, plus the newline.
            limit = topic.max_message_bytes + 2
            number = 0
            while line := lines.readline(limit):
                number += 1
                if len(line) == limit and not line.endswith(b"\n"):
                    while (rest := lines.readline(_BLOCK)) and not rest.endswith(b"\n"):
                        pass
                if line.strip():
                    yield _decoded(number, line.rstrip(b"\r\n"), topic)
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{str(file)!r} must be a readable file of JSON Lines, plain or .gz: {error}"
        raise ConfigError(msg) from error


def count_lines(file: Path) -> int | None:
    """Return how many lines a plain file has; None for those that would have to be unpacked."""
    if file == STDIN or file.suffix == ".gz":
        return None
    try:
        with file.open("rb") as opened:
            blocks = iter(lambda: opened.read(_BLOCK), b"")
            return sum(block.count(b"\n") for block in blocks)
    except OSError:
        return None


def _opened(file: Path) -> AbstractContextManager[BinaryIO]:
    if file == STDIN:
        return nullcontext(sys.stdin.buffer)
    if file.suffix == ".gz":
        return cast("BinaryIO", gzip.open(file, "rb"))
    return file.open("rb")


def _decoded(number: int, line: bytes, topic: Topic) -> Line:
    key = _tombstone_key(line)
    if key is not None and topic.tombstone is not None:
        return Line(number, None, tombstone=key)
    if key is not None:
        have = ", ".join(one.name for one in TOPICS if one.tombstone is not None)
        msg = f"tombstones mean something on {have} only, not on {topic.name!r}"
        return Line(number, None, msg)
    try:
        event = decode(topic.message, line, max_bytes=topic.max_message_bytes)
    except BadMessage as error:
        return Line(number, None, str(error))
    return Line(number, event)


def _tombstone_key(line: bytes) -> str | None:
    """Return whose tombstone a line is; None for any other."""
    if b'"tombstone"' not in line:
        return None
    try:
        return _tombstones.decode(line).key
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
