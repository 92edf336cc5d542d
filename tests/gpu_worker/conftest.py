from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import pytest

from cherryrec.cnle import evaluation_request
from cherryrec.events import EvaluationRequest, PromptProfile

NEED_TORCH = ["test_causal_lm.py", "test_loading.py", "test_small_model.py"]
collect_ignore = [] if find_spec("torch") else NEED_TORCH

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
