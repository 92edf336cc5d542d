"""The process that holds a stack while nobody looks: starts it, writes it down, ends it."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from cherryrec.errors import ServiceError
from streams.config import KafkaConfig
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

Beside = Callable[[KafkaConfig, threading.Event], None]
"""Goes on beside a stack until its event is set."""

_LOOK_S = 0.5
_BESIDE_S = 3.0


def supervisor_log(folder: Path) -> Path:
    """Where the supervisor of a folder logs."""
    return folder / "logs" / "supervisor.log"


def supervise(settings: StackSettings, beside: Beside | None = None) -> None:
    """Start a stack and hold it until SIGTERM; its folder has one supervisor at a time.

    Parameters
    ----------
    settings
        What to start.
    beside
        Runs in a thread while the stack does, as the readers of a demo: given where Kafka is, and
        what is set when it should end.

    Raises
    ------
    ServiceError
        Something did not come up or was given up, or another supervisor has the folder.
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
            with LocalStack(settings, give_up=logger.critical) as stack:
                state = msgspec.structs.replace(
                    state,
                    phase="ready",
                    bootstrap_servers=stack.kafka.bootstrap_servers,
                    prefix=stack.kafka.prefix,
                )
                logger.info("ready, Kafka at %s", state.bootstrap_servers)
                with _running(beside, stack.kafka):
                    _hold(folder, state, stack)
        except _GivenUp as error:
            write_state(folder, _failed(state, str(error)))
            raise
        except BaseException:
            remove_state(folder)
            raise
        finally:
            logger.info("ended")


@contextlib.contextmanager
def _running(beside: Beside | None, kafka: KafkaConfig) -> Iterator[None]:
    """Run what goes on beside the stack; it is told to end, and not waited for long."""
    ending = threading.Event()
    thread = None
    if beside is not None:
        thread = threading.Thread(target=beside, args=(kafka, ending), daemon=True)
        thread.start()
    try:
        yield
    finally:
        ending.set()
        if thread is not None:
            thread.join(_BESIDE_S)


class _GivenUp(ServiceError):
    """A part has ended too often: what is left of the stack was ended, and the state says why."""


def _failed(state: StackState, reason: str) -> StackState:
    return msgspec.structs.replace(state, phase="failed", reason=reason, processes=())


def _hold(folder: Path, state: StackState, stack: LocalStack) -> None:
    """Write down which processes there are, until a signal ends this one or a part is given up."""
    written: tuple[ProcessState, ...] = ()
    while True:
        processes = _processes(stack, written)
        if processes != written:
            write_state(folder, msgspec.structs.replace(state, processes=processes))
            written = processes
        time.sleep(_LOOK_S)
        try:
            stack.check()
        except ServiceError as error:
            raise _GivenUp(str(error)) from error


def _processes(stack: LocalStack, before: tuple[ProcessState, ...]) -> tuple[ProcessState, ...]:
    """Return the processes; one that has just ended is the one that it was."""
    restarts = {} if stack.keeper is None else stack.keeper.restarts
    processes = {one.name: one for one in before}
    found = [(one.name, one.process.pid, one.log_file, one.http_port) for one in stack.children()]
    if stack.broker is not None and stack.broker.pid is not None:
        found.insert(0, ("kafka", stack.broker.pid, stack.broker.log_file, 0))
    for name, pid, log_file, port in found:
        with contextlib.suppress(ServiceError):
            processes[name] = process_state(
                name, pid, log_file, http_port=port, restarts=restarts.get(name, 0)
            )
    return tuple(processes.values())


def _end(number: int, frame: object) -> None:
    """End the stack, once: a second signal must not stop the stopping."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    raise SystemExit(0)
