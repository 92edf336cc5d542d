"""Traces of a request's way through the processes, by OpenTelemetry; nothing of it where it is off.

Not of the core, which reads no clock: stream worker and gpu worker make spans at their edges of
what the core's effects tell. `config` says where spans go, `headers` which Kafka headers carry the
context (W3C trace context) from record to record, `tracer` makes the spans. OpenTelemetry is
imported when a tracer is opened, and by nothing else.
"""

from __future__ import annotations

from cherryrec.tracing.config import TracingConfig
from cherryrec.tracing.headers import TRACE_HEADERS, Header, trace_headers
from cherryrec.tracing.tracer import Span, Tracer, open_tracer, tracing

__all__ = [
    "TRACE_HEADERS",
    "Header",
    "Span",
    "Tracer",
    "TracingConfig",
    "open_tracer",
    "trace_headers",
    "tracing",
]
