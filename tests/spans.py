"""Spans kept in memory, for tests of what is traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from cherryrec.tracing import Tracer

__all__ = ["PARENT", "TRACE_ID", "Spans", "trace_id_of"]

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = ("traceparent", f"00-{TRACE_ID}-b7ad6b7169203331-01".encode())
"""What a site's own span puts beside its request; the example of W3C's specification."""


class Spans:
    """A tracer, and the spans that it has ended.

    Parameters
    ----------
    clock
        Wall-clock time in epoch seconds.
    sample_rate
        Of traces that begin here.
    """

    def __init__(self, clock: Callable[[], float], *, sample_rate: float = 1.0) -> None:
        self._kept = InMemorySpanExporter()
        provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(sample_rate), shutdown_on_exit=False
        )
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.tracer = Tracer(provider, clock=clock)

    @property
    def ended(self) -> list[ReadableSpan]:
        return list(self._kept.get_finished_spans())

    @property
    def names(self) -> list[str]:
        """Names, sorted."""
        return sorted(span.name for span in self.ended)

    def one(self, name: str) -> ReadableSpan:
        (found,) = (span for span in self.ended if span.name == name)
        return found

    def trace_ids(self) -> set[str]:
        return {f"{span.context.trace_id:032x}" for span in self.ended if span.context}


def trace_id_of(headers: Any) -> str:
    """The trace that a record's headers name."""
    (value,) = (value for name, value in headers if name == "traceparent")
    return str(value.decode().split("-")[1])
