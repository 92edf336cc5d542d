"""What a value is that is no message of ours, in a sentence for its sender."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["BOM", "what_it_is"]

BOM = b"\xef\xbb\xbf"
"""UTF-8's byte order mark, which some editors and CSV tools write; it is passed over."""

_REGISTRY_BYTES = 5
_SHOWN = 24
_COMPRESSED = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x82SNAPPY", "snappy"),
    (b"\xff\x06\x00\x00sNaPpY", "snappy"),
    (b"PK\x03\x04", "zip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
)
_SERIALIZED = (
    (b"Obj\x01", "an Avro container file"),
    (b"\xac\xed\x00\x05", "a serialized Java object"),
    (b"PAR1", "a Parquet file"),
)
_BYTE = re.compile(r"\(byte (\d+)\)")


def what_it_is(raw: bytes, error: str) -> str:
    r"""Say what bytes are that cannot be read as JSON, and what to send instead.

    Parameters
    ----------
    raw
        The value as it came; not empty.
    error
        What the JSON decoder said.

    Examples
    --------
    >>> what_it_is(b"\x00\x00\x00\x00\x07{}", "JSON is malformed: invalid character (byte 0)")
    "begins with a schema registry's header (magic byte 0, schema 7): send plain JSON, without it"
    >>> print(what_it_is(b"{'a': 1}", "JSON is malformed: object keys must be strings (byte 1)"))
    not JSON at byte 1, near "'a': 1}": JSON has double quotes; json.dumps writes them
    """
    for one in (_empty, _utf_16, _registry, _compressed, _serialized, _binary, _text):
        said = one(raw)
        if said is not None:
            return said
    return _malformed(raw, error)


def _empty(raw: bytes) -> str | None:
    return "empty value: only white space" if not raw.strip() else None


def _utf_16(raw: bytes) -> str | None:
    has_mark = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    if has_mark or raw[:2] in {b"{\x00", b"\x00{"} or raw[:4] == b"\x00\x00\x00{":
        return "looks like UTF-16 or UTF-32: send JSON in UTF-8"
    return None


def _registry(raw: bytes) -> str | None:
    if raw[0] != 0 or len(raw) <= _REGISTRY_BYTES:
        return None
    schema = int.from_bytes(raw[1:_REGISTRY_BYTES], "big")
    return (
        f"begins with a schema registry's header (magic byte 0, schema {schema}): "
        "send plain JSON, without it"
    )


def _compressed(raw: bytes) -> str | None:
    for start, name in _COMPRESSED:
        if raw.startswith(start):
            return (
                f"looks compressed with {name}: send plain JSON; to compress, set the producer's "
                "compression.type, which readers undo by themselves"
            )
    return None


def _serialized(raw: bytes) -> str | None:
    for start, name in _SERIALIZED:
        if raw.startswith(start):
            return f"looks like {name}: send plain JSON"
    return None


def _binary(raw: bytes) -> str | None:
    if any(byte < 0x20 and byte not in b"\t\n\r" for byte in raw[:64]) or raw[0] >= 0x80:
        return (
            f"binary data, not JSON (begins with {raw[:8].hex(' ')}): Avro, Protobuf, MessagePack "
            "and pickles must be sent as plain JSON"
        )
    return None


def _text(raw: bytes) -> str | None:
    return "looks like XML or HTML: send JSON" if raw.lstrip().startswith(b"<") else None


_HINTS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda near: near.startswith(("NaN", "Infinity", "-Infinity")), "JSON has no such number"),
    (lambda near: near.startswith(("None", "True", "False")), "JSON writes null, true, false"),
    (lambda near: near.startswith("'"), "JSON has double quotes; json.dumps writes them"),
    (lambda near: near.startswith((",", "}", "]")), "is there a comma too many?"),
)


def _malformed(raw: bytes, error: str) -> str:
    if "truncated" in error:
        return f"JSON ends too early, after {len(raw):,} bytes: was it cut?"
    found = _BYTE.search(error)
    if found is None:
        return error
    at = int(found[1])
    near = raw[at : at + _SHOWN].decode("utf-8", "replace")
    if "surrogate" in error:
        return f"half a surrogate pair before byte {at}: send both halves, or the character itself"
    if "trailing characters" in error:
        return f"more follows after the message, at byte {at} ({near!r}): send one a record"
    hint = next((f": {said}" for fits, said in _HINTS if fits(near)), "")
    return f"not JSON at byte {at}, near {near!r}{hint}"
