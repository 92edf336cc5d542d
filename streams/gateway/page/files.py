"""The files of the page, read once from the package."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from cherryrec.features.words import PHRASES, group_of

__all__ = ["PageFile", "page_files"]

_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "json": "application/json",
}


class PageFile(msgspec.Struct, frozen=True):
    """One file: its bytes, its media type, and the tag by which a browser knows that it is new."""

    content: bytes
    media_type: str
    tag: str


def page_files() -> dict[str, PageFile]:
    """Return the files by their path under /page/, `words.json` of the table of features with them.

    Examples
    --------
    >>> found = page_files()
    >>> found["main.js"].media_type, "views/now.js" in found, "words.json" in found
    ('text/javascript', True, True)
    """
    found = dict(_files(files("streams.gateway.page") / "static", ""))
    words = {"phrases": PHRASES, "groups": {name: group_of(name) for name in PHRASES}}
    found["words.json"] = msgspec.json.encode(words)
    return {name: _page_file(name, content) for name, content in sorted(found.items())}


def _files(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    """Return path and bytes of each file in a folder and those below."""
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.rpartition(".")[2] in _TYPES:
            found.append((f"{prefix}{entry.name}", entry.read_bytes()))
    return found


def _page_file(name: str, content: bytes) -> PageFile:
    tag = hashlib.blake2b(content, digest_size=8).hexdigest()
    return PageFile(content, _TYPES[name.rpartition(".")[2]], f'"{tag}"')
