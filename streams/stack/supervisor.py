"""The process that holds a stack while nobody looks: starts it, writes it down, ends it."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import time
from pathlib import Path

import msgspec

from cherryrec.errors import ServiceError
from streams.stack.stack import LocalStack, StackSettings
from streams.stack.state import (
    ProcessState,
    StackState,
    process_state,
    remove_state,
    write_state,
)

__all__ = ["supervise", "supervisor_log"]

logger = logging.getLogger(__name__)

_LOOK_S = 0.5


def supervisor_log(folder: Path) -> Path:
    """Where the supervisor of a folder logs."""
    return folder / "logs" / "supervisor.log"


def supervise(settings: StackSettings) -> None:
    """Start a stack and hold it until SIGTERM; its folder has one supervisor at a time.

    Raises
    ------
    ServiceError
        Something did not come up, or another supervisor has the folder.
    """
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    with (folder / "stack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"folder {str(folder)!r} has a stack already: `cherryrec down` ends it"
            raise ServiceError(msg) from error
        state = StackState(
            phase="starting",
            supervisor=process_state("supervisor", os.getpid(), supervisor_log(folder)),
        )
        try:
            write_state(folder, state)
            with LocalStack(settings) as stack:
                state = msgspec.structs.replace(
                    state,
                    phase="ready",
                    bootstrap_servers=stack.kafka.bootstrap_servers,
                    prefix=stack.kafka.prefix,
                    processes=_processes(stack),
                )
                write_state(folder, state)
                logger.info("ready, Kafka at %s", state.bootstrap_servers)
                _watch(state)
        finally:
            remove_state(folder)
            logger.info("ended")


def _processes(stack: LocalStack) -> tuple[ProcessState, ...]:
    children = [
        process_state(one.name, one.process.pid, one.log_file, http_port=one.http_port)
        for one in stack.children()
    ]
    if stack.broker is not None and stack.broker.pid is not None:
        children.insert(0, process_state("kafka", stack.broker.pid, stack.broker.log_file))
    return tuple(children)


def _watch(state: StackState) -> None:
    """Say which processes end, until a signal ends this one."""
    running = list(state.processes)
    while True:
        time.sleep(_LOOK_S)
        for one in [one for one in running if not one.is_running]:
            running.remove(one)
            logger.error("%s has ended by itself: %s says why", one.name, one.log_file)


def _end(number: int, frame: object) -> None:
    """End the stack, once: a second signal must not stop the stopping."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    raise SystemExit(0)
