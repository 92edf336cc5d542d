"""Settings of the gateway's process."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from cherryrec.errors import ConfigError

__all__ = ["GatewayConfig"]

MIN_KEY_LETTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """How the HTTP gateway listens, whom it answers, and how long it waits.

    Parameters
    ----------
    host
        Address to listen on; one that others can reach needs keys.
    port
        Its port; 0 takes a free one.
    read_keys
        Keys that may read slates, explanations and numbers; 16 characters each at least, and shown
        nowhere.
    send_keys
        Keys that may send events and ask for slates. A key may stand in several of the lists.
    admin_keys
        Keys that may retract articles and erase users.
    max_body_bytes
        The longest body that is read, in bytes, above 0.
    max_batch
        The most events in one body, above 0.
    rate_per_s
        Calls a second that a key, or an address without one, may make in the long run; 0 does not
        limit.
    burst
        Calls it may make at once, at least 1.
    margin_ms
        How much longer than a request's deadline its answer is waited for, in milliseconds.
    max_wait_s
        The longest that an answer is waited for, whatever the deadline, in seconds, above 0.
    max_waiting
        Requests that may wait for their answers at once, above 0; more are answered 503.
    inquiry_wait_s
        How long an answer to an inquiry is waited for, in seconds, above 0.
    ack_wait_s
        How long Kafka may take to acknowledge what was sent, in seconds, above 0.
    max_users
        Users whose newest slate is remembered, above 0.
    max_slates_mb
        What these slates may take, in MB, above 0; the user least recently asked for is forgotten
        first.
    read_slates
        Newest slates of each partition that a start reads, at least 0.
    max_age_s
        How long a slate may be kept by who got it, in seconds: `Cache-Control`.
    search_s
        How long a search through a topic may take, in seconds, above 0.
    status_s
        How long the answer of /v1/status is given again, in seconds.
    parts
        Probes of other processes that /v1/status asks, as `stream-0=http://10.0.0.5:6066`.
    watchdog_s
        A loop that has not turned for this long ends the process, in seconds, above 0.
    stop_s
        Time for a stop, in seconds, above 0.

    Examples
    --------
    >>> GatewayConfig().has_keys
    False
    >>> GatewayConfig(host="0.0.0.0")
    Traceback (most recent call last):
    ...
    cherryrec.errors.ConfigError: host must be a loopback address without keys, got '0.0.0.0': \
set read_keys, send_keys and admin_keys, or host to 127.0.0.1
    """

    host: str = "127.0.0.1"
    port: int = 6070
    read_keys: tuple[str, ...] = field(default=(), repr=False, metadata={"is_secret": True})
    send_keys: tuple[str, ...] = field(default=(), repr=False, metadata={"is_secret": True})
    admin_keys: tuple[str, ...] = field(default=(), repr=False, metadata={"is_secret": True})
    max_body_bytes: int = 4 << 20
    max_batch: int = 1_000
    rate_per_s: float = 1_000.0
    burst: int = 2_000
    margin_ms: int = 500
    max_wait_s: float = 30.0
    max_waiting: int = 5_000
    inquiry_wait_s: float = 3.0
    ack_wait_s: float = 5.0
    max_users: int = 50_000
    max_slates_mb: int = 256
    read_slates: int = 20_000
    max_age_s: int = 5
    search_s: float = 10.0
    status_s: float = 3.0
    parts: tuple[str, ...] = ()
    watchdog_s: float = 120.0
    stop_s: float = 15.0

    def __post_init__(self) -> None:
        for name in (
            "max_body_bytes",
            "max_batch",
            "burst",
            "max_wait_s",
            "max_waiting",
            "inquiry_wait_s",
            "ack_wait_s",
            "max_users",
            "max_slates_mb",
            "search_s",
            "watchdog_s",
            "stop_s",
        ):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        for name in ("rate_per_s", "margin_ms", "read_slates", "max_age_s", "status_s"):
            if getattr(self, name) < 0:
                msg = f"{name} must be at least 0, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        for name in ("read_keys", "send_keys", "admin_keys"):
            shortest = min(map(len, getattr(self, name)), default=MIN_KEY_LETTERS)
            if shortest < MIN_KEY_LETTERS:
                msg = (
                    f"{name} must have {MIN_KEY_LETTERS} characters each at least, got one of "
                    f"{shortest}: `openssl rand -hex 24` makes one"
                )
                raise ConfigError(msg)
            if not all(key.isascii() and key.isprintable() for key in getattr(self, name)):
                msg = f"{name} must be printable ASCII, as HTTP headers are, got one that is not"
                raise ConfigError(msg)
        for part in self.parts:
            name, _, url = part.partition("=")
            if not name or not url.startswith(("http://", "https://")):
                msg = f"parts must be NAME=http://HOST:PORT each, got {part!r}"
                raise ConfigError(msg)
        if not self.has_keys and not self.is_loopback:
            msg = (
                f"host must be a loopback address without keys, got {self.host!r}: set read_keys, "
                "send_keys and admin_keys, or host to 127.0.0.1"
            )
            raise ConfigError(msg)

    @property
    def has_keys(self) -> bool:
        """Whether callers must show a key."""
        return bool(self.read_keys or self.send_keys or self.admin_keys)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach `host`."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
