"""`cherryrec prepare`: what the first start would wait for, done beforehand."""

from __future__ import annotations

import time
from compileall import compile_dir
from importlib.util import find_spec

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings

__all__ = ["keep_bytecode", "prepare"]

PACKAGES = ("cherryrec", "gpu_worker", "streams")


@click.command()
@with_settings
def prepare(settings: Settings) -> None:
    """Compile the numerical loops, once for an installation (about a minute), and keep them.

    Python's bytecode is kept beside the sources likewise, as pip does for what it installs: where
    processes write none, each would compile four hundred files anew.
    """
    from streams.warm_up import warm_up_learner

    click.echo("compiling loops, unless that has been done", err=True)
    started = time.perf_counter()
    keep_bytecode(PACKAGES)
    warm_up_learner(settings.core)
    click.echo(f"compiled loops are ready after {time.perf_counter() - started:.1f} s", err=True)


def keep_bytecode(packages: tuple[str, ...]) -> None:
    """Write the bytecode of packages beside their sources, where it may be written."""
    for package in packages:
        found = find_spec(package)
        for folder in (found and found.submodule_search_locations) or ():
            compile_dir(folder, quiet=2)
