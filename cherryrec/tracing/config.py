"""Settings of traces; defaults are written here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from cherryrec.errors import ConfigError

__all__ = ["TracingConfig"]

_PATH = "/v1/traces"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingConfig:
    """Where spans are sent, and of how many requests.

    Parameters
    ----------
    endpoint
        URL of a collector that takes OTLP over HTTP (`http://collector:4318`; `/v1/traces` is
        added where it has no path); empty: no traces. Needs the extra `tracing`.
    sample_rate
        Share of the requests that are traced, in [0, 1]; of one whose record carries a trace
        context its sender has chosen.
    service_name
        What the processes are called, before `-stream`, `-gpu` and the like; not empty.

    Examples
    --------
    >>> TracingConfig(endpoint="http://collector:4318").url
    'http://collector:4318/v1/traces'
    >>> TracingConfig().is_on
    False
    """

    endpoint: str = ""
    sample_rate: float = 1.0
    service_name: str = "cherryrec"

    def __post_init__(self) -> None:
        if self.endpoint:
            parts = urlsplit(self.endpoint)
            if parts.scheme not in {"http", "https"} or not parts.netloc:
                msg = (
                    "endpoint must be a URL that begins with http:// or https://, "
                    f"got {self.endpoint!r}"
                )
                raise ConfigError(msg)
        if not 0.0 <= self.sample_rate <= 1.0:
            msg = f"sample_rate must be from 0 to 1, got {self.sample_rate!r}"
            raise ConfigError(msg)
        if not self.service_name:
            msg = "service_name must not be empty"
            raise ConfigError(msg)

    @property
    def is_on(self) -> bool:
        """Whether there is anywhere to send spans to."""
        return bool(self.endpoint)

    @property
    def url(self) -> str:
        """The URL that spans are posted to."""
        path = urlsplit(self.endpoint).path
        return self.endpoint if path.strip("/") else self.endpoint.rstrip("/") + _PATH
