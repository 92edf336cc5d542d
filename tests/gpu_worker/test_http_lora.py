"""LoRA weights on a cluster: loaded by every server, tried, and only then asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from cherryrec.cnle import Prompt
from cherryrec.errors import ModelError, ServiceError
from gpu_worker.backends import LetterScores, Tunable, load_backend
from gpu_worker.backends.http import HttpBackend
from gpu_worker.config import GpuConfig
from gpu_worker.lora import LoraWeights
from tests.gpu_worker.lora_folder import write_folder
from tests.gpu_worker.wire_server import WireServer, serving

Pair = list[WireServer]


@pytest.fixture(params=["vllm", "sglang"])
def servers(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two servers that score by the length of titles under any LoRA weights."""
    with ExitStack() as stack:
        yield [stack.enter_context(serving(WireServer(api=request.param))) for _ in range(2)]


def load(servers: Pair, **settings: object) -> HttpBackend:
    urls = tuple(server.url for server in servers)
    backend = load_backend(GpuConfig(backend="http", server_urls=urls, **settings))  # type: ignore[arg-type]
    assert isinstance(backend, HttpBackend)
    return backend


def weights(folder: Path, text: bytes, servers: Pair) -> LoraWeights:
    written = write_folder(folder, base="Qwen2-7B", weights=text)
    for server in servers:
        server.bonus[f"cnle-{written.fingerprint}"] = len(text) / 8
    return written


def logits(backend: HttpBackend, prompts: list[Prompt]) -> list[bytes]:
    verdicts = backend.evaluate(prompts)
    assert all(isinstance(one, LetterScores) for one in verdicts), verdicts
    return [one.logits.tobytes() for one in verdicts if isinstance(one, LetterScores)]


def test_every_server_loads_the_weights_and_is_asked_for_them(
    servers: Pair, prompts: list[Prompt], tmp_path: Path
) -> None:
    backend = load(servers)
    one = weights(tmp_path / "one", b"1", servers)
    plain = logits(backend, prompts)

    backend.take_lora(one)
    tuned = logits(backend, prompts)
    version = backend.version
    backend.take_lora(None)

    assert isinstance(backend, Tunable)
    assert version.endswith(f"+lora:{one.fingerprint}")
    assert [server.loras for server in servers] == [{f"cnle-{one.fingerprint}": one.path}] * 2
    assert all(a != b for a, b in zip(plain, tuned, strict=True))
    assert logits(backend, prompts) == plain
    assert "+lora" not in backend.version


def test_weights_that_another_worker_had_loaded_are_used(
    servers: Pair, prompts: list[Prompt], tmp_path: Path
) -> None:
    one = weights(tmp_path / "one", b"1", servers)
    first, second = load(servers), load(servers)

    first.take_lora(one)
    second.take_lora(one)

    assert logits(first, prompts) == logits(second, prompts)


def test_weights_before_the_last_are_unloaded(servers: Pair, tmp_path: Path) -> None:
    backend = load(servers)
    sets = [weights(tmp_path / str(n), b"x" * n, servers) for n in range(1, 5)]

    for each in (*sets, sets[2], None):
        backend.take_lora(each)

    names = {f"cnle-{one.fingerprint}" for one in sets[2:]}
    assert [set(server.loras) for server in servers] == [names] * 2


def test_weights_of_the_settings_are_loaded_at_start(
    servers: Pair, prompts: list[Prompt], tmp_path: Path
) -> None:
    one = weights(tmp_path / "one", b"1", servers)

    backend = load(servers, lora_path=one.path)

    assert backend.version.endswith(f"+lora:{one.fingerprint}")
    assert logits(backend, prompts) != logits(load(servers), prompts)


def test_weights_that_a_server_cannot_use_leave_the_old_ones(
    servers: Pair, prompts: list[Prompt], tmp_path: Path
) -> None:
    backend = load(servers)
    one, two = (weights(tmp_path / str(n), b"x" * n, servers) for n in (1, 2))
    backend.take_lora(one)
    before = backend.version, logits(backend, prompts)

    for bad, said in (
        (replace(two, path=str(tmp_path / "missing")), "the servers must load LoRA weights from"),
        (replace(two, base="Llama"), "must have tuned 'Qwen2-7B', got 'Llama'"),
        (replace(two, fingerprint="0" * 12), "must have fingerprint '000000000000'"),
    ):
        with pytest.raises(ModelError, match=said):
            backend.take_lora(bad)
    for server in servers:
        server.omitted = "C"
    with pytest.raises(ModelError, match="no log-probability for the letters C"):
        backend.take_lora(two)
    for server in servers:
        server.omitted = ""

    assert (backend.version, logits(backend, prompts)) == before


def test_a_vllm_server_that_forgot_the_weights_is_passed_over(
    prompts: list[Prompt], tmp_path: Path
) -> None:
    with serving(WireServer()) as first, serving(WireServer()) as second:
        backend = load([first, second], server_timeout_s=1.5)
        backend.take_lora(weights(tmp_path / "one", b"1", [first, second]))
        before = logits(backend, prompts)

        first.loras.clear()
        assert logits(backend, prompts) == before
        second.loras.clear()
        with pytest.raises(ServiceError, match=r"answered 404: The model `cnle-.*` does not exist"):
            backend.evaluate(prompts)
