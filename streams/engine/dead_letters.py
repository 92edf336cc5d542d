"""Refused messages: written down with reason and place before their source is acknowledged."""

from __future__ import annotations

from collections.abc import Callable

from faust.types.tuples import Message

from cherryrec import codec
from cherryrec.events import DeadLetter
from streams.engine.producer import Sender

__all__ = ["DeadLetters"]


class DeadLetters:
    """Writes refused messages to the dead-letter topic.

    Parameters
    ----------
    sender
        Where to send.
    topic
        Full name of the dead-letter topic.
    clock
        Wall-clock time in epoch seconds.
    encode
        Turns the letter into bytes.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        topic: str,
        clock: Callable[[], float],
        encode: Callable[[DeadLetter], bytes] = codec.encode,
    ) -> None:
        self._sender = sender
        self._topic = topic
        self._clock = clock
        self._encode = encode

    async def send(self, message: Message, reason: str) -> None:
        """Write one message down and wait until the brokers have it.

        Parameters
        ----------
        message
            The refused message, as it came.
        reason
            What was wrong, for its sender.
        """
        letter = codec.dead_letter(
            reason,
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            key=message.key,
            value=message.value,
            received_s=self._clock(),
        )
        # The letter's key is cut: a compressed batch can bring one that no broker takes plain.
        delivery = await self._sender.send(self._topic, key=letter.key, value=self._encode(letter))
        await delivery
