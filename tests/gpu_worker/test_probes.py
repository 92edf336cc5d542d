from __future__ import annotations

import time
from http.client import HTTPConnection

import pytest

from cherryrec.errors import ServiceError
from gpu_worker.counts import WorkerState
from gpu_worker.probes import probes


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def test_ready_and_live_follow_the_loop() -> None:
    state = WorkerState()
    with probes(state, host="127.0.0.1", port=0, max_step_s=60.0) as port:
        assert get(port, "/ready")[0] == 503
        assert get(port, "/live")[0] == 200, "loading a model is not being hung"

        state.is_ready = True
        state.last_step_at = time.monotonic()
        assert get(port, "/ready")[0] == 200
        assert get(port, "/live")[0] == 200

        state.last_step_at = time.monotonic() - 61.0
        assert get(port, "/live")[0] == 503
        assert get(port, "/nothing")[0] == 404


def test_metrics_show_the_counts() -> None:
    state = WorkerState(pending=3, dead_letters=2)
    state.counts.evaluated = 5
    state.counts.compute_s = 1.5
    with probes(state, host="127.0.0.1", port=0, max_step_s=60.0) as port:
        _, text = get(port, "/metrics")

    assert 'cherryrec_gpu_answers_total{outcome="evaluated"} 5.0' in text
    assert "cherryrec_gpu_compute_seconds_total 1.5" in text
    assert "cherryrec_gpu_dead_letters_total 2.0" in text
    assert "cherryrec_gpu_pending 3.0" in text


def test_a_taken_port_is_named() -> None:
    with (
        probes(WorkerState(), host="127.0.0.1", port=0, max_step_s=60.0) as port,
        pytest.raises(ServiceError, match=f"127.0.0.1:{port}"),
        probes(WorkerState(), host="127.0.0.1", port=port, max_step_s=60.0),
    ):
        pass
