"""The one place where messages become bytes and bytes become messages.

JSON, UTF-8, validated while it is read. Everything refused is a `BadMessage` whose text is the
reason that lands on `dead-letters`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import DeadLetter, Event, PackedArray, instant
from cherryrec.foreign import BOM, what_it_is

__all__ = [
    "EARLIEST",
    "LATEST",
    "MAX_MESSAGE_BYTES",
    "check_time",
    "dead_letter",
    "decode",
    "encode",
    "pack",
    "unpack",
]

MAX_MESSAGE_BYTES = 1 << 20
"""The longest value that is decoded, in bytes, unless a topic says otherwise."""

MAX_DEAD_LETTER_BYTES = 256 << 10
"""How much of a refused value is kept, in bytes."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

E = TypeVar("E", bound=Event)

_encoder = msgspec.json.Encoder()


@cache
def _decoder(message: type[E]) -> msgspec.json.Decoder[E]:
    return msgspec.json.Decoder(message)


@cache
def _time_fields(message: type[Event]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in msgspec.structs.fields(message)
        if field.name == "time" or (field.name.endswith("_at") and field.name != "expires_at")
    )


@cache
def _optional_fields(message: type[Event]) -> frozenset[str]:
    fields = msgspec.structs.fields(message)
    return frozenset(f.encode_name for f in fields if not f.required) - {"schema"}


def encode(event: Event) -> bytes:
    """Encode a message; the same message is always the same bytes.

    Examples
    --------
    >>> from cherryrec.events import Deadline
    >>> encode(Deadline(request_id="r1", user_id="u1"))
    b'{"schema":1,"request_id":"r1","user_id":"u1"}'
    """
    encoded = _encoder.encode(event)
    if encoded.startswith(b'{"schema":'):
        return encoded
    return b'{"schema":1,' + encoded[1:]


def decode(message: type[E], raw: bytes | None, *, max_bytes: int = MAX_MESSAGE_BYTES) -> E:
    """Decode and validate one message; null in a field that may be absent means absent.

    Parameters
    ----------
    message
        The struct to decode into.
    raw
        The value as it came; None and empty are refused.
    max_bytes
        Longer values are refused unread.

    Raises
    ------
    BadMessage
        With the reason: what is wrong, where in the message, what was wanted.

    Examples
    --------
    >>> from cherryrec.events import Deadline
    >>> decode(Deadline, b'{"schema":1,"request_id":"r1","user_id":"u1"}').request_id
    'r1'
    >>> decode(Deadline, b'{"schema":2,"request_id":"r1","user_id":"u1"}')
    Traceback (most recent call last):
    ...
    cherryrec.errors.BadMessage: Invalid enum value 2 - at `$.schema`
    """
    if not raw:
        msg = f"empty value: wanted a {message.__name__} as JSON"
        raise BadMessage(msg)
    if len(raw) > max_bytes:
        msg = f"value too long: wanted at most {max_bytes} bytes, got {len(raw)}"
        raise BadMessage(msg)
    try:
        event = _decoded(message, raw)
    except UnicodeDecodeError as error:
        msg = f"not UTF-8: {error.reason}, near {error.object[error.start : error.start + 8]!r}"
        raise BadMessage(msg) from error
    except msgspec.ValidationError as error:
        raise BadMessage(_refusal(raw, error)) from error
    except msgspec.MsgspecError as error:
        raise BadMessage(what_it_is(raw, str(error))) from error
    except RecursionError as error:
        msg = "nested too deeply to be a message"
        raise BadMessage(msg) from error
    for name in _time_fields(message):
        value = getattr(event, name)
        if value is not None:
            check_time(name, value)
    return event


def _decoded(message: type[E], raw: bytes) -> E:
    """Decode; where that fails, once more without a byte order mark and without nulls."""
    decoder = _decoder(message)
    try:
        event: E = decoder.decode(raw)
    except msgspec.ValidationError:
        kept = _without_nulls(message, msgspec.json.decode(raw))
        if kept is None:
            raise
        event = decoder.decode(msgspec.json.encode(kept))
    except msgspec.DecodeError:
        if not raw.startswith(BOM):
            raise
        event = _decoded(message, raw[len(BOM) :])
    return event


def _without_nulls(message: type[Event], value: Any) -> dict[str, Any] | None:
    """Leave out optional fields that are null; None where there are none such."""
    if not isinstance(value, dict):
        return None
    optional = _optional_fields(message)
    kept = {name: one for name, one in value.items() if one is not None or name not in optional}
    return kept if len(kept) < len(value) else None


def _refusal(raw: bytes, error: msgspec.ValidationError) -> str:
    """Return what is wrong with a value that is JSON, where more than its type can be said."""
    try:
        value = msgspec.json.decode(raw.removeprefix(BOM))
    except msgspec.MsgspecError:  # a number that no float holds
        return str(error)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return f"{error}: it is JSON within a JSON string; was it encoded twice?"
    if isinstance(value, dict) and {"schema", "payload"} <= value.keys():
        return f"{error}: Kafka Connect's envelope; set value.converter.schemas.enable=false"
    return str(error)


def check_time(name: str, time: datetime) -> None:
    """Refuse a time that no event of ours can have.

    Raises
    ------
    BadMessage
        The time is before 1990 or after 2099.
    """
    if not EARLIEST <= time < LATEST:
        msg = (
            f"{name} must be from {EARLIEST.year} to {LATEST.year - 1}, got {time.isoformat()}: "
            "is it in milliseconds?"
        )
        raise BadMessage(msg)


def dead_letter(
    reason: str,
    *,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    received_s: float,
) -> DeadLetter:
    """Wrap a refused message with its reason and its place, its value cut at 256 KiB.

    Examples
    --------
    >>> letter = dead_letter(
    ...     "not JSON", topic="clicks", partition=0, offset=7, key=b"u", value=b"{", received_s=0.0
    ... )
    >>> letter.source_offset, letter.value_bytes
    (7, 1)
    """
    return DeadLetter(
        reason=reason[:2_000],
        source_topic=topic,
        source_partition=partition,
        source_offset=offset,
        received_at=instant(received_s),
        key=None if key is None else key[:1_024],
        value=None if value is None else value[:MAX_DEAD_LETTER_BYTES],
        value_bytes=0 if value is None else len(value),
    )


def pack(array: NDArray[np.generic]) -> PackedArray:
    """Turn an array into bytes that any reader can turn back.

    Examples
    --------
    >>> unpack(pack(np.array([1.0, 2.0])))
    array([1., 2.])
    """
    little = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    return PackedArray(dtype=little.dtype.str, shape=little.shape, values=little.tobytes())


def unpack(packed: PackedArray) -> NDArray[np.generic]:
    """Return the inverse of `pack`, as an array of its own.

    Raises
    ------
    ModelError
        Dtype, shape and bytes do not fit each other, or the dtype is not a plain number.
    """
    try:
        dtype = np.dtype(packed.dtype)
        if dtype.kind not in "biuf":
            msg = f"array dtype must be a plain number, got {packed.dtype!r}"
            raise ModelError(msg)
        return np.frombuffer(packed.values, dtype=dtype).reshape(packed.shape).copy()
    except (TypeError, ValueError) as error:
        msg = f"array of {packed.dtype!r} {packed.shape} does not fit its bytes: {error}"
        raise ModelError(msg) from error
