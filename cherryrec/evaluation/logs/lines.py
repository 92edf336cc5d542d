"""Text files of a log, line by line: plain or gzipped, UTF-8, and a bound on a line."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec

from cherryrec.errors import LogError
from cherryrec.evaluation.mind_faults import FileFaults

__all__ = [
    "MAX_LINE_BYTES",
    "decoded",
    "first_line",
    "header_of",
    "named_columns",
    "open_bytes",
    "standing_once",
    "text_lines",
]

T = TypeVar("T")

MAX_LINE_BYTES = 16 * 2**20
"""A line beyond this is refused, and passed over without being held."""


def open_bytes(path: Path) -> BinaryIO:
    """Open a file, unpacked where its name ends in `.gz`."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def standing_once(files: Sequence[Path], folder: Path) -> list[Path]:
    """Return the files of a log, of which each stands there once, plain or packed.

    Raises
    ------
    LogError
        Two have one name, as their rows would be read twice and their ids repeat.
    """
    found: dict[str, Path] = {}
    for file in files:
        first = found.setdefault(file.name.removesuffix(".gz"), file)
        if first is not file:
            msg = (
                f"a file must stand once in {str(folder)!r}, got {str(first.relative_to(folder))!r}"
                f" and {str(file.relative_to(folder))!r}: pass one folder, and one of packed and "
                "plain"
            )
            raise LogError(msg)
    return [*found.values()]


def text_lines(path: Path, faults: FileFaults) -> Iterator[tuple[int, str]]:
    """Yield the number, from 1, and the text of each line that is not blank.

    Lines that are too long or not UTF-8 are reported; a mark of byte order is passed over.

    Raises
    ------
    LogError
        The file cannot be read to its end.
    """
    try:
        with open_bytes(path) as file:
            line = 0
            while raw := file.readline(MAX_LINE_BYTES):
                line += 1
                is_whole = raw.endswith(b"\n") or len(raw) < MAX_LINE_BYTES
                if is_whole and not raw.strip():
                    continue
                faults.n_rows += 1
                if not is_whole:
                    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                        pass
                    faults.add(line, f"row must be at most {MAX_LINE_BYTES:,} bytes, got more")
                    continue
                try:
                    row = raw.decode("utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    place = error.start + 1
                    faults.add(line, f"row must be UTF-8, got byte {place} of it unreadable")
                    continue
                yield line, row.removeprefix("\ufeff") if line == 1 else row
    except (OSError, EOFError, zlib.error) as error:
        message = f"{str(path)!r} cannot be read to its end ({error}): copy the file again"
        raise LogError(message) from error


def decoded(decoder: msgspec.json.Decoder[T], text: str) -> T:
    """Return what a line of JSON says.

    Raises
    ------
    ValueError
        It is no such JSON, or lists stand in lists more deeply than the decoder goes.

    Examples
    --------
    >>> decoded(msgspec.json.Decoder(list[int]), "[1, 2]")
    [1, 2]
    """
    try:
        return decoder.decode(text)
    except RecursionError:
        msg = f"JSON must be nested less deeply, got {text[:60]!r}"
        raise ValueError(msg) from None


def named_columns(
    path: Path, wanted: Sequence[str], faults: FileFaults, *, what: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the columns by name of each row of a comma-separated file with a header.

    A file without a line has no rows.

    Parameters
    ----------
    path
        The file.
    wanted
        Columns that it must have.
    faults
        Where rows of another length are reported.
    what
        What the file should be, for the message where it is not.

    Raises
    ------
    LogError
        A column is missing, or the file cannot be read to its end.
    """
    lines = text_lines(path, faults)
    header = next((_cells(text) for _, text in lines), None)
    faults.n_rows = 0  # the header is no row
    if header is None:
        return
    missing = [name for name in wanted if name not in header]
    if missing:
        msg = (
            f"{str(path)!r} must begin with a row that names the columns {', '.join(wanted)}, got "
            f"{','.join(header)[:80]!r} without {', '.join(missing)}: is it {what}?"
        )
        raise LogError(msg)
    for line, text in lines:
        cells = _cells(text)
        if len(cells) != len(header):
            faults.add(line, f"row must have {len(header)} columns, got {len(cells)}")
            continue
        yield line, dict(zip(header, cells, strict=True))


def _cells(text: str) -> list[str]:
    """Split a row at its commas, those in quotes apart; one that cannot be split has no cells."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []


def first_line(files: Iterable[Path]) -> str:
    """Return the first line of some files that is not blank, cut at 64 KiB; empty if none has one.

    A file that cannot be read has none either; those behind the first with a line are not opened.
    """
    return next(filter(None, map(_first_line, files)), "")


def header_of(files: Iterable[Path]) -> list[str]:
    """Return the names of the columns in the first of comma-separated files that has a line."""
    return _cells(first_line(files))


def _first_line(path: Path) -> str:
    """Return the first line of a file that is not blank."""
    try:
        with open_bytes(path) as file:
            for _ in range(100):
                raw = file.readline(2**16)
                if raw.strip() or not raw:
                    return raw.decode("utf-8", errors="replace").strip().removeprefix("\ufeff")
    except (OSError, EOFError, zlib.error):
        return ""
    return ""
