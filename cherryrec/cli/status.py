"""`cherryrec status`: how a running system stands, on one screen, and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.cli.stack import STACK_FOLDER
from cherryrec.errors import ConfigError, ServiceError

if TYPE_CHECKING:
    from streams.config import KafkaConfig
    from streams.stack import StackState
    from streams.status import Status

__all__ = ["status"]

ORIGINS = {"request": "own requests", "slate": "the site's slates", "click": "clicks alone"}
"""Where examples come from, as it is told."""


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path, resolve_path=True),
    default=STACK_FOLDER,
    show_default=True,
    help="Of a stack that `cherryrec up` started.",
)
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="NAME=URL",
    help="A part's probes, as stream-0=http://10.0.0.5:6066; repeatable.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.1, 1_440.0),
    default=5.0,
    show_default=True,
    help="How far back slates are counted.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@with_settings
@click.pass_context
def status(
    context: click.Context,
    settings: Settings,
    folder: Path,
    urls: tuple[str, ...],
    minutes: float,
    as_json: bool,
) -> None:
    """Show lag, model, slates and parts of a running system; exit 1 if something is wrong.

    Asked are the stack in --folder, if one runs there, or else the cluster of the settings and the
    parts named by --url. Each fault is a sentence that says what to do.
    """
    from streams.stack import read_state
    from streams.status import collect, faults

    parts = dict(_named(url) for url in urls)
    kafka, state = settings.kafka, None
    if not context.params["bootstrap_servers"] and not urls:
        state = read_state(folder)
    if state is not None:
        _check_runs(state, folder)
        kafka = _kafka_of(state, kafka)
        parts = {
            one.name: f"http://127.0.0.1:{one.http_port}"
            for one in state.processes
            if one.http_port
        }
    found = collect(kafka, parts, minutes=minutes)
    if state is not None:
        found = _with_state(found, state)
    wrong = faults(found, model_stale_s=settings.stream.model_stale_s)
    if as_json:
        described = {**msgspec.to_builtins(found), "faults": [one.sentence for one in wrong]}
        click.echo(msgspec.json.format(msgspec.json.encode(described), indent=2))
    else:
        _show(found)
        for one in wrong:
            click.echo(f"wrong: {one.sentence}")
    if wrong:
        named = ", ".join(dict.fromkeys(one.part for one in wrong))
        msg = f"not as it should be: {named}"
        raise ServiceError(msg)


def _named(url: str) -> tuple[str, str]:
    """Read NAME=URL."""
    name, separator, rest = url.partition("=")
    if not separator or not rest.startswith(("http://", "https://")):
        msg = f"--url must be NAME=http://HOST:PORT, got {url!r}"
        raise ConfigError(msg)
    return name, rest.rstrip("/")


def _check_runs(state: StackState, folder: Path) -> None:
    """Fail where the stack of a folder has ended."""
    if state.phase == "failed":
        msg = f"the stack in {folder} ended by itself: {state.reason}; `cherryrec up` starts it"
        raise ServiceError(msg)
    if not state.supervisor.is_running:
        msg = f"the stack in {folder} was killed: `cherryrec up` clears up and starts it again"
        raise ServiceError(msg)
    if state.phase == "starting":
        msg = f"the stack in {folder} is starting: see {state.supervisor.log_file}"
        raise ServiceError(msg)


def _kafka_of(state: StackState, kafka: KafkaConfig) -> KafkaConfig:
    """Return where a stack's topics are."""
    from dataclasses import replace

    return replace(kafka, bootstrap_servers=state.bootstrap_servers, prefix=state.prefix)


def _with_state(found: Status, state: StackState) -> Status:
    """Add what the supervisor knows of the parts: restarts, logs, and Kafka's process."""
    from streams.status import ProcessStatus

    asked = {part.name: part for part in found.parts}
    parts = [
        msgspec.structs.replace(
            asked.get(one.name, ProcessStatus(name=one.name, is_up=one.is_running)),
            restarts=one.restarts,
            log_file=one.log_file,
        )
        for one in state.processes
    ]
    return msgspec.structs.replace(found, parts=tuple(parts))


def _show(found: Status) -> None:
    """Print the screen: a table of two columns."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in lines(found):
        table.add_row(name, value)
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False, markup=False).print(table)


def lines(found: Status) -> list[tuple[str, str]]:
    """Return what is shown, as names and values."""
    shown = [("Kafka", found.kafka_error or f"{found.servers}, topics under {found.prefix!r}")]
    for part in found.parts:
        state = "down" if not part.is_up else "not ready" if part.gates else "ready"
        again = f", started again {part.restarts} times" if part.restarts else ""
        shown.append((part.name, f"{state}{again}"))
    if found.kafka_error:
        return shown
    model = found.model
    shown.append(
        (
            "model",
            "none was published"
            if model is None
            else f"version {model.version:,} of {model.n_examples:,} examples, "
            f"{duration(model.age_s)} old",
        )
    )
    newest = "none" if found.example_age_s is None else f"{duration(found.example_age_s)} ago"
    described = f"{found.examples_per_h:,} in the last hour, the newest {newest}"
    n_read = sum(found.origins.values())
    if n_read:
        parts = ", ".join(f"{ORIGINS[name]} {n}" for name, n in found.origins.items())
        described += f"; of the newest {n_read}: {parts}"
    shown.append(("examples", described))
    shares = ", ".join(
        f"{name} {100 * n / found.n_slates:.1f} %" for name, n in found.slates.items()
    )
    stale = f"; model_stale {100 * found.n_stale / max(found.n_slates, 1):.1f} %"
    shown.append(
        (
            f"slates, {found.minutes:g} min",
            f"{found.n_slates:,}" + (f": {shares}{stale}" if found.n_slates else ""),
        )
    )
    article = "none" if found.article_age_s is None else f"{duration(found.article_age_s)} ago"
    shown.append(("newest article", article))
    for lag in found.lags:
        shown.append((f"lag of {lag.group}", f"{lag.topic}: {lag.n or 0:,}"))
    shown.append(("dead letters, 1 h", f"{found.n_dead_letters:,}"))
    shown += [("", f"{n:,} times: {reason}") for reason, n in found.reasons.items()]
    return shown


def duration(s: float) -> str:
    """Write a duration with its largest unit.

    Examples
    --------
    >>> duration(0.4), duration(75), duration(7_300), duration(200_000)
    ('0 s', '75 s', '2.0 h', '2.3 days')
    """
    if s < 600:
        return f"{s:.0f} s"
    if s < 7_200:
        return f"{s / 60:.0f} min"
    return f"{s / 3_600:.1f} h" if s < 172_800 else f"{s / 86_400:.1f} days"
