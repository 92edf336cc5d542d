"""Which partition a key belongs to, by the rule of Kafka's own client.

librdkafka's clients (confluent-kafka for Python, Go, .NET, node) place keys by CRC32 at their
defaults; a user's events then lie in two partitions, of which each knows half.
"""

from __future__ import annotations

import numpy as np

from cherryrec.compiled import compiled

__all__ = ["partition_of"]

_SEED = np.uint32(0x9747B28C)
_M = np.uint32(0x5BD1E995)
_8, _13, _15, _16, _24 = (np.uint32(n) for n in (8, 13, 15, 16, 24))


@compiled
def partition_of(key: bytes, n_partitions: int) -> int:
    """Return the partition of a key: murmur2(key), made positive, modulo their number.

    Parameters
    ----------
    key
        As bytes, not empty.
    n_partitions
        Above 0.

    Examples
    --------
    >>> [partition_of(b"reader-%d" % n, 4) for n in range(8)]
    [0, 3, 2, 2, 3, 2, 2, 2]

    References
    ----------
    Apache Kafka, `Utils.murmur2` and `Utils.toPositive` (clients, `common/utils`).
    """
    n = len(key)
    h = np.uint32(_SEED ^ np.uint32(n))
    for i in range(0, n - 3, 4):
        k = np.uint32(
            np.uint32(key[i])
            | np.uint32(key[i + 1]) << _8
            | np.uint32(key[i + 2]) << _16
            | np.uint32(key[i + 3]) << _24
        )
        k = np.uint32(k * _M)
        k = np.uint32((k ^ (k >> _24)) * _M)
        h = np.uint32(np.uint32(h * _M) ^ k)
    rest = n & ~3
    if n - rest == 3:
        h ^= np.uint32(key[rest + 2]) << _16
    if n - rest >= 2:
        h ^= np.uint32(key[rest + 1]) << _8
    if n - rest >= 1:
        h = np.uint32((h ^ np.uint32(key[rest])) * _M)
    h = np.uint32((h ^ (h >> _13)) * _M)
    h ^= h >> _15
    return int(h & np.uint32(0x7FFFFFFF)) % n_partitions
