from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gpu_worker
from cherryrec.errors import ConfigError
from gpu_worker.config import GpuConfig

ROOT = Path(gpu_worker.__file__).parent
MODEL_LIBRARIES = {"torch", "transformers", "peft", "bitsandbytes", "tokenizers", "safetensors"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_only_backends_finetuning_and_networks_import_model_libraries() -> None:
    for path in sorted(ROOT.rglob("*.py")):
        found = set(imports(path))
        assert not found & {"faust", "streams"}, path
        if not {"backends", "finetune", "sequential", "generative"} & set(path.parts):
            assert not found & MODEL_LIBRARIES, path


@pytest.mark.slow
def test_importing_the_worker_imports_no_model_library() -> None:
    program = (
        (
            "import sys, gpu_worker.main, gpu_worker.in_process, gpu_worker.finetune; "
            "import gpu_worker.backends.http; "
            f"print(sorted({sorted(MODEL_LIBRARIES)!r} & sys.modules.keys()))"
        )
        .replace("]", "})", 1)
        .replace("[", "({", 1)
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_wait_s", float("nan")),
        ("max_batch_tokens", 0),
        ("dtype", "int8"),
        ("device", "tpu"),
        ("n_permutations", 9),
        ("max_history", 21),
        ("templates", ("behaviour/81",)),
        ("backend", "grpc"),
        ("server_urls", ("127.0.0.1:8000",)),
        ("server_api", "openai"),
        ("server_timeout_s", 0.0),
        ("model", ""),
    ],
)
def test_settings_out_of_range_are_named(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        GpuConfig(**{name: value})  # type: ignore[arg-type]


def test_a_cluster_without_servers_or_with_too_much_time_is_refused() -> None:
    with pytest.raises(ConfigError, match="server_urls must name at least one server"):
        GpuConfig(backend="http")
    with pytest.raises(ConfigError, match="server_timeout_s must be below max_step_s, 120, got"):
        GpuConfig(backend="http", server_urls=("http://a",), server_timeout_s=120.0)


def test_the_key_of_the_servers_is_not_shown() -> None:
    assert "secret" not in repr(GpuConfig(server_api_key="secret"))
