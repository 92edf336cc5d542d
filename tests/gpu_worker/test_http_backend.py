"""The cluster's backend against a server of the same wire format: scores, faults, time, load."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cherryrec.cnle import LETTERS, Prompt
from cherryrec.errors import CherryRecError, ModelError, ServiceError
from gpu_worker.backends import LetterScores, Verdict, load_backend
from gpu_worker.backends.http import HttpBackend
from gpu_worker.config import GpuConfig
from tests.gpu_worker.wire_server import CANDIDATE, WireServer, error, serving, words_in_common

Start = Callable[..., WireServer]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serving(WireServer(**options)))


def load(*servers: WireServer, **settings: Any) -> HttpBackend:
    urls = tuple(server.url for server in servers)
    backend = load_backend(GpuConfig(backend="http", server_urls=urls, **settings))
    assert isinstance(backend, HttpBackend)
    return backend


def expected(prompt: Prompt) -> list[float]:
    return [words_in_common(title, prompt.prefix) for _, title in CANDIDATE.findall(prompt.suffix)]


def logits(verdict: Verdict) -> list[float]:
    assert isinstance(verdict, LetterScores), verdict
    return verdict.logits.tolist()


@pytest.mark.parametrize("api", ["vllm", "sglang"])
def test_log_probabilities_come_back_by_letter_and_in_order(
    start: Start, prompts: list[Prompt], api: str
) -> None:
    server = start(api=api)
    backend = load(server)

    verdicts = backend.evaluate(prompts)

    assert [logits(one) for one in verdicts] == [expected(prompt) for prompt in prompts]
    software = "-0.30.0"
    assert (backend.name, backend.version) == (
        "Qwen/Qwen2-7B",
        f"Qwen/Qwen2-7B/{api}{software}",
    )


def test_one_token_is_generated_and_no_prompt_logprobs_are_asked(
    start: Start, prompts: list[Prompt]
) -> None:
    server = start()

    load(server).evaluate(prompts[:1])

    body = server.bodies("/v1/completions")[-1]
    assert (body["max_tokens"], body["temperature"]) == (1, 0)
    assert body["prompt"] == prompts[0].text
    assert len(body["logprob_token_ids"]) == prompts[0].n_letters
    assert not {"prompt_logprobs", "echo"} & body.keys()


def test_letters_that_the_server_keeps_back_are_that_prompts_error(
    start: Start, prompts: list[Prompt]
) -> None:
    server = start()
    backend = load(server)
    server.omitted = "D"

    few, many = backend.evaluate(prompts[:2])

    assert logits(few) == expected(prompts[0])
    assert "no log-probability for the letters D: vLLM must know logprob_token_ids" in str(many)


def test_a_server_too_old_for_single_letters_is_refused_at_load(start: Start) -> None:
    with pytest.raises(ModelError, match="first prompt: the server gave no log-probability"):
        load(start(knows_token_ids=False))


def test_one_refused_prompt_fails_alone(start: Start, prompts: list[Prompt]) -> None:
    server = start()
    backend = load(server, server_concurrency=1)
    server.faults.extend([lambda: error(400, "maximum context length is 4096 tokens")])

    refused, *others = backend.evaluate(prompts)

    assert isinstance(refused, ModelError)
    assert "answered 400: maximum context length is 4096 tokens" in str(refused)
    assert [logits(one) for one in others] == [expected(prompt) for prompt in prompts[1:]]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"choices":[],"usage":{}}', b"\xff"])
def test_an_answer_that_cannot_be_read_fails_its_prompt(
    start: Start, prompts: list[Prompt], content: bytes
) -> None:
    server = start()
    backend = load(server, server_concurrency=1)
    server.faults.append(lambda: (200, {}, content))

    garbled, good = backend.evaluate(prompts[:2])

    assert "the server's answer cannot be read" in str(garbled)
    assert logits(good) == expected(prompts[1])


@pytest.mark.parametrize(
    "fault", [lambda: None, lambda: error(503, "starting"), lambda: error(429, "slow down")]
)
def test_a_server_that_stumbles_is_asked_again(
    start: Start, prompts: list[Prompt], fault: Callable[[], Any]
) -> None:
    server = start()
    backend = load(server)
    server.faults.extend([fault, fault])

    (verdict,) = backend.evaluate(prompts[:1])

    assert logits(verdict) == expected(prompts[0])
    assert len(server.bodies("/v1/completions")) == 1 + 3, "the first is the probe at load"


def test_a_server_says_how_long_to_wait(start: Start, prompts: list[Prompt]) -> None:
    server = start()
    backend = load(server)
    server.faults.append(lambda: error(429, "slow down", Retry_After="1"))

    started = time.monotonic()
    backend.evaluate(prompts[:1])

    assert time.monotonic() - started >= 1.0


def test_time_is_limited_for_the_whole_batch(start: Start, prompts: list[Prompt]) -> None:
    server = start()
    backend = load(server, server_timeout_s=1.5, server_concurrency=1)
    server.delay_s = 1.0

    started = time.monotonic()
    first, *others = backend.evaluate(prompts)

    assert time.monotonic() - started < 2.5
    assert logits(first) == expected(prompts[0])
    assert {type(one) for one in others} == {ServiceError}
    assert "answered within 1.5 s: it was still waited for" in str(others[0])
    assert "none had a connection free" in str(others[-1])


def test_no_server_at_all_concerns_the_whole_batch(start: Start, prompts: list[Prompt]) -> None:
    server = start()
    backend = load(server, server_timeout_s=1.5)
    server.faults.extend([lambda: error(503, "shutting down")] * 100)

    with pytest.raises(ServiceError, match=r"within 1\.5 s: .* answered 503: shutting down"):
        backend.evaluate(prompts)


def test_as_many_are_asked_at_once_as_is_set(start: Start, prompts: list[Prompt]) -> None:
    server = start()
    backend = load(server, server_concurrency=3)
    server.delay_s = 0.05

    verdicts = backend.evaluate(prompts * 3)

    assert [logits(one) for one in verdicts] == [expected(prompt) for prompt in prompts * 3]
    assert server.most_at_once == 3
    assert backend.batch_size == 3


def test_connections_are_used_again(start: Start, prompts: list[Prompt]) -> None:
    server = start()
    backend = load(server)
    n_before = server.n_connections

    for prompt in prompts * 4:
        backend.evaluate([prompt])

    assert server.n_connections == n_before == 1


def test_a_users_prompts_go_to_one_server_and_to_the_other_when_it_is_down(
    start: Start, prompts: list[Prompt]
) -> None:
    # Ports are random, and so is who gets whom: of forty beginnings some are each server's.
    many = [replace(prompts[0], prefix=f"{n}\n{prompts[0].prefix}") for n in range(40)]
    servers = [start(), start()]
    backend = load(*servers)
    for server in servers:
        server.asked.clear()

    backend.evaluate(many)
    backend.evaluate(many)
    seen = [[body["prompt"] for body in one.bodies("/v1/completions")] for one in servers]
    servers[0].faults.extend([lambda: None] * 200)
    verdicts = backend.evaluate(many)

    assert all(seen)
    assert not set(seen[0]) & set(seen[1])
    assert [logits(one) for one in verdicts] == [expected(prompt) for prompt in many]


def test_the_key_is_sent_and_never_shown(
    start: Start, prompts: list[Prompt], caplog: pytest.LogCaptureFixture
) -> None:
    server = start(key="s3cret")
    caplog.set_level(logging.DEBUG)

    backend = load(server, server_api_key="s3cret")
    assert logits(backend.evaluate(prompts[:1])[0]) == expected(prompts[0])
    with pytest.raises(ServiceError, match="answered 401: Unauthorized: set server_api_key") as bad:
        load(server, server_api_key="wr0ng")

    assert "s3cret" not in caplog.text
    assert "wr0ng" not in caplog.text + str(bad.value)


@pytest.mark.parametrize(
    ("options", "settings", "said"),
    [
        ({}, {"model": "Llama"}, "model must be 'Llama' on .*, got 'Qwen/Qwen2-7B'"),
        ({"splits_letters": True}, {}, "must have a single token for each of ' A' to ' T'"),
        (
            {},
            {"server_tokenizer": "/nowhere"},
            "server_tokenizer must be a readable tokenizer.json",
        ),
    ],
)
def test_a_cluster_that_cannot_serve_is_refused_at_load(
    start: Start, options: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(CherryRecError, match=said):
        load(start(**options), **settings)


def test_a_cluster_that_is_not_there_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = GpuConfig(
        backend="http", server_urls=(f"http://127.0.0.1:{port}",), server_timeout_s=0.3
    )

    with pytest.raises(
        ServiceError, match=rf"no server of .*:{port} answered within 0.3 s: .*reach"
    ):
        load_backend(config)


def test_scores_are_numbers_of_double_precision(start: Start, prompts: list[Prompt]) -> None:
    server = start(utility=lambda title, prefix: -1.0 / 3.0)

    (verdict,) = load(server).evaluate(prompts[-1:])

    assert isinstance(verdict, LetterScores)
    assert verdict.logits.dtype == np.float64
    assert verdict.logits.tolist() == [-1.0 / 3.0] * len(LETTERS[: prompts[-1].n_letters])


def test_it_leaves_nothing_open_when_the_process_ends(start: Start) -> None:
    server = start()
    program = (
        "from gpu_worker.backends import load_backend; from gpu_worker.config import GpuConfig; "
        f"backend = load_backend(GpuConfig(backend='http', server_urls=('{server.url}',))); "
        "import sys; print(sorted({'torch', 'transformers'} & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
