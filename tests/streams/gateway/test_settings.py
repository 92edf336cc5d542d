"""What the gateway is set to: who may call, and what is refused before it listens."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord

from cherryrec.codec import encode
from cherryrec.errors import ConfigError, ServiceError
from cherryrec.events import RecommendationRequest, instant
from streams.config import KafkaConfig
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway
from streams.gateway.serving import run_gateway
from streams.gateway.slates import NewestSlates
from tests.streams.gateway.conftest import slate_of
from tests.streams.gateway.memory_kafka import MemoryKafka, record

KEY = "k" * 16


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": "0.0.0.0"}, "host must be a loopback address without keys, got '0.0.0.0'"),
        ({"host": "example.org"}, "host must be a loopback address without keys"),
        (
            {"read_keys": ("short",)},
            "read_keys must have 16 characters each at least, got one of 5",
        ),
        ({"admin_keys": ("ä" * 16,)}, "admin_keys must be printable ASCII"),
        ({"max_batch": 0}, "max_batch must be above 0, got 0"),
        ({"rate_per_s": -1.0}, "rate_per_s must be at least 0, got -1.0"),
        ({"parts": ("http://a:1",)}, "parts must be NAME=http://HOST:PORT each"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match="must") as refused:
        GatewayConfig(**changes)

    assert said in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_without_keys_it_listens_on_loopback(host: str) -> None:
    assert GatewayConfig(host=host).is_loopback
    assert GatewayConfig(host="0.0.0.0", read_keys=(KEY,)).has_keys


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = Gateway(KafkaConfig(), GatewayConfig(port=port), transport=MemoryKafka)

        with pytest.raises(ServiceError, match=f"must listen on 127.0.0.1:{port}"):
            run_gateway(gateway)


def slate_record(user_id: str, n_articles: int, offset: int) -> ConsumerRecord:
    asked = RecommendationRequest(request_id="r", user_id=user_id, requested_at=instant(0.0))
    value = encode(slate_of(asked, *(f"a{number}" for number in range(n_articles))))
    return record("recommendations", user_id.encode(), value, offset=offset)


def test_slates_are_forgotten_by_use_within_their_bounds() -> None:
    one = len(slate_record("u1", 1, 0).value)
    slates = NewestSlates(max_users=2, max_bytes=10 * one)

    for number, user in enumerate(("u1", "u2")):
        slates.take(slate_record(user, 1, number))
    assert slates.of("u1") is not None
    slates.take(slate_record("u3", 1, 2))

    assert [slates.of(user) is not None for user in ("u1", "u2", "u3")] == [True, False, True]
    assert (len(slates), slates.n_bytes, slates.n_forgotten) == (2, 2 * one, 1)
    slates.take(slate_record("u1", 100, 3))
    assert (len(slates), slates.n_bytes, slates.n_forgotten) == (0, 0, 3)
