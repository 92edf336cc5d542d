"""The worker without Kafka: the same rendering, batching and model inside a replay."""

from __future__ import annotations

from collections.abc import Sequence

from cherryrec.errors import ServiceError
from cherryrec.events import Evaluation, EvaluationRequest
from gpu_worker.backends import Backend, load_backend
from gpu_worker.config import GpuConfig
from gpu_worker.evaluator import Evaluator

__all__ = ["LocalEvaluator"]


class LocalEvaluator:
    """Evaluates requests in process, deterministically.

    Nothing expires (a replay's clock is not the wall's) and no times are measured: an evaluation
    depends on the request and the model alone, up to the rounding of batches.

    Parameters
    ----------
    backend
        The model.
    config
        Batching, cache and prompt settings; the defaults if absent.

    Raises
    ------
    ServiceError
        From the evaluate methods: `max_failures` batches failed in a row.

    Examples
    --------
    >>> from cherryrec.cnle import evaluation_request
    >>> from cherryrec.events import PromptProfile
    >>> from gpu_worker.backends import ScriptedBackend
    >>> evaluator = LocalEvaluator(ScriptedBackend())
    >>> request = evaluation_request(
    ...     request_id="r1",
    ...     user_id="u1",
    ...     candidates=[("a1", "storm", "weather"), ("a2", "tax", "politics")],
    ...     profile=PromptProfile(history=("Another storm !",)),
    ...     expires_at=0.0,
    ... )
    >>> evaluator.evaluate(request).evaluations
    {'a1': 0.593845, 'a2': 0.349755}
    """

    def __init__(self, backend: Backend, *, config: GpuConfig | None = None) -> None:
        self._config = config or GpuConfig()
        self._evaluator = Evaluator[int](backend, config=self._config, clock=_no_time)

    @classmethod
    def load(cls, config: GpuConfig) -> LocalEvaluator:
        """Load the model that the configuration names; see `load_backend`."""
        return cls(load_backend(config), config=config)

    @property
    def model(self) -> str:
        """The model's version."""
        return self._evaluator.backend.version

    def evaluate(self, request: EvaluationRequest) -> Evaluation:
        """Judge one request."""
        return self.evaluate_many([request])[0]

    def evaluate_many(self, requests: Sequence[EvaluationRequest]) -> list[Evaluation]:
        """Judge requests in shared batches; same length, same order."""
        answered: dict[int, Evaluation] = {}
        for number, request in enumerate(requests):
            answers = self._evaluator.submit(request, number, wall_s=float("-inf"))
            if self._evaluator.room == 0:
                answers += self._evaluator.run_all()
            answered.update((answer.source, answer.evaluation) for answer in answers)
        answers = self._evaluator.run_all()
        answered.update((answer.source, answer.evaluation) for answer in answers)
        failures = self._evaluator.counts.failures_in_a_row
        if failures >= self._config.max_failures:
            last = [one.error for one in answered.values() if one.error][-1]
            msg = f"{failures} batches failed in a row, the last with: {last}"
            raise ServiceError(msg)
        return [answered[number] for number in range(len(requests))]


def _no_time() -> float:
    """Return a time that stands still."""
    return 0.0
