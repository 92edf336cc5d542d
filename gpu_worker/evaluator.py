"""The way of a request through the worker: render, look up, batch, judge, answer.

No Kafka and no clock of its own: the loop and the replay drive the same object. Every request that
is submitted is answered exactly once, with evaluations or with the error that kept them back,
unless it is given away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from cherryrec.cnle import Prompt, evaluations_of, render
from cherryrec.errors import ModelError
from cherryrec.events import Evaluation, EvaluationRequest
from gpu_worker.backends import Backend, LetterScores, Verdict
from gpu_worker.batcher import Batch, Batcher, Job
from gpu_worker.cache import ScoreCache
from gpu_worker.config import GpuConfig
from gpu_worker.counts import EvaluatorCounts
from gpu_worker.pending_requests import Answer, PendingRequest, PromptPlace

__all__ = ["Evaluator"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_MAX_ERROR_CHARACTERS = 300


class Evaluator(Generic[T]):
    """Answers evaluation requests with a backend.

    Parameters
    ----------
    backend
        The model.
    config
        Batching, cache and prompt settings.
    clock
        Monotonic seconds, for waiting and measuring.
    """

    def __init__(self, backend: Backend, *, config: GpuConfig, clock: Callable[[], float]) -> None:
        self.backend = backend
        self.counts = EvaluatorCounts()
        self.cache = ScoreCache(max_bytes=config.cache_bytes)
        self._clock = clock
        self._prompt_config = config.prompt_config
        self._batcher = Batcher[PromptPlace[T]](
            max_batch_size=config.max_batch_size or backend.batch_size,
            max_batch_tokens=config.max_batch_tokens,
            max_wait_s=config.max_wait_s,
            max_pending=config.max_pending,
        )

    @property
    def room(self) -> int:
        """How many more requests are welcome."""
        return self._batcher.room

    @property
    def n_pending(self) -> int:
        """Prompts waiting."""
        return len(self._batcher)

    def wait_s(self) -> float | None:
        """Seconds until a batch is due; 0 if it is, None if nothing waits."""
        due_at = self._batcher.due_at()
        return None if due_at is None else max(0.0, due_at - self._clock())

    def submit(self, request: EvaluationRequest, source: T, *, wall_s: float) -> list[Answer[T]]:
        """Take a request in; answer at once what needs no model.

        Parameters
        ----------
        request
            What to judge.
        source
            Handed back with the answer.
        wall_s
            The time now on the clock of `expires_at`.
        """
        self.counts.requests += 1
        answers: list[Answer[T]] = []
        opened = PendingRequest(source=source, request=request, model=self.backend.version)
        left_s = request.expires_at - wall_s
        if left_s <= 0:
            self._expire(opened, answers)
            return answers
        # The edge around one request: a title that a tokenizer chokes on is that request's error.
        try:
            opened.prompts = render(request, config=self._prompt_config, cut=self.backend.cut)
            self._look_up(opened)
            if opened.is_complete:
                self._finish(opened, answers)
            else:
                self._queue(opened, left_s)
        except Exception as error:
            self._fail(opened, error, answers)
        return answers

    def give_away(self, is_gone: Callable[[T], bool]) -> None:
        """Drop waiting requests that another worker answers now, by their source.

        Parameters
        ----------
        is_gone
            Whether requests of a source are no longer this worker's.
        """
        removed = self._batcher.remove(lambda place: is_gone(place.open.source))
        for opened in {id(place.open): place.open for place in removed}.values():
            if not opened.is_answered:
                opened.is_answered = True
                self.counts.given_away += 1

    def run_due(self) -> list[Answer[T]]:
        """Judge the next batch if it is due."""
        if not self._batcher.is_due(self._clock()):
            return []
        return self._run(self._batcher.take(self._clock()))

    def run_all(self) -> list[Answer[T]]:
        """Judge everything that waits, due or not."""
        answers: list[Answer[T]] = []
        while len(self._batcher):
            answers += self._run(self._batcher.take(self._clock()))
        return answers

    def _look_up(self, opened: PendingRequest[T]) -> None:
        """Take the scores that are known from the cache."""
        for prompt in opened.prompts:
            known = self.cache.get(self._key(prompt))
            opened.logits.append(None if known is None else known.logits)
            opened.n_tokens += 0 if known is None else known.n_tokens

    def _queue(self, opened: PendingRequest[T], left_s: float) -> None:
        """Queue the prompts whose scores are not known."""
        now = self._clock()
        for number, logits in enumerate(opened.logits):
            if logits is None:
                self._batcher.add(
                    PromptPlace(opened, number),
                    n_tokens=self.backend.n_tokens(opened.prompts[number]),
                    expires_at=now + left_s,
                    now=now,
                )

    def _run(self, batch: Batch[PromptPlace[T]]) -> list[Answer[T]]:
        """Judge a batch and answer the requests that it completes."""
        answers: list[Answer[T]] = []
        for job in batch.expired:
            self._expire(job.item.open, answers)
        # A request that was already answered with an error may have prompts left.
        jobs = [job for job in batch.jobs if not job.item.open.is_answered]
        if jobs:
            started = self._clock()
            verdicts = self._judged([job.item.prompt for job in jobs])
            compute_s = self._clock() - started
            self._count(jobs, started, compute_s)
            n_tokens = sum(job.n_tokens for job in jobs) or 1
            for job, verdict in zip(jobs, verdicts, strict=True):
                opened = job.item.open
                opened.wait_s = max(opened.wait_s, started - job.added_at)
                opened.compute_s += compute_s
                opened.n_batch = max(opened.n_batch, len(jobs))
                opened.share_s += compute_s * job.n_tokens / n_tokens
                self._take(job, verdict, answers)
        return answers

    def _judged(self, prompts: list[Prompt]) -> list[Verdict]:
        """Ask the model; what it raises becomes the verdict on each prompt of the batch."""
        try:
            verdicts = self.backend.evaluate(prompts)
            if len(verdicts) != len(prompts):
                msg = f"backend must return {len(prompts)} verdicts, got {len(verdicts)}"
                raise ModelError(msg)
        # The edge around a model: whatever it raises, the requests get an answer.
        except Exception as error:
            self.counts.failed_batches += 1
            self.counts.failures_in_a_row += 1
            logger.exception("a batch of %d prompts failed", len(prompts))
            return [error] * len(prompts)
        self.counts.failures_in_a_row = 0
        return verdicts

    def _take(self, job: Job[PromptPlace[T]], verdict: Verdict, answers: list[Answer[T]]) -> None:
        """Put one verdict where it belongs."""
        place, opened = job.item, job.item.open
        if isinstance(verdict, LetterScores) and len(verdict.logits) != place.prompt.n_letters:
            verdict = ModelError(
                f"backend must score {place.prompt.n_letters} letters, got {len(verdict.logits)}"
            )
        if isinstance(verdict, Exception):
            self._fail(opened, verdict, answers)
            return
        self.cache.put(self._key(place.prompt), verdict)
        if opened.model != self.backend.version:
            self._start_again(opened, job.expires_at)
        opened.logits[place.number] = verdict.logits
        opened.n_tokens += verdict.n_tokens
        opened.n_computed += 1
        self.counts.tokens += verdict.n_tokens
        if opened.is_complete:
            self._finish(opened, answers)

    def _start_again(self, opened: PendingRequest[T], expires_at: float) -> None:
        """Have judged again what other weights judged before they were swapped."""
        opened.model = self.backend.version
        for number, logits in enumerate(opened.logits):
            if logits is not None:
                opened.logits[number] = None
                self._batcher.add(
                    PromptPlace(opened, number),
                    n_tokens=self.backend.n_tokens(opened.prompts[number]),
                    expires_at=expires_at,
                    now=self._clock(),
                )

    def _finish(self, opened: PendingRequest[T], answers: list[Answer[T]]) -> None:
        """Answer a request whose letters are all known."""
        ids = [candidate.article_id for candidate in opened.request.candidates]
        logits = [one for one in opened.logits if one is not None]
        try:
            evaluations = evaluations_of(ids, opened.prompts, logits)
        except ModelError as error:
            self._fail(opened, error, answers)
            return
        is_cached = opened.n_computed == 0
        self.counts.cached += is_cached
        self.counts.evaluated += not is_cached
        self._answer(opened, answers, evaluations=evaluations, is_cached=is_cached)

    def _fail(self, opened: PendingRequest[T], error: Exception, answers: list[Answer[T]]) -> None:
        """Answer with an error, once."""
        if not opened.is_answered:
            self.counts.failed += 1
            lines = str(error).strip().splitlines() or [type(error).__name__]
            self._answer(opened, answers, error=lines[0][:_MAX_ERROR_CHARACTERS])

    def _expire(self, opened: PendingRequest[T], answers: list[Answer[T]]) -> None:
        """Answer that it is too late, once."""
        if not opened.is_answered:
            self.counts.expired += 1
            self._answer(opened, answers, error="expired before it was evaluated")

    def _answer(
        self,
        opened: PendingRequest[T],
        answers: list[Answer[T]],
        *,
        evaluations: dict[str, float] | None = None,
        is_cached: bool = False,
        error: str | None = None,
    ) -> None:
        """Complete a request."""
        opened.is_answered = True
        evaluation = Evaluation(
            request_id=opened.request.request_id,
            user_id=opened.request.user_id,
            evaluations=evaluations or {},
            model=self.backend.version,
            prompt=opened.prompts[0].template_id if opened.prompts else "",
            cached=is_cached,
            error=error,
            tokens=opened.n_tokens,
            wait_ms=round(opened.wait_s * 1e3, 3),
            compute_ms=round(opened.compute_s * 1e3, 3),
            share_ms=round(opened.share_s * 1e3, 3),
        )
        answers.append(Answer(source=opened.source, evaluation=evaluation, n_batch=opened.n_batch))

    def _count(self, jobs: list[Job[PromptPlace[T]]], started: float, compute_s: float) -> None:
        """Count one batch."""
        self.counts.batches += 1
        self.counts.prompts += len(jobs)
        self.counts.compute_s += compute_s
        self.counts.wait_s += sum(started - job.added_at for job in jobs)

    def _key(self, prompt: Prompt) -> tuple[str, bytes]:
        """Where the score cache keeps a prompt."""
        return self.backend.version, prompt.digest
