"""A progress bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]

_LINE_EVERY_S = 15.0


@contextmanager
def progress_bar(
    what: str, total: int | None, state: Callable[[], str] | None = None
) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of things done since the last call.

    Parameters
    ----------
    what
        Shown before the bar.
    total
        How many there are; None if that is not known.
    state
        Returns what else to say whenever the bar moves; empty for nothing.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total)
            yield lambda n: bar.update(task, advance=n, description=_line(what, state))
        return
    done, said = 0, time.monotonic()

    def advance(n: int) -> None:
        nonlocal done, said
        done += n
        if time.monotonic() - said >= _LINE_EVERY_S:
            said = time.monotonic()
            of = f" of {total:,}" if total is not None else ""
            print(_line(f"{what}: {done:,}{of}", state), file=sys.stderr, flush=True)

    yield advance


def _line(what: str, state: Callable[[], str] | None) -> str:
    """Return what is done, and what else there is to say."""
    more = state() if state is not None else ""
    return f"{what}, {more}" if more else what
