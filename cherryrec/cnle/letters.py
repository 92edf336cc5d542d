"""Index letters: which candidate stands behind which letter of which prompt."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from cherryrec.errors import ConfigError

__all__ = ["LETTERS", "N_ANCHORS", "permutation_key", "prompt_orders"]

LETTERS = "ABCDEFGHIJKLMNOPQRST"
"""The whole output space of CnLE: at most twenty candidates a prompt."""

N_ANCHORS = 4
"""Candidates that every group of a longer list shares, so that its scales can be aligned."""


def permutation_key(*parts: object) -> int:
    """64 bits for seeding, the same in every process and on every machine.

    Examples
    --------
    >>> permutation_key(0, "u1", "a1") == permutation_key(0, "u1", "a1")
    True
    >>> permutation_key("ab", "c") == permutation_key("a", "bc")
    False
    """
    encoded = b"".join(
        len(part).to_bytes(4, "little") + part for part in (str(one).encode() for one in parts)
    )
    return int.from_bytes(blake2b(encoded, digest_size=8).digest(), "little")


def prompt_orders(
    n_candidates: int,
    key: int,
    *,
    group_size: int = len(LETTERS),
    n_anchors: int = N_ANCHORS,
    n_permutations: int = 1,
) -> list[tuple[int, ...]]:
    """Spread candidates over prompts: entry j of a prompt stands behind its letter j.

    Up to `group_size` candidates are one prompt in a seeded order, because models prefer some
    letters whatever stands behind them. More are split evenly into groups that share the
    same anchors (the first `n_anchors` of a seeded order), each group shuffled by itself.

    Parameters
    ----------
    n_candidates
        How many there are, at least 1.
    key
        The seed, see `permutation_key`.
    group_size
        Candidates in a prompt, above `n_anchors` and at most 20.
    n_anchors
        Candidates shared by all groups, at least 1.
    n_permutations
        Orders of each group, at least 1; the groups stay.

    Examples
    --------
    >>> sorted(prompt_orders(3, 7)[0])
    [0, 1, 2]
    >>> [len(order) for order in prompt_orders(37, 7)]
    [15, 15, 15]
    """
    if not 1 <= n_anchors < group_size <= len(LETTERS):
        msg = (
            f"group_size must be above n_anchors and at most {len(LETTERS)}, "
            f"got group_size {group_size} and n_anchors {n_anchors}"
        )
        raise ConfigError(msg)
    if n_candidates < 1:
        msg = f"n_candidates must be at least 1, got {n_candidates}"
        raise ConfigError(msg)
    rng = np.random.Generator(np.random.PCG64(key))
    shuffled: list[int] = [int(one) for one in rng.permutation(n_candidates)]
    groups = [shuffled]
    if n_candidates > group_size:
        anchors, others = shuffled[:n_anchors], shuffled[n_anchors:]
        groups = [anchors + group for group in _even_groups(others, group_size - n_anchors)]
    return [
        tuple(int(one) for one in rng.permutation(group))
        for _ in range(n_permutations)
        for group in groups
    ]


def _even_groups(members: Sequence[int], most: int) -> list[list[int]]:
    """Split into the fewest groups of at most `most`, their sizes at most one apart."""
    n_groups = -(-len(members) // most)
    return [list(members[start::n_groups]) for start in range(n_groups)]
