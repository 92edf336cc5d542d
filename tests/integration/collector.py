"""A collector of spans over OTLP/HTTP, for the integration tests."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["Collected", "Collector", "collector"]


class Collected(NamedTuple):
    """One span, and the process that it came from."""

    service: str
    name: str
    trace_id: str


class Collector:
    """What has been posted so far."""

    def __init__(self) -> None:
        self.spans: list[Collected] = []
        self.url = ""

    def take(self, body: bytes) -> None:
        """Keep the spans of one post."""
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            (service,) = (
                one.value.string_value
                for one in group.resource.attributes
                if one.key == "service.name"
            )
            for scope in group.scope_spans:
                self.spans += [
                    Collected(service, span.name, span.trace_id.hex()) for span in scope.spans
                ]

    def of_trace(self, trace_id: str) -> set[tuple[str, str]]:
        """Process and name of each span of a trace."""
        return {(one.service, one.name) for one in self.spans if one.trace_id == trace_id}


@contextmanager
def collector() -> Iterator[Collector]:
    """Run one on a free port."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            kept.take(gzip.decompress(body) if is_packed else body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
