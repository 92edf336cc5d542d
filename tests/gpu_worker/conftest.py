from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from cherryrec.cnle import Prompt, evaluation_request, render
from cherryrec.events import EvaluationRequest, PromptProfile

NEED_TORCH = [
    "tiny_qwen.py",
    "test_causal_lm.py",
    "test_four_bits.py",
    "test_gpu_session.py",
    "test_checkpoints.py",
    "test_loading.py",
    "test_lora.py",
    "test_lora_swap.py",
    "tiny_lora.py",
    "test_small_model.py",
    "test_title_attacks.py",
    "test_training.py",
]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave alone what imports torch where it is not installed or not wanted."""
    is_wanted = find_spec("torch") and "not torch" not in config.getoption("markexpr")
    return True if collection_path.name in NEED_TORCH and not is_wanted else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs torch."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.path.name in NEED_TORCH:
            item.add_marker(pytest.mark.torch)


WORDS = ("storm", "tax", "football", "plan", "coast", "market", "wins", "court", "film", "star")


@pytest.fixture(scope="session")
def ask() -> Callable[..., EvaluationRequest]:
    def request_of(number: int = 0, *, n: int = 5, **changes: object) -> EvaluationRequest:
        def title(index: int) -> str:
            return " ".join(WORDS[(number + index * step) % len(WORDS)] for step in (1, 3, 5))

        fields: dict[str, object] = {
            "request_id": f"r{number}",
            "user_id": f"u{number}",
            "candidates": [(f"a{index:02}", title(index), "news") for index in range(n)],
            "profile": PromptProfile(history=tuple(title(index) for index in range(number % 4))),
            "expires_at": 100.0,
        }
        return evaluation_request(**(fields | changes))  # type: ignore[arg-type]

    return request_of


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.gpu_worker.tiny_qwen import write_checkpoint  # torch may not be installed

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny-qwen2"
    write_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def prompts(ask: Callable[..., EvaluationRequest]) -> list[Prompt]:
    return [render(ask(number, n=3 + 4 * number))[0] for number in range(5)]
