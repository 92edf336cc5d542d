"""The headers of a record that carry its trace: W3C's `traceparent` and `tracestate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["TRACE_HEADERS", "Header", "trace_headers"]

Header = tuple[str, bytes]
"""Name and value, as Kafka's clients have them."""

TRACE_HEADERS = frozenset({"traceparent", "tracestate"})

_MOST_BYTES = 512


def trace_headers(
    headers: Iterable[tuple[str, bytes | None]] | Mapping[str, bytes] | None,
) -> tuple[Header, ...]:
    """Return those headers of a record that carry its trace, as far as they have a sane length.

    Parameters
    ----------
    headers
        As a client returns them: pairs, a mapping, or none.

    Examples
    --------
    >>> trace_headers([("traceparent", b"00-1"), ("site", b"x")])
    (('traceparent', b'00-1'),)
    >>> trace_headers([("traceparent", b"0" * 513)]) == trace_headers(None) == ()
    True

    References
    ----------
    W3C (2021), Trace Context, https://www.w3.org/TR/trace-context/; §3.3.1.5 for the length.
    """
    if not headers:
        return ()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple(
        (name, value)
        for name, value in pairs
        if name in TRACE_HEADERS and value and len(value) <= _MOST_BYTES
    )
