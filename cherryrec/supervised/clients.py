"""kafka-python's clients, made so that one which fails to connect leaves nothing open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kafka.net.compat import KafkaNetClient

__all__ = ["connected"]


def connected(kind: Callable[..., Any], **options: Any) -> Any:
    """Make a client, which connects as it is made.

    kafka-python starts a thread and opens sockets before it asks a broker, and closes neither when
    there is no answer: whoever tries again each second would have thousands within the hour.

    Parameters
    ----------
    kind
        `KafkaAdminClient`, `KafkaConsumer` or `KafkaProducer`.
    options
        Its settings.

    Raises
    ------
    KafkaError
        No broker answers, or a setting is refused; and what else `kind` raises.
    """
    opened: list[Any] = []

    def net_client(**settings: Any) -> Any:
        opened.append(KafkaNetClient(**settings))
        return opened[-1]

    try:
        return kind(kafka_client=net_client, **options)
    except BaseException:
        for one in opened:
            one.close()
        raise
