"""Twelve hex digits that stand for files of weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["fingerprint"]

_END_BYTES = 8 << 20


def fingerprint(files: Iterable[Path]) -> str:
    """12 hex digits from name, size, head and tail (8 MiB each) of every file, by name.

    Examples
    --------
    >>> len(fingerprint([]))
    12
    """
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(files):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}\n".encode())
        with path.open("rb") as source:
            digest.update(source.read(_END_BYTES))
            source.seek(max(size - _END_BYTES, 0))
            digest.update(source.read(_END_BYTES))
    return digest.hexdigest()
