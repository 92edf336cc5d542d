"""`cherryrec worker stream|learner|gpu`: one worker in this process."""

from __future__ import annotations

import logging
import sys

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ServiceError

__all__ = ["worker"]


@click.group()
def worker() -> None:
    """Run one worker until SIGTERM or Ctrl-C; it logs to standard error."""
    from cherryrec.supervised import Repeats

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Repeats())
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("aiokafka", "kafka", "faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@worker.command()
@with_settings
def stream(settings: Settings) -> None:
    """Run the agents: profiles, attention, selection, ranking."""
    from cherryrec.tracing import tracing
    from streams.engine import rare_collections
    from streams.worker import StreamWorker

    rare_collections()  # what is imported stays
    with tracing(settings.tracing, "stream") as tracer:
        worker = StreamWorker(settings.kafka, settings.stream, settings.core, tracer=tracer)
        code = worker.run()
    _end(code)


@worker.command()
@with_settings
def learner(settings: Settings) -> None:
    """Run the learner: examples to models."""
    from streams.learner import LearnerProcess

    _end(LearnerProcess(settings.kafka, settings.learner, settings.core).run())


@worker.command()
@with_settings
def gpu(settings: Settings) -> None:
    """Run CnLE: the language model that evaluates candidates."""
    from cherryrec.tracing import tracing
    from gpu_worker.main import run_gpu_worker

    with tracing(settings.tracing, "gpu") as tracer:
        code = run_gpu_worker(
            settings.gpu,
            topic_prefix=settings.kafka.prefix,
            client_kwargs=settings.kafka.client_options(),
            http_port=settings.gpu.http_port,
            http_host=settings.gpu.http_host,
            tracer=tracer,
        )
    _end(code)


def _end(code: int) -> None:
    if code:
        msg = f"the worker ended with code {code}; its log says why"
        raise ServiceError(msg)
