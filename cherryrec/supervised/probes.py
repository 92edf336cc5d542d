"""`/live`, `/ready` and `/metrics` from threads of their own, so that who asks delays no event.

Connections are few and short: past the bound the oldest is closed for the newest, so that neither
many nor slow clients keep a supervisor's question out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cherryrec.errors import ServiceError
from cherryrec.supervised.instance import instance_headers

__all__ = ["Answer", "ProbeServer"]

MAX_CONNECTIONS = 32
_YOUNG_S = 1.0
_ROOM_S = 0.01
_SILENCE_S = 5.0
_POLL_S = 0.05
_FRESH_S = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to a question."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._open: dict[Any, float] = {}
        self._lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Make room, then answer in a thread."""
        while (oldest := self._crowded()) is not None:
            if time.monotonic() - self._open.get(oldest, 0.0) >= _YOUNG_S:
                self.shutdown_request(oldest)
            else:
                time.sleep(_ROOM_S)
        with self._lock:
            self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client went, or was closed."""

    def _crowded(self) -> Any:
        """Return the oldest connection when there is no room for another."""
        with self._lock:
            return next(iter(self._open)) if len(self._open) >= MAX_CONNECTIONS else None


class ProbeServer:
    """Answers GET requests by their path.

    Parameters
    ----------
    answers
        Path → what answers it; called in any thread.
    kept
        Paths whose answer is given again for half a second, so that many who ask cost little.
    host, port
        Where to listen; port 0 takes a free one, which `port` then holds.
    """

    def __init__(
        self,
        answers: Mapping[str, Callable[[], Answer]],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        kept: Collection[str] = ("/metrics",),
    ) -> None:
        self.host = host
        self.port = port
        self._answers = dict(answers)
        self._kept = frozenset(kept)
        self._given: dict[str, tuple[float, Answer]] = {}
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def start(self) -> None:
        """Listen.

        Raises
        ------
        ServiceError
            The port is taken.
        """
        try:
            server = _Server((self.host, self.port), _responder(self._answer))
        except OSError as error:
            msg = f"probes must listen on {self.host}:{self.port}, got {error.strerror}"
            raise ServiceError(msg) from error
        self._server = server
        self.port = int(server.server_address[1])
        threading.Thread(
            target=server.serve_forever, args=(_POLL_S,), name="probes", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.socket.close()

    def _answer(self, path: str) -> Answer:
        make = self._answers.get(path)
        if make is None:
            return Answer(404, f"try {', '.join(sorted(self._answers))}\n".encode())
        if path not in self._kept:
            return make()
        with self._lock:
            at_s, answer = self._given.get(path, (float("-inf"), None))
            if answer is None or time.monotonic() - at_s >= _FRESH_S:
                answer = make()
                self._given[path] = (time.monotonic(), answer)
        return answer


def _responder(answer: Callable[[str], Answer]) -> type[BaseHTTPRequestHandler]:
    """Return a request class that asks `answer`."""
    headers = instance_headers()

    class Responder(BaseHTTPRequestHandler):
        timeout = _SILENCE_S

        def do_GET(self) -> None:
            found = answer(self.path.partition("?")[0])
            self.send_response(found.status)
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(found.body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep probes out of the log: they come every few seconds."""

    return Responder
