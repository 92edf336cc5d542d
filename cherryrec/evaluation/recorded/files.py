"""Lines that outlive a kill: written one by one, read up to where the writing stopped.

A name that ends in .gz is gzipped, flushed after every line: what was written is there, whatever
comes after. A file that a kill has left is read to its last whole line; to be gone on with it is
repaired first.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cherryrec.errors import ConfigError

__all__ = ["LineFile", "WrittenLines", "read_lines"]

_GZIP = 31  # wbits: a gzip member, without a time or name in it


@dataclass(frozen=True, slots=True)
class WrittenLines:
    """The whole lines of a file.

    Parameters
    ----------
    lines
        Without their ends.
    torn
        Text after the last whole line; empty unless the writing was cut off in one.
    is_closed
        Whether more can be appended as it is: no torn line, no gzip member without its end.
    """

    lines: list[bytes]
    torn: bytes
    is_closed: bool


def read_lines(path: Path) -> WrittenLines:
    """Read a file as far as it was written.

    Raises
    ------
    ConfigError
        It cannot be read, or is not what its name says.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        msg = f"{str(path)!r} cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    text, is_ended = (raw, True) if path.suffix != ".gz" else _unzipped(raw, path)
    *lines, rest = text.split(b"\n")
    return WrittenLines(lines=lines, torn=rest, is_closed=is_ended and not rest)


class LineFile:
    """Appends lines to a file, each flushed as it is written; a context manager.

    Parameters
    ----------
    path
        Made if it is not there.

    Raises
    ------
    ConfigError
        On entry: it cannot be written, or another process is writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._zip: zlib._Compress | None = None

    def __enter__(self) -> Self:
        """Open and lock."""
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the gzip member and close."""
        if self._zip is not None:
            self._put(self._zip.flush(zlib.Z_FINISH))
            self._zip = None
        self._close()

    def repair(self, written: WrittenLines) -> None:
        """Bring the file to a state that lines can be appended to: what was cut off goes.

        Parameters
        ----------
        written
            What `read_lines` found in it.
        """
        if written.is_closed:
            return
        text = b"".join(line + b"\n" for line in written.lines)
        if self.path.suffix != ".gz":
            os.truncate(self.path, len(text))
            return
        # A member without its end cannot be gone on with: it is written anew, whole, beside the
        # old one, which goes when that is done.
        beside = self.path.with_name(f"{self.path.name}.repaired")
        member = zlib.compressobj(wbits=_GZIP)
        beside.write_bytes(member.compress(text) + member.flush())
        os.replace(beside, self.path)
        self._close()
        self._open()

    def append(self, line: bytes) -> None:
        """Write one line, and see it through to the operating system."""
        if self.path.suffix == ".gz":
            if self._zip is None:
                self._zip = zlib.compressobj(wbits=_GZIP)
            self._put(self._zip.compress(line + b"\n") + self._zip.flush(zlib.Z_SYNC_FLUSH))
        else:
            self._put(line + b"\n")

    def _open(self) -> None:
        """Open for appending, and lock."""
        try:
            self._file = self.path.open("ab", buffering=0)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._close()
            msg = f"another replay is writing {str(self.path)!r}: wait for it, or use another file"
            raise ConfigError(msg) from error
        except OSError as error:
            msg = f"{str(self.path)!r} cannot be written: {error.strerror}"
            raise ConfigError(msg) from error

    def _put(self, written: bytes) -> None:
        """Write all of it: a raw file may take less at once."""
        assert self._file is not None, "a file is written between entry and exit"
        left = memoryview(written)
        while left:
            left = left[self._file.write(left) :]

    def _close(self) -> None:
        """Close, which unlocks."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _unzipped(raw: bytes, path: Path) -> tuple[bytes, bool]:
    """Return the text of all gzip members, and whether the last one has its end."""
    text, is_ended = [], True
    while raw:
        member = zlib.decompressobj(wbits=_GZIP)
        try:
            text.append(member.decompress(raw))
        except zlib.error as error:
            msg = f"{str(path)!r} must be gzipped, as its name says, and whole: {error}"
            raise ConfigError(msg) from error
        is_ended = member.eof
        raw = member.unused_data
    return b"".join(text), is_ended
