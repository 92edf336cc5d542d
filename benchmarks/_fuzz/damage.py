"""How valid bytes are damaged: blindly, as a tree of values, or as the arrays of a snapshot."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from cherryrec.events import PackedArray

__all__ = ["Arrays", "damaged_arrays", "damaged_bytes", "damaged_json", "damaged_msgpack"]

Arrays: TypeAlias = dict[str, PackedArray]

ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        7,
        255,
        65_536,
        2**31,
        -(2**31),
        2**53 + 1,
        2**63 - 1,
        2**64 - 1,
    ),
    *(0.0, -0.0, 0.5, 1e-308, 1e308, -1e308, 1e15, 1_573_800_060_000, -62_135_596_800),
    *(
        "",
        "x",
        "\x00",
        "é" * 300,
        "\ufdfd",
        "\U0001d579",
        "a b",
        "-0",
        "nan",
        "a1",
        "u",
        "r1",
        "AAAA",
        "==",
    ),
    *("1990-01-01T00:00:00Z", "2099-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59-12:00", "2026-01-05T00:00:00", "2026-01-05T00:00:00Z"),
    *(
        [],
        [None],
        ["a1", "a1"],
        ["a1"] * 1_001,
        {},
        {"a1": 0.5},
        {"": None},
        [[[]]],
        {"a": {"a": []}},
    ),
)
"""Values that have broken decoders: ends of ranges, other types, times, text."""

SPLICES = (b"null", b"NaN", b"1e999", b"-", b'"', b"{", b"]", b"\\u0000", b"\\ud800", b"\xff\xfe")


def damaged_bytes(raw: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """Flip, cut, repeat, insert or splice some of the bytes, one to four times."""
    found = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(found) + 1)
        stop = min(len(found), start + rng.choice((1, 1, 2, 8, 64, len(found))))
        kind = rng.randrange(7)
        if kind == 0 and found:
            found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del found[start:stop]
        elif kind == 2:
            found[start:start] = found[start:stop]
        elif kind == 3:
            found[start:start] = rng.randbytes(rng.choice((1, 2, 8)))
        elif kind == 4:
            other = rng.choice(corpus)
            cut = rng.randrange(len(other) + 1)
            found[start:] = other[cut:]
        elif kind == 5:
            found[start:stop] = rng.choice(SPLICES)
        else:
            del found[start:]
    return bytes(found)


def damaged_json(raw: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """Damage the bytes of a JSON text, or some values of its tree."""
    if rng.random() < 0.4:
        return damaged_bytes(raw, corpus, rng)
    return msgspec.json.encode(_damaged_tree(msgspec.json.decode(raw), rng))


def damaged_msgpack(raw: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """Damage the bytes of a MessagePack value, or some values of its tree."""
    if rng.random() < 0.4:
        return damaged_bytes(raw, corpus, rng)
    return msgspec.msgpack.encode(_damaged_tree(msgspec.msgpack.decode(raw), rng))


def damaged_arrays(arrays: Arrays, rng: random.Random) -> Arrays:
    """Damage one to three arrays of a snapshot: bits, numbers, dtype, shape, or all of one."""
    found = dict(arrays)
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(sorted(found))
        packed, kind = found[name], rng.randrange(9)
        values, shape, dtype = bytearray(packed.values), packed.shape, packed.dtype
        size = max(len(values) // max(_product(shape), 1), 1)  # bytes of a number
        if kind == 0 and values:
            values[rng.randrange(len(values))] ^= 1 << rng.randrange(8)
        elif kind in {1, 2} and values:  # a whole number of it
            at = size * rng.randrange(len(values) // size)
            values[at : at + size] = _odd_number(size, rng)
        elif kind == 3:
            dtype = rng.choice(("<f8", "<f4", "<i8", "|u1", "|b1", "<u8", "<U2", "|O", "|S0", "x"))
        elif kind == 4:
            shape = rng.choice(((), (0,), (len(values),), shape[::-1], (-1,), (1, *shape)))
        elif kind == 5:
            rows = max(shape[0] // 2, 1) if shape else 1
            shape = (rows, *shape[1:])
            values = values[: size * _product(shape)]
        elif kind == 6:
            del found[name]
            continue
        elif kind == 7:
            found[rng.choice(sorted(found))] = packed
        else:
            del values[rng.randrange(len(values) + 1) :]
        found[name] = PackedArray(dtype=dtype, shape=tuple(shape), values=bytes(values))
    return found


def _odd_number(size: int, rng: random.Random) -> bytes:
    """Draw the bytes of a number at the end of some range, or any."""
    kind = rng.randrange(5)
    if kind == 0:
        return b"\xff" * size
    if kind == 1:
        return b"\x00" * (size - 1) + b"\x80"
    if kind == 2 and size in {4, 8}:
        return b"\x00" * (size - 2) + (b"\xf0\x7f" if size == 8 else b"\x80\x7f")  # infinity
    if kind == 3:
        return rng.choice((2, 64, 127)).to_bytes(size, "little")
    return rng.randbytes(size)


def _product(shape: Sequence[int]) -> int:
    total = 1
    for length in shape:
        total *= length
    return total


def _damaged_tree(tree: Any, rng: random.Random) -> Any:
    """Replace, drop, repeat or swap one to three values anywhere in a tree."""
    for _ in range(rng.randint(1, 3)):
        places = list(_places(tree))
        if not places:
            return rng.choice(ODD)
        inside, key = rng.choice(places)
        kind = rng.randrange(6)
        if kind == 0:
            del inside[key]
        elif kind == 1:
            other, other_key = rng.choice(places)
            inside[key] = _copy(other[other_key])
        elif kind == 2 and isinstance(inside, list):
            inside.insert(key, _copy(inside[key]))
        elif kind == 3:
            inside[key] = _nearby(inside[key], rng)
        else:
            inside[key] = _copy(rng.choice(ODD))
    return tree


def _nearby(value: Any, rng: random.Random) -> Any:
    """Change a value without changing its type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        changed = rng.choice((-value, value + 1, value * 1_000, value // 1_000 if value else 1))
        return changed if -(2**63) <= changed < 2**64 or isinstance(changed, float) else value
    if isinstance(value, str):
        return rng.choice((value[:-1], value + value, value.upper(), value[::-1]))
    if isinstance(value, bytes):
        return damaged_bytes(value, (value,), rng)
    return [value]


def _places(tree: Any) -> Any:
    """Yield every place of a tree that a value stands at: what holds it, and the key or index."""
    keys: Callable[[], Any] | None = None
    if isinstance(tree, dict):
        keys = tree.copy
    elif isinstance(tree, list):
        keys = lambda: range(len(tree))  # noqa: E731
    if keys is not None:
        for key in keys():
            yield tree, key
            yield from _places(tree[key])


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value
