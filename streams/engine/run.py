"""One worker in this process, until a signal or a failure ends it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

import faust
import uvloop
from mode.types import ServiceT

from cherryrec.supervised import Ending, TurnWatch

__all__ = ["end_as_signalled", "run_worker"]

logger = logging.getLogger(__name__)


def run_worker(
    app: faust.App,
    *services: ServiceT,
    turns: TurnWatch | None = None,
    stop_s: float = 15.0,
    use_uvloop: bool = True,
) -> int:
    """Run the worker; logging must be set up by the caller.

    Parameters
    ----------
    app
        The app with its agents and tables.
    services
        Started before the app and stopped after it.
    turns
        Looks at the loop from a thread; absent: nobody does.
    stop_s
        Time for a stop, in seconds; then the process ends with `UNFINISHED`.
    use_uvloop
        uvloop serves a fifth more events than asyncio's own loop.

    Returns
    -------
    int
        The exit code: 0 after SIGTERM or SIGINT, 1 after a failure.
    """
    if use_uvloop:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = faust.Worker(
        app,
        *services,
        loop=loop,
        quiet=True,
        override_logging=False,
        redirect_stdouts=False,
        stdout=sys.stderr,
    )
    worker.spinner = None
    ending = Ending(stop_s, is_stopping=lambda: app.should_stop or worker.should_stop)
    loop.call_soon(ending.start)  # once the loop has taken the signals
    if turns is not None:
        turns.follow(loop)
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    reason = worker.crash_reason or app.crash_reason
    if reason is not None:
        logger.critical("the worker failed: %r", reason)
        code = code or 1
    if turns is not None:
        turns.stop()
    ending.stop()
    return code


def end_as_signalled(*, within_s: float) -> None:
    """End this process as SIGTERM does; at once, with code 1, where that takes too long.

    Parameters
    ----------
    within_s
        How long it may take, in seconds.
    """
    last = threading.Timer(within_s, os._exit, (1,))
    last.daemon = True
    last.start()
    os.kill(os.getpid(), signal.SIGTERM)
