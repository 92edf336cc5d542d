"""`cherryrec prepare`: what the first start would wait for, done beforehand."""

from __future__ import annotations

import time

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings

__all__ = ["prepare"]


@click.command()
@with_settings
def prepare(settings: Settings) -> None:
    """Compile the numerical loops, once for an installation (about a minute), and keep them."""
    from streams.warm_up import warm_up_learner

    click.echo("compiling loops, unless that has been done", err=True)
    started = time.perf_counter()
    warm_up_learner(settings.core)
    click.echo(f"compiled loops are ready after {time.perf_counter() - started:.1f} s", err=True)
