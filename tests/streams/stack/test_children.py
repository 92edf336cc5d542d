"""A process that was started is asked for itself, not whoever answers at its port."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cherryrec.errors import ServiceError
from cherryrec.supervised import Answer, ProbeServer
from streams.stack import Child, start_child

WELL = """
import time
from cherryrec.supervised import Answer, ProbeServer
server = ProbeServer({"/ready": lambda: Answer(200, b"ready")}, port=PORT)
server.start()
time.sleep(60)
"""


@pytest.fixture
def neighbour() -> Iterator[ProbeServer]:
    """Another that answers all probes well."""
    server = ProbeServer({path: lambda: Answer(200, b"well") for path in ("/ready", "/live")})
    server.start()
    yield server
    server.stop()


def started(program: str, folder: Path, port: int) -> Child:
    command = [sys.executable, "-c", program.replace("PORT", str(port))]
    return start_child(
        "one", command, log_file=folder / "one.log", http_port=port, env=dict(os.environ)
    )


def test_neighbour_at_its_port_is_not_taken_for_it(tmp_path: Path, neighbour: ProbeServer) -> None:
    child = started(WELL, tmp_path, neighbour.port)

    with pytest.raises(ServiceError, match=f"listen on 127.0.0.1:{neighbour.port}"):
        child.wait_ready(20.0)
    assert not child.is_alive()


def test_process_that_answers_is_ready(tmp_path: Path, neighbour: ProbeServer) -> None:
    port = neighbour.port
    neighbour.stop()
    child = started(WELL, tmp_path, port)

    child.wait_ready(20.0)

    assert child.is_ready()
    child.kill()
    assert not child.is_ready()
