"""The answer to a request that is refused: no slate, and the reason, for who waits for one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.events import Recommendation, instant
from cherryrec.events.base import Id, Time
from cherryrec.pipeline.effects import Send

__all__ = ["refused_answer", "refused_fields"]

_REASON_LETTERS = 2_000
_MOST_BYTES = 4 << 20  # several times what any topic of questions takes; more came packed


def refused_answer(raw: bytes | None, reason: str, *, arrived_s: float) -> Send | None:
    """Return the empty slate that answers a refused request; None where it says not whose.

    Parameters
    ----------
    raw
        The value as it came.
    reason
        Why it was refused.
    arrived_s
        When it arrived, which stands for a time that cannot be read.

    Examples
    --------
    >>> raw = b'{"request_id": "r1", "user_id": "u1", "slate_size": "ten"}'
    >>> answer = refused_answer(raw, "Expected `int`, got `str` - at `$.slate_size`", arrived_s=0.0)
    >>> answer.key, answer.event.request_id, answer.event.degraded, answer.event.slate
    ('u1', 'r1', 'request_refused', ())
    >>> refused_answer(b"{oops", "not JSON", arrived_s=0.0) is None
    True
    """
    found = refused_fields(raw, "request_id", "requested_at", arrived_s=arrived_s)
    if found is None:
        return None
    request_id, user_id, requested_at = found
    answer = Recommendation(
        request_id=request_id,
        user_id=user_id,
        requested_at=requested_at,
        slate=(),
        degraded="request_refused",
        refused=reason[:_REASON_LETTERS],
    )
    return Send("recommendations", user_id, answer)


def refused_fields(
    raw: bytes | None, id_field: str, time_field: str, *, arrived_s: float
) -> tuple[str, str, datetime] | None:
    """Return what can be read of a refused question: its id, its user, its time or its arrival.

    Parameters
    ----------
    raw
        The value as it came.
    id_field, time_field
        Names of its fields.
    arrived_s
        When it arrived, epoch seconds.

    Examples
    --------
    >>> refused_fields(b'{"id": "r1", "user_id": 7}', "id", "at", arrived_s=0.0) is None
    True
    >>> raw = b'{"id": "r1", "at": "noon", "more": [[]], "user_id": "u1"}'
    >>> refused_fields(raw, "id", "at", arrived_s=0.0)[:2]
    ('r1', 'u1')
    >>> refused_fields(raw + b" " * 2**22, "id", "at", arrived_s=0.0) is None
    True
    """
    value = _read(raw, id_field, "user_id", time_field)
    name, user_id = (_as(Id, value.get(field)) for field in (id_field, "user_id"))
    if name is None or user_id is None:
        return None
    at = _as(Time, value.get(time_field))
    if at is None or not EARLIEST <= at < LATEST:
        at = instant(arrived_s)
    return name, user_id, at


def _read(raw: bytes | None, *names: str) -> Mapping[str, Any]:
    """Return some fields of a message whatever they are; none where it is no JSON object.

    All others are passed over unread: what is refused must not cost more than what is taken.
    """
    if raw is None or len(raw) > _MOST_BYTES:
        return {}
    try:
        found = msgspec.json.decode(raw, type=_fields_of(*names))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return {name: getattr(found, name) for name in names}


@cache
def _fields_of(*names: str) -> type[msgspec.Struct]:
    """Return a message of these fields and no others."""
    return msgspec.defstruct("Fields", [(name, Any, None) for name in names])


def _as(kind: Any, value: Any) -> Any:
    """Return a value if it is of a kind, else None."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
