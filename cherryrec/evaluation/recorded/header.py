"""The first line of recorded evaluations: which model was asked, of which log, and how."""

from __future__ import annotations

import gzip
import zlib
from hashlib import sha256
from typing import Literal

import msgspec

from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.logs.base import Log

__all__ = ["RecordingHeader", "log_digest"]

_CHUNK = 1 << 20


class RecordingHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What all evaluations of a file have in common.

    Parameters
    ----------
    recorded
        Tells the file from others.
    format
        Version of the file's format.
    model
        Version of the evaluator.
    log, log_digest
        Name of the log's folder and `log_digest` of its files.
    seed
        Of the replay that recorded; no other seed is refused when the file is read.
    prompts
        Settings by which requests became prompts, by name.
    """

    recorded: Literal["evaluations"] = "evaluations"
    format: Literal[1] = 1
    model: str
    log: str
    log_digest: str
    seed: int
    prompts: dict[str, int | float | str | list[str]] = {}

    def check_same(self, other: RecordingHeader, path: str) -> None:
        """Refuse to go on in a file that another replay began.

        Parameters
        ----------
        other
            The header of that file.
        path
            The file.

        Raises
        ------
        ConfigError
            They differ.

        Examples
        --------
        >>> ours = RecordingHeader(model="m/1", log="demo", log_digest="ab", seed=0)
        >>> ours.check_same(msgspec.structs.replace(ours, model="m/2"), "zero.jsonl")
        Traceback (most recent call last):
        ...
        cherryrec.errors.ConfigError: 'zero.jsonl' can only be gone on with by the replay that \
began it: model must be 'm/2', got 'm/1'; record to another file
        """
        for name in self.__struct_fields__:
            wanted, got = getattr(other, name), getattr(self, name)
            if wanted != got:
                msg = (
                    f"{path!r} can only be gone on with by the replay that began it: "
                    f"{name} must be {wanted!r}, got {got!r}; record to another file"
                )
                raise ConfigError(msg)

    def check_log(self, log: str, digest: str, path: str) -> None:
        """Refuse another log than the recorded one.

        Parameters
        ----------
        log, digest
            Name and `log_digest` of the log to replay.
        path
            The file of this header.

        Raises
        ------
        ConfigError
            It is another.
        """
        if digest != self.log_digest:
            msg = (
                f"the evaluations in {path!r} are of the log {self.log!r} with digest "
                f"{self.log_digest}, got {log!r} with {digest}: replay that log, or record this "
                "one with --evaluator MODEL --record-evaluations FILE"
            )
            raise ConfigError(msg)


def log_digest(log: Log) -> str:
    """Return 32 hexadecimal digits of SHA-256 over a log's files, gzipped or not.

    Raises
    ------
    LogError
        A file is not there or cannot be read.
    """
    found = sha256()
    for name, path in log.files():
        found.update(f"{name}\n".encode())
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    found.update(chunk)
        except (OSError, EOFError, zlib.error) as error:
            msg = f"{str(path)!r} cannot be read to its end ({error}): copy the file again"
            raise LogError(msg) from error
    return found.hexdigest()[:32]
