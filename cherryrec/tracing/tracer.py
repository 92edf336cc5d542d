"""Spans, thinly over OpenTelemetry: begun of a record's headers, ended with headers to send on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from cherryrec.errors import ConfigError
from cherryrec.tracing.config import TracingConfig
from cherryrec.tracing.headers import Header, trace_headers

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

logger = logging.getLogger(__name__)

__all__ = ["Attributes", "Kind", "Span", "Tracer", "open_tracer", "tracing"]

Attributes = Mapping[str, str | int | float | bool]
"""What a span says; no title, and nothing of a user: spans are kept where nobody is erased."""

Kind = Literal["consumer", "producer", "server", "internal"]

CLOSE_S = 2.0
"""How long a stop waits for a collector: OpenTelemetry's own is half a minute."""

_NS = 1e9


class Span:
    """One span that has begun.

    Parameters
    ----------
    span
        OpenTelemetry's.
    tracer
        That began it.
    """

    def __init__(self, span: trace.Span, tracer: Tracer) -> None:
        self._span = span
        self._tracer = tracer

    @property
    def headers(self) -> tuple[Header, ...]:
        """The headers by which what follows is known as its child."""
        return self._tracer._injected(self._span)

    def child(
        self, name: str, *, started_s: float, ended_s: float, attributes: Attributes | None = None
    ) -> None:
        """Add a child that is over, its times in epoch seconds; one that would end first is 0 s."""
        if self._span.is_recording():
            began = self._tracer._started(
                name,
                self._tracer._context_of(self._span),
                "internal",
                started_s=started_s,
                attributes=attributes,
            )
            began.end(end_time=round(max(started_s, ended_s) * _NS))

    def end(
        self,
        ended_s: float,
        *,
        attributes: Attributes | None = None,
        failure: str | None = None,
    ) -> None:
        """End it.

        Parameters
        ----------
        ended_s
            In epoch seconds.
        attributes
            What is known now.
        failure
            What failed, in a word; absent: nothing.
        """
        if not self._span.is_recording():
            return
        if attributes:
            self._span.set_attributes(dict(attributes))
        if failure is not None:
            self._span.set_status(self._tracer._error(failure))
        self._span.end(end_time=round(ended_s * _NS))


class Tracer:
    """Makes the spans of one process.

    Parameters
    ----------
    provider
        OpenTelemetry's, which samples and exports; closed with this.
    clock
        Wall-clock time in epoch seconds.
    """

    def __init__(self, provider: TracerProvider, *, clock: Callable[[], float] = time.time) -> None:
        from opentelemetry import trace
        from opentelemetry.context import Context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.now = clock
        self._api = trace
        self._empty = Context()  # what a task has around it is none of a record's
        self._provider = provider
        self._tracer = provider.get_tracer("cherryrec")
        self._propagator = TraceContextTextMapPropagator()
        self._kinds = {
            "consumer": trace.SpanKind.CONSUMER,
            "producer": trace.SpanKind.PRODUCER,
            "server": trace.SpanKind.SERVER,
            "internal": trace.SpanKind.INTERNAL,
        }

    def begin(
        self,
        name: str,
        kind: Kind,
        headers: Iterable[Header] | Mapping[str, bytes] | None,
        *,
        started_s: float,
        attributes: Attributes | None = None,
    ) -> Span:
        """Begin a span under the one that a record's headers name; without, a trace of its own.

        Parameters
        ----------
        name
            The act and what it is done to: `read requests`.
        kind
            Which side of a message it is.
        headers
            Of the record; what is not a trace context is passed over.
        started_s
            In epoch seconds.
        attributes
            What is known from the beginning.
        """
        carrier = {key: value.decode("latin-1") for key, value in trace_headers(headers)}
        parent = self._propagator.extract(carrier, self._empty)
        span = self._started(name, parent, kind, started_s=started_s, attributes=attributes)
        return Span(span, self)

    def close(self, *, within_s: float = CLOSE_S) -> None:
        """Send what is left, and stop; a collector that does not answer is waited for no longer."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(within_s)
        if closing.is_alive():
            logger.warning("the last spans were not taken by their collector in %g s", within_s)

    def _started(
        self,
        name: str,
        parent: Context,
        kind: Kind,
        *,
        started_s: float,
        attributes: Attributes | None,
    ) -> trace.Span:
        """Start OpenTelemetry's span."""
        return self._tracer.start_span(
            name,
            context=parent,
            kind=self._kinds[kind],
            attributes=dict(attributes or {}),
            start_time=round(started_s * _NS),
        )

    def _context_of(self, span: trace.Span) -> Context:
        """Return the context whose current span this is."""
        return self._api.set_span_in_context(span, self._empty)

    def _injected(self, span: trace.Span) -> tuple[Header, ...]:
        """Return a span's context as headers."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, self._context_of(span))
        return tuple((name, value.encode("latin-1")) for name, value in carrier.items())

    def _error(self, failure: str) -> trace.Status:
        """Return the status of a span that failed."""
        return self._api.Status(self._api.StatusCode.ERROR, failure)


@contextmanager
def tracing(config: TracingConfig, part: str) -> Iterator[Tracer | None]:
    """Trace while a process runs, and send what is left when it ends; see `open_tracer`."""
    tracer = open_tracer(config, part)
    try:
        yield tracer
    finally:
        if tracer is not None:
            tracer.close()


def open_tracer(config: TracingConfig, part: str) -> Tracer | None:
    """Return what makes this process's spans, or None where traces are off.

    Parameters
    ----------
    config
        Where to, and how many.
    part
        Which process it is: `stream`, `gpu`, `gateway`.

    Raises
    ------
    ConfigError
        OpenTelemetry is not installed.
    """
    if not config.is_on:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError as error:
        msg = (
            "tracing.endpoint is set, and OpenTelemetry is not installed: install the extra "
            f"(`pip install 'cherryrec[tracing]'`), or leave tracing.endpoint empty ({error})"
        )
        raise ConfigError(msg) from error
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(config.sample_rate),
        resource=Resource.create({"service.name": f"{config.service_name}-{part}"}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=config.url)))
    return Tracer(provider)
