"""The loops of `HashedText`, compiled: one pass over the code points of a text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["add_text"]

_NGRAM = 4
_LONG_WORD = 8
_LONE = 0.25  # one dense character by itself
_PAIR = 0.5  # two of them are about a word, or the end of one and the start of another
_FOUR = 0.35
_GRAMMAR = 0.2  # of that where all of them are Hiragana

# As in scripts.py: what a kernel compiled against must lie in its own file.
_SEPARATOR, _LETTER, _DENSE, _HIRAGANA = 0, 1, 2, 3
_HAN_PLANES = (0x20000, 0x40000)

_BASIS = np.uint64(0xCBF29CE484222325)  # FNV-1a, over code points
_PRIME = np.uint64(0x100000001B3)
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)  # MurmurHash3
_HALF = np.uint64(33)
_TOP = np.uint64(63)
_NONE = np.uint64(0)
_ONE = np.uint64(1)

Codes = NDArray[np.uint32]
Scripts = NDArray[np.uint8]
Counts = tuple[NDArray[np.uint64], NDArray[np.float64]]  # hashes and weights, in an open table


@inner
def _key(codes: Codes, start: int, stop: int, kind: int) -> np.uint64:
    """Hash some code points: 64 bits, never 0; words and grams of the same letters differ."""
    key = _BASIS ^ np.uint64(kind)
    for k in range(start, stop):
        key = (key ^ np.uint64(codes[k])) * _PRIME
    key = (key ^ (key >> _HALF)) * _MIX_1
    key = (key ^ (key >> _HALF)) * _MIX_2
    return (key ^ (key >> _HALF)) | _ONE


@inner
def _raise_to(counts: Counts, key: np.uint64, weight: float) -> None:
    """Keep the largest weight of a key: what is repeated says no more than once."""
    keys, weights = counts
    last = np.uint64(len(keys) - 1)
    slot = (key >> _HALF) & last
    while keys[slot] != _NONE and keys[slot] != key:
        slot = (slot + _ONE) & last
    keys[slot] = key
    weights[slot] = max(weights[slot], weight)


@inner
def _script(code: np.uint32, scripts: Scripts) -> int:
    """Return what a code point is, those past the table too."""
    if code < len(scripts):
        return int(scripts[code])
    return _DENSE if _HAN_PLANES[0] <= code < _HAN_PLANES[1] else _SEPARATOR


@inner
def _add_word(counts: Counts, word: Codes, scale: float) -> None:
    """Count a word and its 4-grams."""
    length = len(word)
    if length < 2:
        return
    weight = scale * (min(length, _LONG_WORD) / _LONG_WORD) ** 2
    _raise_to(counts, _key(word, 0, length, 0), weight)
    n_grams = length - _NGRAM + 1
    for k in range(n_grams):
        _raise_to(counts, _key(word, k, k + _NGRAM, 1), weight / np.sqrt(n_grams))


@inner
def _add_run(counts: Counts, run: Codes, scripts: Scripts, scale: float) -> None:
    """Count the 2-grams and 4-grams of a run without spaces."""
    if len(run) == 1:
        _raise_to(counts, _key(run, 0, 1, 2), scale * _LONE)
    n_grammar = 0  # Hiragana that end here
    for k in range(len(run)):
        n_grammar = n_grammar + 1 if _script(run[k], scripts) == _HIRAGANA else 0
        for n, weight in ((2, _PAIR), (_NGRAM, _FOUR)):
            if k + 1 >= n:
                part = _GRAMMAR if n_grammar >= n else 1.0
                _raise_to(counts, _key(run, k + 1 - n, k + 1, 2), scale * weight * part)


@inner
def _add_codes(counts: Counts, codes: Codes, scripts: Scripts, scale: float) -> None:
    """Split a text where its script changes, and count each part."""
    start, inside = 0, _SEPARATOR
    for k in range(len(codes) + 1):
        script = _script(codes[k], scripts) if k < len(codes) else _SEPARATOR
        kind = _DENSE if script == _HIRAGANA else script
        if kind != inside:
            if inside == _LETTER:
                _add_word(counts, codes[start:k], scale)
            elif inside == _DENSE:
                _add_run(counts, codes[start:k], scripts, scale)
            start, inside = k, kind


@compiled
def add_text(
    vector: NDArray[np.float32],
    title: Codes,
    abstract: Codes,
    scripts: Scripts,
    share: float,
) -> None:
    """Write the unit vector of a text into a vector of zeros.

    Parameters
    ----------
    vector
        Zeros (D,), D a power of two.
    title, abstract
        Code points in lower case.
    scripts
        Class of each code point.
    share
        What the abstract counts, of the title.
    """
    n_slots = 16
    while n_slots < 4 * (len(title) + len(abstract)):  # two grams a code point, half full
        n_slots *= 2
    keys, weights = np.zeros(n_slots, np.uint64), np.zeros(n_slots)
    _add_codes((keys, weights), title, scripts, 1.0)
    _add_codes((keys, weights), abstract, scripts, share)
    sums = np.zeros(len(vector))
    last = np.uint64(len(vector) - 1)
    for slot in range(n_slots):
        key = keys[slot]
        if key != _NONE:
            sums[(key >> _ONE) & last] += weights[slot] if key >> _TOP else -weights[slot]
    length = np.sqrt(np.sum(sums * sums))
    if length > 0.0:
        for k in range(len(vector)):
            vector[k] = sums[k] / length
