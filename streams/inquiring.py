"""Asking the stream workers about a user from outside: an inquiry sent, its answer waited for."""

from __future__ import annotations

import time

import msgspec

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, CherryRecError, ServiceError
from cherryrec.events import Inquiry, InquiryAnswer
from cherryrec.topics import topic_named
from streams.config import KafkaConfig
from streams.records import TopicReader, TopicWriter

__all__ = ["ask"]

_SLICE_S = 0.2


def ask(kafka: KafkaConfig, inquiry: Inquiry, *, wait_s: float) -> InquiryAnswer:
    """Send an inquiry and return its answer.

    Parameters
    ----------
    kafka
        Cluster and prefix.
    inquiry
        Its `inquiry_id` is new.
    wait_s
        How long to wait, in seconds.

    Raises
    ------
    BadMessage
        No worker can use it.
    ServiceError
        Kafka has not taken it, no answer has come in time, or the workers have no time for it.
    """
    with TopicReader(kafka, "inquiry-answers") as reader:
        reader.seek(from_start=False)
        _send(kafka, inquiry)
        answer = _awaited(reader, inquiry, wait_s)
    if answer is None:
        msg = (
            f"no stream worker has answered within {wait_s:g} s: does one own the partition of "
            f"user {inquiry.user_id!r}? `cherryrec status` says who runs"
        )
        raise ServiceError(msg)
    if answer.outcome == "refused":
        raise BadMessage(answer.reason or "refused")
    if answer.outcome != "answered":
        raise ServiceError(answer.reason or answer.outcome)
    return answer


def _send(kafka: KafkaConfig, inquiry: Inquiry) -> None:
    refusals: list[Exception] = []
    with TopicWriter(kafka, "inquiries") as writer:
        writer.send(inquiry.user_id.encode(), encode(inquiry), refused=refusals.append)
        writer.flush()
    for error in refusals:
        if isinstance(error, CherryRecError):
            raise error
        msg = f"Kafka must take the inquiry, got {error!r}"
        raise ServiceError(msg) from error


def _awaited(reader: TopicReader, inquiry: Inquiry, wait_s: float) -> InquiryAnswer | None:
    topic = topic_named("inquiry-answers")
    mark = msgspec.json.encode(inquiry.inquiry_id)
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        for record in reader.further(_SLICE_S):
            if record.value is None or mark not in record.value:
                continue
            answer = decode(InquiryAnswer, record.value, max_bytes=topic.max_message_bytes)
            if (answer.inquiry_id, answer.user_id) == (inquiry.inquiry_id, inquiry.user_id):
                return answer
    return None
