"""The zone that times without one are taken to be in: a setting, as the files do not tell.

Clocks that are set back show an hour twice; a time within it counts as its first coming.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cherryrec.errors import ConfigError

__all__ = ["EPOCH", "UTC_NAME", "described", "naive_to_utc", "zone_named"]

EPOCH = "UTC, as times since the epoch are"
"""What a reader says whose files hold times since the epoch."""

UTC_NAME = "UTC"


def zone_named(name: str) -> tzinfo:
    """Return a zone by its name in the IANA time zone database.

    Raises
    ------
    ConfigError
        There is none of that name.

    Examples
    --------
    >>> naive_to_utc(1_573_776_000.0, zone_named("UTC"))
    1573776000.0
    """
    if name == UTC_NAME:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = (
            f"--zone must be UTC or a name of the IANA time zone database, as America/New_York, "
            f"got {name!r} (where the system has no such database, pip install tzdata brings it)"
        )
        raise ConfigError(msg) from error


def naive_to_utc(time_s: float, zone: tzinfo) -> float:
    """Return UTC seconds of a time whose clock was read as if it were UTC.

    Examples
    --------
    >>> naive_to_utc(1_573_776_000.0, zone_named("America/New_York")) - 1_573_776_000.0
    18000.0
    """
    if zone is UTC:
        return time_s
    whole = int(time_s // 1)
    clock = datetime.fromtimestamp(whole, tz=UTC).replace(tzinfo=zone)
    return clock.timestamp() + (time_s - whole)


def described(name: str) -> str:
    """Say which zone times without one are taken to be in.

    Examples
    --------
    >>> described("UTC")
    'UTC (--zone)'
    """
    return f"{name} (--zone)"
