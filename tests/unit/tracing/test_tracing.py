"""Spans have the parents that records name, nothing is made when off, and a stop is not held up."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cherryrec.cli.settings import load_settings
from cherryrec.errors import ConfigError
from cherryrec.tracing import TracingConfig, open_tracer, trace_headers, tracing
from tests.spans import PARENT, TRACE_ID, Spans, trace_id_of

ROOT = Path(__file__).parents[3]
NOW_S = 1_767_571_200.5


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://site.example/otlp", "https://site.example/otlp"),
    ],
)
def test_the_path_is_added_where_there_is_none(endpoint: str, url: str) -> None:
    assert TracingConfig(endpoint=endpoint).url == url


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("ENDPOINT", "collector:4318", "begins with http:// or https://"),
        ("SAMPLE_RATE", "1.5", "from 0 to 1"),
        ("SAMPLE_RATE", "nan", "from 0 to 1"),
        ("SERVICE_NAME", "", "not be empty"),
    ],
)
def test_what_cannot_be_is_refused_by_its_variable(variable: str, value: str, wanted: str) -> None:
    name = f"CHERRYREC_TRACING_{variable}"

    with pytest.raises(ConfigError, match=wanted) as refused:
        load_settings(None, {name: value})

    assert name in str(refused.value)


def test_a_span_is_of_the_trace_that_its_record_names() -> None:
    spans = Spans(lambda: NOW_S)

    span = spans.tracer.begin("read requests", "consumer", [PARENT], started_s=NOW_S - 2.0)
    span.child("select", started_s=NOW_S - 1.0, ended_s=NOW_S)
    span.end(NOW_S, attributes={"cherryrec.n_live": 3})

    read, select = spans.one("read requests"), spans.one("select")
    assert spans.trace_ids() == {TRACE_ID} == {trace_id_of(span.headers)}
    assert read.parent is not None
    assert f"{read.parent.span_id:016x}" == PARENT[1].decode().split("-")[2]
    assert select.parent == read.context
    assert read.attributes == {"cherryrec.n_live": 3}
    assert read.end_time is not None
    assert read.start_time is not None
    assert read.end_time - read.start_time == 2_000_000_000


def test_a_child_does_not_end_before_it_begins() -> None:
    spans = Spans(lambda: NOW_S)

    span = spans.tracer.begin("read requests", "consumer", None, started_s=NOW_S)
    span.child("select", started_s=NOW_S, ended_s=NOW_S - 5.0)
    span.end(NOW_S)

    select = spans.one("select")
    assert select.start_time == select.end_time


@pytest.mark.parametrize(
    "headers",
    [
        (),
        None,
        [("traceparent", b"nonsense")],
        [("traceparent", b"\xff\xfe")],
        [("traceparent", None)],
        [("traceparent", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01")],
    ],
)
def test_without_a_trace_context_a_trace_begins(headers: object) -> None:
    spans = Spans(lambda: NOW_S)

    span = spans.tracer.begin("read requests", "consumer", headers, started_s=NOW_S)  # type: ignore[arg-type]
    span.end(NOW_S)

    assert spans.one("read requests").parent is None
    assert spans.trace_ids() == {trace_id_of(span.headers)}


def test_who_sends_a_context_decides_whether_it_is_sampled() -> None:
    spans = Spans(lambda: NOW_S, sample_rate=0.0)
    unsampled = ("traceparent", PARENT[1].removesuffix(b"01") + b"00")

    for headers in ([PARENT], [unsampled], []):
        span = spans.tracer.begin("read requests", "consumer", headers, started_s=NOW_S)
        span.child("select", started_s=NOW_S, ended_s=NOW_S)
        span.end(NOW_S)
        assert trace_headers(span.headers), "the next one is to know that it is not sampled"

    assert sorted(spans.names) == ["read requests", "select"]


def test_state_of_other_vendors_goes_on() -> None:
    spans = Spans(lambda: NOW_S)
    state = ("tracestate", b"rojo=00f067aa0ba902b7")

    span = spans.tracer.begin("read requests", "consumer", [PARENT, state], started_s=NOW_S)

    assert state in span.headers


def test_no_endpoint_is_no_tracer() -> None:
    assert open_tracer(TracingConfig(), "stream") is None
    with tracing(TracingConfig(), "stream") as tracer:
        assert tracer is None


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(ConfigError, match=r"pip install 'cherryrec\[tracing\]'"):
        open_tracer(TracingConfig(endpoint="http://127.0.0.1:1"), "stream")


@pytest.mark.slow
def test_a_collector_that_does_not_answer_holds_up_no_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = TracingConfig(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        tracer = open_tracer(config, "stream")
        assert tracer is not None
        tracer.begin("read requests", "consumer", None, started_s=NOW_S).end(NOW_S)

        started_s = time.monotonic()
        tracer.close(within_s=0.2)

    assert time.monotonic() - started_s < 2.0


@pytest.mark.slow
def test_nothing_of_opentelemetry_is_imported_when_off() -> None:
    code = (
        "import sys\n"
        "import gpu_worker.main\n"
        "from cherryrec.cli.settings import load_settings\n"
        "from cherryrec.tracing import tracing\n"
        "from streams.gateway.gateway import Gateway\n"
        "from streams.worker import StreamWorker\n"
        "settings = load_settings(None, {})\n"
        "with tracing(settings.tracing, 'stream') as tracer:\n"
        "    StreamWorker(settings.kafka, settings.stream, settings.core, tracer=tracer)\n"
        "with tracing(settings.tracing, 'gateway') as tracer:\n"
        "    Gateway(settings.kafka, settings.gateway, core=settings.core, tracer=tracer)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == "[]"
