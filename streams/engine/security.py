"""How a worker proves itself to the cluster: TLS and SASL settings, passed through to Faust."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, Literal, get_args

import faust.auth
from faust.types.auth import CredentialsT

from cherryrec.errors import ConfigError

__all__ = ["Security"]

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Settings of the connection to Kafka, in the words of Kafka's own clients.

    Parameters
    ----------
    protocol
        Kafka's `security.protocol`: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
    mechanism
        Kafka's `sasl.mechanism`, only with a SASL protocol: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    username
        SASL user; absent without SASL.
    password
        SASL password; absent without SASL, and shown nowhere.
    ca_file
        PEM file of the authorities that sign the brokers' certificates; absent: the system's.
    cert_file
        PEM file of the client's own certificate, where the cluster asks for one.
    key_file
        PEM file of that certificate's key, where it is not in `cert_file`.

    Examples
    --------
    >>> Security().credentials() is None
    True
    >>> Security(protocol="SASL_SSL", username="u", password="p").credentials().mechanism.value
    'PLAIN'
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "PLAIN"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is not known, and SASL without credentials."""
        for name, known in (("protocol", get_args(Protocol)), ("mechanism", get_args(Mechanism))):
            if getattr(self, name) not in known:
                msg = (
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}: "
                    "Kerberos (GSSAPI), OAUTHBEARER and AWS_MSK_IAM are not supported"
                )
                raise ConfigError(msg)
        if self.protocol.startswith("SASL") and (self.username is None or self.password is None):
            msg = f"username and password must be set with protocol {self.protocol!r}"
            raise ConfigError(msg)

    def __repr__(self) -> str:
        """Name the protocol and the user, never the password."""
        return f"Security(protocol={self.protocol!r}, username={self.username!r})"

    def credentials(self) -> CredentialsT | None:
        """Faust's form of these settings; None for plain text.

        Raises
        ------
        ConfigError
            A certificate file is missing or unreadable.
        """
        if self.protocol == "PLAINTEXT":
            return None
        context = self._ssl_context() if self.protocol.endswith("SSL") else None
        if self.protocol == "SSL":
            return faust.auth.SSLCredentials(context=context)
        return faust.auth.SASLCredentials(
            mechanism=self.mechanism,
            username=self.username,
            password=self.password,
            ssl_context=context,
        )

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments of aiokafka's and kafka-python's clients, which name them alike.

        Examples
        --------
        >>> Security().client_options()
        {'security_protocol': 'PLAINTEXT'}
        """
        options: dict[str, Any] = {"security_protocol": self.protocol}
        if self.protocol.endswith("SSL"):
            options["ssl_context"] = self._ssl_context()
        if self.protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options

    def _ssl_context(self) -> ssl.SSLContext:
        """Verify brokers against `ca_file`, and show `cert_file` where one is asked for."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:
            files = ", ".join(f for f in (self.ca_file, self.cert_file, self.key_file) if f)
            msg = f"TLS files must be readable PEM files, got {files}: {error}"
            raise ConfigError(msg) from error
        return context
