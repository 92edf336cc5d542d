"""A client that fails to connect leaves neither thread nor socket."""

from __future__ import annotations

import gc
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from cherryrec.supervised import connected


def opened() -> tuple[set[str], int]:
    """Return kafka-python's threads, and how many files are open.

    Collected first: it leaves the socket of a refused connection to the collector.
    """
    gc.collect()
    names = {one.name for one in threading.enumerate() if one.name.startswith("kafka")}
    return names, len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_logged() -> Iterator[None]:
    """Log nothing: what is kept of a log holds the error, and that the socket."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("kind", [KafkaAdminClient, KafkaConsumer, KafkaProducer])
def test_client_that_reaches_nobody_leaves_nothing_open(kind: Callable[..., Any]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        port = held.getsockname()[1]
        before = opened()

        with pytest.raises(KafkaError):
            connected(kind, bootstrap_servers=f"127.0.0.1:{port}", bootstrap_timeout_ms=50)

        assert opened() == before


def test_client_with_a_wrong_setting_opens_nothing() -> None:
    before = opened()

    with pytest.raises(KafkaError, match="Unrecognized configs"):
        connected(KafkaConsumer, nobody_knows_this=1)

    assert opened() == before
