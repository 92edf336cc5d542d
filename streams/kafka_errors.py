"""What Kafka's clients raise, in one sentence: without the requests and answers they print."""

from __future__ import annotations

import re

__all__ = ["is_from_kafka", "sentence"]

_MESSAGE = re.compile(r"error_message=(?:'([^']+)'|\"([^\"]+)\")")
_PRINTED = re.compile(r"\s*\b\w*(Request|Response)(_v\d+)?\(.*", re.DOTALL)
_LETTERS = 240
_HINTS = (
    (
        ("authentication", "sasl"),
        "security.mechanism (PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512), security.username and "
        "security.password must be the cluster's",
    ),
    (
        ("authorization",),
        "the user of these settings needs the right to: docs/operations.md names all of them",
    ),
    (
        ("ssl", "certificate"),
        "security.protocol and security.ca_file must be the cluster's",
    ),
    (("replication",), "kafka.replication must be the number of brokers at most"),
)
_ELSE = "is it running, and are its address and security.protocol right?"


def is_from_kafka(error: BaseException) -> bool:
    """Whether one of Kafka's clients raised this."""
    return type(error).__module__.partition(".")[0] in {"kafka", "aiokafka"}


def sentence(error: BaseException) -> str:
    """Say what Kafka or its client said, cut to what it means, and what to look at.

    Examples
    --------
    >>> from kafka.errors import KafkaTimeoutError
    >>> sentence(KafkaTimeoutError("Unable to bootstrap from kafka:1"))[:58]
    'KafkaTimeoutError: Unable to bootstrap from kafka:1; is it'
    >>> sentence(KafkaTimeoutError("CreateTopicsRequest_v4(timeout=1, x=(3, 4)) failed"))[:27]
    'KafkaTimeoutError; is it ru'
    """
    name = type(error).__name__
    text = str(error)
    found = _MESSAGE.search(text)
    said = (found[1] or found[2]) if found else _PRINTED.sub("", text)
    said = re.sub(rf"(\[Error -?\d+\] )?({name}:? ?)*", "", said, count=1).splitlines()
    first = said[0].strip()[:_LETTERS] if said else ""
    about = f"{name} {text}".lower()
    hint = next((hint for words, hint in _HINTS if any(word in about for word in words)), _ELSE)
    return f"{name}: {first}; {hint}" if first else f"{name}; {hint}"
