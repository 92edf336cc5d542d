"""`cherryrec up` and `cherryrec down`: the whole system on this machine, left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.options import has_llm, with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ConfigError, ServiceError

if TYPE_CHECKING:
    from streams.stack import StackState

__all__ = ["STACK_FOLDER", "down", "up"]

STACK_FOLDER = Path("var/stack")
_POLL_S = 0.1
_BEGUN_S = 1.0
_GRACE_S = 90.0
_CHILD_GRACE_S = 20.0

_folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path, resolve_path=True),
    default=STACK_FOLDER,
    show_default=True,
    help="For data, tables, logs and the state file.",
)
_compose_option = click.option(
    "--compose", is_flag=True, help="Containers by docker-compose.yml instead of local processes."
)


@click.command()
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Stream workers."
)
@click.option(
    "--llm/--no-llm",
    default=None,
    help="With or without the language model; default: with it if it is installed.",
)
@_folder_option
@_compose_option
@click.option(
    "--external-kafka",
    is_flag=True,
    help="Start only the workers, on the cluster of --bootstrap-servers or the settings.",
)
@click.option(
    "--page",
    is_flag=True,
    help="Start the HTTP gateway as well: the API, and the page.",
)
@click.option(
    "--demo",
    is_flag=True,
    help="As --page, with generated news and readers, and a reader to be played by hand.",
)
@with_settings
@click.pass_context
def up(
    context: click.Context,
    settings: Settings,
    workers: int,
    llm: bool | None,
    folder: Path,
    compose: bool,
    external_kafka: bool,
    page: bool,
    demo: bool,
) -> None:
    """Start Kafka, the workers and the learner in the background, until `cherryrec down`."""
    from streams.stack import read_state

    if context.params["bootstrap_servers"] and not external_kafka:
        msg = "--bootstrap-servers needs --external-kafka: `up` starts a Kafka of its own otherwise"
        raise ConfigError(msg)
    if demo and (external_kafka or compose):
        msg = "--demo starts a Kafka of its own: generated readers belong on no other"
        raise ConfigError(msg)
    if compose:
        from cherryrec.cli.compose import compose_up

        compose_up(n_workers=workers, has_evaluator=bool(llm))
        return
    state = read_state(folder)
    if state is not None and state.supervisor.is_running:
        _say_running(state, folder)
        return
    if state is not None:
        _clean_up(state, folder)
    with _announced(folder):
        _up(
            settings,
            context.params["config"],
            workers,
            llm,
            folder,
            external_kafka,
            is_demo=demo,
            has_page=page or demo,
        )


def _up(
    settings: Settings,
    config: Path | None,
    workers: int,
    llm: bool | None,
    folder: Path,
    external_kafka: bool,
    *,
    is_demo: bool,
    has_page: bool,
) -> None:
    """Start all of it and say where it is."""
    from cherryrec.cli.demo_news import demo_port

    is_evaluated = has_llm(settings) if llm is None else llm
    kafka = f"on {settings.kafka.bootstrap_servers}" if external_kafka else "with Kafka"
    click.echo(
        f"starting {workers} stream worker{'s' if workers > 1 else ''} and the learner {kafka}, "
        f"{'with' if is_evaluated else 'without'} a language model"
    )
    command = [
        *(sys.executable, "-m", "cherryrec.cli.supervise", str(folder)),
        *("--workers", str(workers), "--llm" if is_evaluated else "--no-llm"),
        *("--bootstrap-servers", settings.kafka.bootstrap_servers),
        *("--prefix", settings.kafka.prefix),
        *(("--external-kafka",) if external_kafka else ()),
        *(("--demo",) if is_demo else ()),
        *(("--page-port", str(demo_port(settings.gateway.port))) if has_page else ()),
    ]
    started = time.monotonic()
    state = _start(command, folder, config=config)
    click.echo(f"ready after {time.monotonic() - started:.0f} s")
    _say(state, folder)


@contextmanager
def _announced(folder: Path) -> Iterator[None]:
    """Write down that this process is starting a stack, so that `down` finds it from now on.

    The supervisor puts itself in this process's place. SIGTERM ends both.
    """
    from streams.stack import (
        StackState,
        process_state,
        read_state,
        remove_state,
        supervisor_log,
        write_state,
    )

    log_file = supervisor_log(folder)
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        own = process_state("up", os.getpid(), log_file)
        write_state(folder, StackState(phase="starting", supervisor=own))
    except OSError as error:
        msg = f"--folder must be writable, {str(folder)!r} is not: {error}"
        raise ConfigError(msg) from error
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        state = read_state(folder)
        if state is not None and state.supervisor == own:
            remove_state(folder)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


@click.command()
@_folder_option
@_compose_option
def down(folder: Path, compose: bool) -> None:
    """End what `cherryrec up` started; data and logs stay in the folder."""
    from streams.stack import end_processes, read_state, remove_state

    if compose:
        from cherryrec.cli.compose import compose_down

        compose_down()
        return
    state = read_state(folder)
    give_up = time.monotonic() + _BEGUN_S
    while state is None and time.monotonic() < give_up:  # an `up` may just have been typed
        time.sleep(_POLL_S)
        state = read_state(folder)
    if state is None:
        click.echo(f"nothing runs in {folder}")
        return
    if not state.supervisor.is_running:
        _clean_up(state, folder)
        return
    end_processes([state.supervisor], grace_s=_GRACE_S)
    end_processes(state.processes, grace_s=_CHILD_GRACE_S)
    remove_state(folder)
    names = ", ".join(one.name for one in (state.supervisor, *state.processes))
    click.echo(f"ended: {names}; data and logs stay in {folder}")


def _start(command: list[str], folder: Path, *, config: Path | None) -> StackState:
    """Start the supervisor in a session of its own and wait until all is ready."""
    from streams.stack import read_state, supervisor_log

    log_file = supervisor_log(folder)
    environment = dict(os.environ)
    if config is not None:
        environment["CHERRYREC_CONFIG"] = str(config.resolve())
    with log_file.open("ab") as log:
        begin = log.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    try:
        while True:
            ended = process.poll()
            state = read_state(folder)
            if state is not None and state.phase == "ready":
                return state
            if ended == 0:
                msg = "the stack was ended while it started: `cherryrec down` does that"
                raise ServiceError(msg)
            if ended is not None:
                raise ServiceError(_failure(log_file, begin, ended))
            time.sleep(_POLL_S)
    except (KeyboardInterrupt, SystemExit):
        process.terminate()
        process.wait()
        raise


def _failure(log_file: Path, begin: int, code: int) -> str:
    """Return why the supervisor ended, in its own words."""
    with log_file.open("rb") as log:
        log.seek(begin)
        lines = log.read().decode(errors="replace").splitlines()
    said = [line for line in lines if line.startswith("cherryrec: error: ")] or lines[-1:]
    reason = said[-1].removeprefix("cherryrec: error: ") if said else f"it ended with code {code}"
    return f"the stack did not come up: {reason} (log: {log_file})"


def _say_running(state: StackState, folder: Path) -> None:
    """Say that it runs already; fail if a part of it does not."""
    place = f"in {folder} (process {state.supervisor.pid})"
    if state.phase == "starting":
        click.echo(f"starting already {place}")
        return
    ended = [one for one in state.processes if not one.is_running]
    if ended:
        logs = ", ".join(one.log_file for one in ended)
        msg = (
            f"a stack runs {place}, but {', '.join(one.name for one in ended)} has ended "
            f"(log: {logs}); its supervisor starts it again, or ends and says why: look once more"
        )
        raise ServiceError(msg)
    click.echo(f"running already {place}")
    _say(state, folder)


def _say(state: StackState, folder: Path) -> None:
    from cherryrec.cli.demo_news import page_address

    click.echo(f"bootstrap servers: {state.bootstrap_servers}")
    gateways = [one for one in state.processes if one.name == "gateway"]
    for one in gateways:
        click.echo(f"the page: {page_address(one.http_port)}")
    for one in state.processes:
        probes = f"http://127.0.0.1:{one.http_port}/ready and /metrics, " if one.http_port else ""
        again = f", started again {one.restarts} times" if one.restarts else ""
        click.echo(f"  {one.name}: {probes}log {one.log_file}{again}")
    click.echo(
        f"for other commands: export CHERRYREC_KAFKA_BOOTSTRAP_SERVERS={state.bootstrap_servers}"
    )
    option = "" if folder == STACK_FOLDER.resolve() else f" --folder {folder}"
    click.echo(f"end it with: cherryrec down{option}")


def _clean_up(state: StackState, folder: Path) -> None:
    """Remove the traces of a supervisor that was killed, and what may be left of it."""
    from streams.stack import end_processes, remove_state

    left = end_processes(state.processes, grace_s=_CHILD_GRACE_S)
    remove_state(folder)
    also = f"; ended what was left of it: {', '.join(left)}" if left else ""
    how = f"ended by itself: {state.reason}" if state.reason else "was killed before"
    click.echo(f"a stack in {folder} {how}{also}")
