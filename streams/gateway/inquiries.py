"""Inquiries over HTTP: sent to the worker that owns the user, and its answer waited for."""

from __future__ import annotations

import math

import msgspec
from aiokafka.structs import ConsumerRecord

from cherryrec.events import InquiryOutcome
from streams.gateway.problems import NO_ANSWER, NOT_NOW, UNUSABLE, ProblemError
from streams.gateway.waiting import Waiting

__all__ = ["InquiryHead", "answered", "take_answer"]


class InquiryHead(msgspec.Struct, frozen=True):
    """What has to be read of every answer: whose it is, and whether it is one."""

    inquiry_id: str
    user_id: str
    outcome: InquiryOutcome
    reason: str | None = None
    retry_after_s: float | None = None


_heads = msgspec.json.Decoder(InquiryHead)


def take_answer(record: ConsumerRecord, waiting: Waiting) -> None:
    """Give an answer to who waits for it; a record that cannot be read is passed over."""
    if record.value is None:
        return
    try:
        head = _heads.decode(record.value)
    except msgspec.MsgspecError:
        return
    waiting.answer(head.inquiry_id, head.user_id, record.value)


def answered(value: bytes) -> bytes:
    """Return an answer that is one.

    Raises
    ------
    ProblemError
        The workers have not answered the question, with their reason.

    Examples
    --------
    >>> head = b'{"inquiry_id":"q","user_id":"u","outcome":'
    >>> answered(head + b'"answered"}').endswith(b'"answered"}')
    True
    >>> answered(head + b'"over_limit","reason":"ask again in 2.1 s","retry_after_s":2.1}')
    Traceback (most recent call last):
    ...
    streams.gateway.problems.ProblemError: ask again in 2.1 s
    """
    head = _heads.decode(value)
    reason = head.reason or head.outcome
    match head.outcome:
        case "answered":
            return value
        case "refused":
            raise ProblemError(UNUSABLE, reason)
        case "over_limit":
            wait_s = max(1, math.ceil(head.retry_after_s or 0.0))
            raise ProblemError(NOT_NOW, reason, headers={"Retry-After": f"{wait_s}"})
        case "too_late":
            raise ProblemError(NO_ANSWER, reason, headers={"Retry-After": "2"})
