"""`cherryrec bench [NAME …]`: the benchmarks of the repository, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from cherryrec.cli.repository import in_repository
from cherryrec.errors import ConfigError, ServiceError

__all__ = ["bench", "benchmark_names", "run_benchmarks"]


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "only_list", is_flag=True, help="Only say which there are.")
def bench(names: tuple[str, ...], only_list: bool) -> None:
    """Run the benchmarks NAME, all unless named; exit 1 if one fails."""
    folder = in_repository("benchmarks")
    if only_list:
        for name in benchmark_names(folder):
            click.echo(name)
        return
    run_benchmarks(folder, names)


def benchmark_names(folder: Path) -> list[str]:
    """Return the benchmarks of a folder: its modules, those with a leading underscore apart."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.name.startswith("_"))


def run_benchmarks(folder: Path, names: Sequence[str]) -> None:
    """Run benchmarks one after another; their output goes where ours goes.

    Parameters
    ----------
    folder
        A package beside which they are run, as `python -m FOLDER.NAME`.
    names
        Which; empty: all.

    Raises
    ------
    ConfigError
        One is not there.
    ServiceError
        One failed; the others have been run all the same.
    """
    known = benchmark_names(folder)
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        msg = (
            f"NAME must be a benchmark of {folder} ({', '.join(known) or 'there are none'}), "
            f"got {', '.join(unknown) or 'none'}"
        )
        raise ConfigError(msg)
    failed = []
    for name in names or known:
        module = f"{folder.name}.{name}"
        click.echo(f"== {module}")
        sys.stdout.flush()
        started = time.monotonic()
        code = subprocess.run(
            [sys.executable, "-m", module], cwd=folder.parent, check=False
        ).returncode
        took_s = time.monotonic() - started
        click.echo(f"== {module} {'done' if code == 0 else f'failed ({code})'} in {took_s:.0f} s")
        if code:
            failed.append(name)
    if failed:
        msg = f"{len(failed)} of {len(names or known)} benchmarks failed: {', '.join(failed)}"
        raise ServiceError(msg)
