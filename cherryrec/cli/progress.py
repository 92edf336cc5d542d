"""A progress bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]

_LINE_EVERY_S = 15.0


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of things done since the last call.

    Parameters
    ----------
    what
        Shown before the bar.
    total
        How many there are; None if that is not known.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total)
            yield lambda n: bar.update(task, advance=n)
        return
    done, said = 0, time.monotonic()

    def advance(n: int) -> None:
        nonlocal done, said
        done += n
        if time.monotonic() - said >= _LINE_EVERY_S:
            said = time.monotonic()
            of = f" of {total:,}" if total is not None else ""
            print(f"{what}: {done:,}{of}", file=sys.stderr, flush=True)

    yield advance
