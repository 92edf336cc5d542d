"""The span of a call for a slate, between the site's own and those of the workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cherryrec.tracing import TRACE_HEADERS, Header, Span, Tracer, trace_headers
from streams.gateway.answers import Served

__all__ = ["CallTrace", "traced"]

_NAMES = sorted(TRACE_HEADERS)
_ROUTE = "/v1/recommendations"


class CallTrace:
    """The trace of one call.

    Parameters
    ----------
    headers
        What goes beside the records that follow from it.
    """

    def __init__(self, headers: tuple[Header, ...]) -> None:
        self.headers = headers
        self.served: Served | None = None

    def end(self, span: Span, tracer: Tracer, *, failure: str | None) -> None:
        """End its span, with what was given."""
        attributes = None if self.served is None else {"cherryrec.served": str(self.served)}
        span.end(tracer.now(), attributes=attributes, failure=failure)


@contextmanager
def traced(
    tracer: Tracer | None, headers: Mapping[str, str], *, request_id: str
) -> Iterator[CallTrace]:
    """Trace a call; without a tracer the context that came with it goes on as it is.

    Parameters
    ----------
    tracer
        Makes spans; None: traces are off here.
    headers
        Of the call.
    request_id
        The id that its request has on Kafka.
    """
    came = trace_headers(
        [(name, headers[name].encode("latin-1")) for name in _NAMES if name in headers]
    )
    if tracer is None:
        yield CallTrace(came)
        return
    span = tracer.begin(
        f"POST {_ROUTE}",
        "server",
        came,
        started_s=tracer.now(),
        attributes={
            "http.request.method": "POST",
            "http.route": _ROUTE,
            "cherryrec.request_id": request_id,
        },
    )
    call = CallTrace(span.headers)
    try:
        yield call
    except BaseException as error:
        call.end(span, tracer, failure=type(error).__name__)
        raise
    call.end(span, tracer, failure=None)
