"""The answer to a request that is refused: no slate, and the reason, for who waits for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.events import Recommendation, instant
from cherryrec.events.base import Id, Time
from cherryrec.pipeline.effects import Send

__all__ = ["refused_answer"]

_REASON_LETTERS = 2_000


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
    value = _read(raw)
    request_id, user_id = (_as(Id, value.get(name)) for name in ("request_id", "user_id"))
    if request_id is None or user_id is None:
        return None
    requested_at = _as(Time, value.get("requested_at"))
    if requested_at is None or not EARLIEST <= requested_at < LATEST:
        requested_at = instant(arrived_s)
    answer = Recommendation(
        request_id=request_id,
        user_id=user_id,
        requested_at=requested_at,
        slate=(),
        degraded="request_refused",
        refused=reason[:_REASON_LETTERS],
    )
    return Send("recommendations", user_id, answer)


def _read(raw: bytes | None) -> Mapping[str, Any]:
    """Return the fields of a message whatever they are; none where it is no JSON object."""
    try:
        value = msgspec.json.decode(raw or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _as(kind: Any, value: Any) -> Any:
    """Return a value if it is of a kind, else None."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
