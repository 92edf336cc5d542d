"""The process of `cherryrec worker gpu`: load, serve probes, loop, stop on a signal."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cherryrec.errors import CherryRecError
from cherryrec.supervised import Ending, Lookout, TurnWatch
from cherryrec.topics import TopicNames
from cherryrec.tracing import Tracer
from gpu_worker.backends import Backend, load_backend
from gpu_worker.config import GpuConfig
from gpu_worker.counts import WorkerState
from gpu_worker.loop import EvaluationLoop
from gpu_worker.probes import probes

__all__ = ["run_gpu_worker"]

logger = logging.getLogger(__name__)


def run_gpu_worker(
    config: GpuConfig,
    *,
    topic_prefix: str,
    client_kwargs: Mapping[str, Any],
    http_port: int,
    http_host: str = "127.0.0.1",
    backend: Backend | None = None,
    tracer: Tracer | None = None,
) -> int:
    """Run a gpu worker until SIGTERM or SIGINT; return the process's exit code.

    Parameters
    ----------
    config
        The worker's settings.
    topic_prefix
        Before every topic's name, its dot included.
    client_kwargs
        kafka-python's settings common to consumer and producer.
    http_port
        For `/live`, `/ready` and `/metrics`; 0 takes any free one, which the log names.
    http_host
        Where they listen.
    backend
        A model that is loaded already; otherwise the configured one is.
    tracer
        Makes spans of questions; None: traces are off.

    Returns
    -------
    0 after a signal, 1 after a failure, which is logged in one line.
    """
    state = WorkerState()
    try:
        with (
            _stopping(config.stop_s) as stopper,
            probes(state, host=http_host, port=http_port, max_step_s=config.max_step_s) as port,
        ):
            logger.info("probes and metrics at http://%s:%d", http_host, port)
            model = backend or load_backend(config)
            logger.info("model %s", model.version)
            loop = EvaluationLoop(
                model,
                config=config,
                topics=TopicNames(topic_prefix),
                client_kwargs=client_kwargs,
                state=state,
                tracer=tracer,
            )
            stopper.attach(loop)
            with _watched(config, state, client_kwargs, loop.topic):
                loop.run()
    except CherryRecError as error:
        logger.error("gpu worker: %s", error)
        return 1
    except _StoppedEarly:
        pass
    logger.info("gpu worker stopped: %s", state.counts)
    return 0


@contextmanager
def _watched(
    config: GpuConfig, state: WorkerState, client_kwargs: Mapping[str, Any], topic: str
) -> Iterator[None]:
    """Look at the loop's steps, at Kafka and at the topic it reads from threads."""
    lookout = Lookout(client_kwargs, [topic], gates=state.gates)
    turns = TurnWatch(config.max_step_s)
    lookout.start()

    def ask() -> None:
        if state.last_step_at is not None:  # it is loading before its first step
            turns.turned(state.last_step_at)

    turns.start(ask)
    try:
        yield
    finally:
        lookout.stop()
        turns.stop()


class _StoppedEarly(BaseException):
    """A signal came while the model was loading."""


class _Stopper:
    """Turns signals into the end of a loop."""

    def __init__(self) -> None:
        self._loop: EvaluationLoop | None = None

    def attach(self, loop: EvaluationLoop) -> None:
        """Let signals stop this loop from now on."""
        self._loop = loop

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """Stop the loop, or the loading before it."""
        if self._loop is None:
            raise _StoppedEarly
        self._loop.stop()


@contextmanager
def _stopping(within_s: float) -> Iterator[_Stopper]:
    """Install the signal handlers; only the main thread can, others are stopped by theirs."""
    stopper = _Stopper()
    if threading.current_thread() is not threading.main_thread():
        yield stopper
        return
    signals = (signal.SIGTERM, signal.SIGINT)
    previous = [signal.signal(one, stopper) for one in signals]
    ending = Ending(within_s)
    ending.start()
    try:
        yield stopper
    finally:
        ending.stop()
        for one, before in zip(signals, previous, strict=True):
            signal.signal(one, before)
