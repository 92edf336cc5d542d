"""Parquet files in pieces: a row group at most is held, however long the file is.

pyarrow is an extra (`logs`) and imported when a file is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from cherryrec.errors import ConfigError, LogError

__all__ = ["BATCH_ROWS", "Kind", "columns_of", "is_parquet"]

Kind = Literal["int", "number", "text", "time", "list of int", "list of text", "list"]
"""What a column holds; one without a value may be of any."""

BATCH_ROWS = 4_096
"""Rows that are turned into Python's objects at a time, unless said."""

_MAGIC = b"PAR1"


def is_parquet(path: Path) -> bool:
    """Say whether a path is a parquet file, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def columns_of(
    path: Path,
    wanted: Mapping[str, Kind],
    optional: Mapping[str, Kind] | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[tuple[int, dict[str, list[Any]]]]:
    """Yield the number of the first row, from 1, and columns by name, some rows at a time.

    Lists and texts come as Python's; a time without a zone as microseconds on its clock since 1970,
    a time with one as microseconds since the epoch.

    Parameters
    ----------
    path
        The file.
    wanted
        Columns it must have, each with what it must hold.
    optional
        Columns that come where it has them, with what they hold.
    batch_rows
        Rows that are turned into Python's objects at a time.

    Raises
    ------
    LogError
        It cannot be read as parquet, or a column is missing or holds something else.
    """
    import pyarrow as pa

    with _opened(path) as file:
        there = set(file.schema_arrow.names)
        if missing := [name for name in wanted if name not in there]:
            msg = (
                f"{str(path)!r} must have the columns {', '.join(wanted)}, got it without "
                f"{', '.join(missing)}: is it another file of the log?"
            )
            raise LogError(msg)
        every = {**wanted, **(optional or {})}
        names = [name for name in every if name in there]
        for name in names:
            kind = file.schema_arrow.field(name).type
            if not _holds(kind, every[name]):
                msg = (
                    f"{str(path)!r}: column {name} must be {every[name]}, got {kind}: "
                    "write it so, or see whether it is another file"
                )
                raise LogError(msg)
        first = 1
        try:
            for batch in file.iter_batches(batch_size=batch_rows, columns=names):
                yield first, {name: _values(batch.column(name)) for name in names}
                first += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            msg = f"{str(path)!r} cannot be read to its end ({error}): copy the file again"
            raise LogError(msg) from error


def _holds(kind: Any, wanted: Kind) -> bool:
    """Say whether a type of pyarrow's is what is wanted; one without a value is."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_dictionary(kind):
        kind = kind.value_type
    if is_.is_null(kind):
        return True
    if wanted.startswith("list"):
        is_list = is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind)
        items: dict[str, Kind] = {"list of int": "int", "list of text": "text"}
        return is_list and (wanted not in items or _holds(kind.value_type, items[wanted]))
    if wanted == "text":
        return bool(is_.is_string(kind) or is_.is_large_string(kind))
    if wanted == "time":
        return bool(is_.is_timestamp(kind))
    return bool(is_.is_integer(kind) or (wanted == "number" and is_.is_floating(kind)))


def _values(column: Any) -> list[Any]:
    """Return a column as Python's objects, times as microseconds."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        zone = column.type.tz
        column = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values


def _opened(path: Path) -> Any:
    """Open a parquet file; to be entered."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        msg = f"parquet files need the extra `logs`: pip install 'cherryrec[logs]' ({error})"
        raise ConfigError(msg) from error
    try:
        return pq.ParquetFile(path, pre_buffer=False)  # else the whole file is held: findings/
    except (OSError, pa.ArrowException) as error:
        msg = f"{str(path)!r} cannot be read as parquet ({error}): copy the file again"
        raise LogError(msg) from error
