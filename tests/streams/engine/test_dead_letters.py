from __future__ import annotations

import asyncio

import pytest
from faust.types.tuples import Message

from cherryrec import codec
from cherryrec.events import DeadLetter
from streams.engine import DeadLetters, RecordingSender

pytestmark = pytest.mark.asyncio


def refused(value: bytes | None) -> Message:
    return Message("clicks", 2, 17, 0.0, 0, None, b"user", value, b"")


async def test_letter_keeps_bytes_reason_and_place() -> None:
    sender = RecordingSender()
    dead_letters = DeadLetters(sender, topic="dead", clock=lambda: 1.7e9)

    await dead_letters.send(refused(b"\xff{"), "not UTF-8")

    ((topic, key, value, _),) = sender.sent
    letter = codec.decode(DeadLetter, value)
    assert (topic, key) == ("dead", b"user")
    assert (letter.reason, letter.value, letter.key) == ("not UTF-8", b"\xff{", b"user")
    assert (letter.source_topic, letter.source_partition, letter.source_offset) == (
        "clicks",
        2,
        17,
    )


async def test_null_value_can_be_refused() -> None:
    sender = RecordingSender()

    await DeadLetters(sender, topic="dead", clock=lambda: 1.7e9).send(refused(None), "empty")

    assert codec.decode(DeadLetter, sender.sent[0][2]).value is None


async def test_endless_key_is_cut() -> None:
    """One of 5 MB, which came compressed, once ended every worker that met it."""
    sender = RecordingSender()
    message = Message("clicks", 2, 17, 0.0, 0, None, b"k" * (5 << 20), b"x", b"")

    await DeadLetters(sender, topic="dead", clock=lambda: 1.7e9).send(message, "bad key")

    ((_, key, value, _),) = sender.sent
    assert key == b"k" * 1_024
    assert codec.decode(DeadLetter, value).key == key


async def test_send_returns_only_when_the_letter_is_acknowledged() -> None:
    sender = RecordingSender(holds=True)
    dead_letters = DeadLetters(sender, topic="dead", clock=lambda: 1.7e9)

    sending = asyncio.ensure_future(dead_letters.send(refused(b"x"), "bad"))
    await asyncio.sleep(0.01)
    waited = not sending.done()
    sender.acknowledge()
    await sending

    assert waited


async def test_failed_letter_is_an_error_so_that_its_source_is_not_acknowledged() -> None:
    sender = RecordingSender(holds=True)
    dead_letters = DeadLetters(sender, topic="dead", clock=lambda: 1.7e9)

    sending = asyncio.ensure_future(dead_letters.send(refused(b"x"), "bad"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sender.fail(ConnectionError("gone"))

    with pytest.raises(ConnectionError):
        await sending
