"""What the worker has done since it started."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EvaluatorCounts"]


@dataclass(slots=True)
class EvaluatorCounts:
    """Counts that only ever rise, except `failures_in_a_row`.

    Every request is counted once in `requests` and, when answered, once in `evaluated`, `cached`,
    `expired` or `failed`. `wait_s` sums over prompts, `compute_s` over batches.
    """

    requests: int = 0
    evaluated: int = 0
    cached: int = 0
    expired: int = 0
    failed: int = 0
    batches: int = 0
    prompts: int = 0
    tokens: int = 0
    wait_s: float = 0.0
    compute_s: float = 0.0
    failed_batches: int = 0
    failures_in_a_row: int = 0
