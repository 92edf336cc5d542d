"""What every message shares: the schema version, ids that are never empty, times with a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["Count", "Event", "Fraction", "Id", "Seconds", "Text", "Time", "instant", "seconds"]

Id = Annotated[str, Meta(min_length=1, max_length=256)]
"""An identifier: 1 to 256 characters."""

Text = Annotated[str, Meta(max_length=20_000)]
"""Human text; at most 20,000 characters."""

Time = Annotated[datetime, Meta(tz=True)]
"""An instant with its zone, ISO 8601 in messages."""

Seconds = Annotated[float, Meta(ge=0.0, le=1e9)]
"""A duration in seconds, 0 to 1e9; never NaN."""

Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
"""A share or probability in [0, 1]; never NaN."""

Count = Annotated[int, Meta(ge=0)]
"""A count, at least 0."""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all messages: fields by keyword, unknown fields ignored, a schema version.

    `schema` is always written, so that a reader can refuse a version it does not know.
    """

    schema: Literal[1]


def seconds(time: datetime) -> float:
    """Event time as the core counts it: seconds since the epoch, UTC.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> seconds(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    60.0
    """
    return time.timestamp()


def instant(time_s: float) -> datetime:
    """Return the inverse of `seconds`, rounded to the microsecond.

    Examples
    --------
    >>> instant(60.0).isoformat()
    '1970-01-01T00:01:00+00:00'
    """
    return datetime.fromtimestamp(round(time_s, 6), UTC)
