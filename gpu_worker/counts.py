"""What the worker has done since it started."""

from __future__ import annotations

from dataclasses import dataclass, field

from cherryrec.supervised import Gates
from gpu_worker.cache import ScoreCache

__all__ = ["EvaluatorCounts", "WorkerState"]


@dataclass(slots=True)
class EvaluatorCounts:
    """Counts that only ever rise, except `failures_in_a_row`.

    Every request is counted once in `requests` and, when answered, once in `evaluated`, `cached`,
    `expired` or `failed`; those left to another worker are in `given_away`. `wait_s` sums over
    prompts, `compute_s` over batches.
    """

    requests: int = 0
    evaluated: int = 0
    cached: int = 0
    expired: int = 0
    failed: int = 0
    given_away: int = 0
    batches: int = 0
    prompts: int = 0
    tokens: int = 0
    wait_s: float = 0.0
    compute_s: float = 0.0
    failed_batches: int = 0
    failures_in_a_row: int = 0


@dataclass(slots=True)
class WorkerState:
    """What probes and metrics read of a running worker, from another thread.

    Parameters
    ----------
    is_ready
        The model is loaded and the group has given the worker its share.
    last_step_at
        Monotonic seconds of the loop's last step; None before the first.
    pending
        Prompts and requests in memory.
    dead_letters
        Requests that could not be decoded.
    unreadable
        Which partitions stand still at a batch that cannot be read, and why; empty: none.
    unreadable_batches
        Polls that ended at one.
    model
        Version of the model, empty before it is loaded.
    lora_swaps, lora_refusals
        Published LoRA weights that were put on, and that could not be.
    gates
        What else must hold: that Kafka answers.
    """

    is_ready: bool = False
    last_step_at: float | None = None
    pending: int = 0
    dead_letters: int = 0
    unreadable: str = ""
    unreadable_batches: int = 0
    model: str = ""
    lora_swaps: int = 0
    lora_refusals: int = 0
    gates: Gates = field(default_factory=Gates)
    counts: EvaluatorCounts = field(default_factory=EvaluatorCounts)
    cache: ScoreCache = field(default_factory=lambda: ScoreCache(max_bytes=0))

    def waits_for(self) -> str:
        """Return why the worker takes no requests; empty when it does."""
        closed = self.gates.closed()
        if self.unreadable:
            closed["batch"] = f"a batch cannot be read: {self.unreadable}"
        if not self.is_ready:
            closed = {"worker": "loading or joining", **closed}
        return "; ".join(closed.values())

    def is_alive(self, now: float, *, within_s: float) -> bool:
        """Whether the loop has made a step lately, or is still loading its model."""
        return self.last_step_at is None or now - self.last_step_at <= within_s
