"""Rows of files become events or articles, or are reported: one mechanism for all readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from cherryrec.evaluation.logs.order import Placed
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle

__all__ = ["Rows", "articles_of", "placed_events"]

R = TypeVar("R")
E = TypeVar("E")

Rows = Callable[[Path, FileFaults], Iterable[tuple[int, R]]]
"""Gives the line and the content of each row of a file, counts them, and reports what is none."""


def placed_events(
    files: Iterable[tuple[str, Path]],
    rows: Rows[R],
    event: Callable[[R, str, int], E | None],
    *,
    faults_of: Callable[[str], FileFaults],
    passed_over: Callable[[], None] = lambda: None,
) -> Iterator[Placed[E]]:
    """Yield the events of files as they stand there.

    Parameters
    ----------
    files
        Each with its name within the log.
    rows
        Reads a file.
    event
        Reads a row, given the name of its file and its line; None where it is in order and no
        event. `ValueError` says what is wrong with it.
    faults_of
        Gives by a file's name where its bad rows are reported.
    passed_over
        Called for each row that is no event.

    Examples
    --------
    >>> lines = lambda path, faults: enumerate(["7", "", "x"], start=1)
    >>> faults = FileFaults("a")
    >>> read = lambda row, name, line: int(row) if row else None
    >>> list(placed_events([("a", Path("a"))], lines, read, faults_of=lambda name: faults))
    [Placed(file='a', line=1, event=7)]
    >>> print(faults.first[0])
    a:3: invalid literal for int() with base 10: 'x'
    """
    for name, path in files:
        faults = faults_of(name)
        for line, row in rows(path, faults):
            try:
                found = event(row, name, line)
            except ValueError as error:
                faults.add(line, str(error))
                continue
            if found is None:
                passed_over()
            else:
                yield Placed(name, line, found)


def articles_of(
    path: Path,
    rows: Rows[R],
    article: Callable[[R], tuple[MindArticle, str | None]],
    faults: FileFaults,
) -> dict[str, MindArticle]:
    """Return the articles of a file by id; of two rows with one id the first counts.

    Parameters
    ----------
    path
        The file.
    rows
        Reads it.
    article
        Reads a row, and says what had to be left out of it; `ValueError` says what is wrong.
    faults
        Where bad rows are reported.
    """
    found: dict[str, MindArticle] = {}
    for line, row in rows(path, faults):
        try:
            one, fault = article(row)
        except ValueError as error:
            faults.add(line, str(error))
            continue
        if found.setdefault(one.article_id, one) is not one:
            fault = f"article id must be new, got {one.article_id[:60]!r} again; the first counts"
        if fault:
            faults.add(line, fault)
    return found
