"""Times of a log: MIND's layout, ISO 8601, or seconds since the epoch, and none that cannot be.

A layout that is guessed wrong gives a time that looks like one: milliseconds read as a date become
the year 1573. So each layout is matched whole, and a year before 1990 or after 2099 is refused.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, tzinfo

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.evaluation.zones import naive_to_utc

__all__ = ["parse_time"]

_US_TIME = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2}):(\d{2}) ([AP])M", re.IGNORECASE
)
_ISO_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}|\d{8})"
    r"(?:[T ](\d{2}:?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?) ?(Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{9,20}(?:\.\d*)?")
_NOON_HOUR = 12
_UNITS = (1.0, 1e3, 1e6, 1e9)  # seconds, milliseconds, microseconds, nanoseconds
_KNOWN = "M/D/YYYY h:mm:ss AM|PM, ISO 8601 or seconds or milliseconds since 1970"


def parse_time(text: str, zone: tzinfo = UTC) -> float:
    """Return UTC seconds of MIND's `M/D/YYYY h:mm:ss AM`, of ISO 8601 or of an epoch time.

    A time without AM or PM is ISO; one without a zone is of `zone`. A number is in the unit that
    puts it between 1990 and 2099, of which there is one at most.

    Raises
    ------
    ValueError
        It has none of these layouts, or a year before 1990 or after 2099.

    Examples
    --------
    >>> parse_time("11/15/2019 1:01:58 AM")
    1573779718.0
    >>> parse_time("2019-11-15 01:01:58"), parse_time("2019-11-15T02:01:58+01:00")
    (1573779718.0, 1573779718.0)
    >>> parse_time("1573779718"), parse_time("1573779718500")
    (1573779718.0, 1573779718.5)
    >>> parse_time("1/1/1970 1:01:58 AM")
    Traceback (most recent call last):
    ...
    ValueError: time must be from 1990 to 2099, got '1/1/1970 1:01:58 AM'
    """
    stripped = text.strip()
    try:
        if _NUMBER.fullmatch(stripped):
            return _of_number(stripped)
        if match := _US_TIME.fullmatch(stripped):
            time_s = _of_us(match, zone)
        elif match := _ISO_TIME.fullmatch(stripped):
            time_s = _of_iso(match, zone)
        else:
            raise ValueError
    except (ValueError, OverflowError):
        message = f"time must be {_KNOWN}, got {text[:60]!r}"
        raise ValueError(message) from None
    if not EARLIEST.timestamp() <= time_s < LATEST.timestamp():
        message = f"time must be from {EARLIEST.year} to {LATEST.year - 1}, got {text[:60]!r}"
        raise ValueError(message)
    return time_s


def _of_number(text: str) -> float:
    """Return the seconds of a number in the unit that makes it a time of this age."""
    for unit in _UNITS:
        time_s = float(text) / unit
        if EARLIEST.timestamp() <= time_s < LATEST.timestamp():
            return time_s
    raise ValueError


def _of_us(match: re.Match[str], zone: tzinfo) -> float:
    """Return the seconds of MIND's own layout."""
    month, day, year, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not 1 <= hour <= _NOON_HOUR:
        raise ValueError
    hour = hour % _NOON_HOUR + (_NOON_HOUR if match[7] in "Pp" else 0)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return naive_to_utc(float(calendar.timegm(moment.timetuple())), zone)


def _of_iso(match: re.Match[str], zone: tzinfo) -> float:
    """Return the seconds of an ISO time; a blank before its zone is no part of the standard."""
    day, clock, offset = match.groups()
    text = day if clock is None else f"{day}T{clock}{offset or ''}"
    moment = datetime.fromisoformat(text.upper())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
