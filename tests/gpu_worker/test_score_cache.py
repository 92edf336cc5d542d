from __future__ import annotations

import random

import numpy as np

from gpu_worker.backends import LetterScores
from gpu_worker.cache import ENTRY_BYTES, ScoreCache


def scores_of(n: int) -> LetterScores:
    return LetterScores(logits=np.arange(float(n)), n_tokens=n)


def test_memory_stays_under_the_bound_whatever_comes() -> None:
    bound = 20 * (ENTRY_BYTES + 160)
    cache = ScoreCache(max_bytes=bound)
    rng = random.Random(1)

    for _ in range(2_000):
        cache.put(("m", rng.randbytes(1)), scores_of(rng.randint(1, 20)))
        assert cache.n_bytes <= bound

    assert len(cache) >= 20


def test_the_least_recently_used_leaves_first() -> None:
    cache = ScoreCache(max_bytes=2 * (ENTRY_BYTES + 8))
    cache.put(("m", b"a"), scores_of(1))
    cache.put(("m", b"b"), scores_of(1))
    cache.get(("m", b"a"))

    cache.put(("m", b"c"), scores_of(1))

    assert cache.get(("m", b"a")) is not None
    assert cache.get(("m", b"b")) is None
    assert (cache.n_hits, cache.n_misses) == (2, 1)


def test_models_do_not_share_scores() -> None:
    cache = ScoreCache(max_bytes=1 << 20)
    cache.put(("one", b"a"), scores_of(1))

    assert cache.get(("other", b"a")) is None


def test_no_room_remembers_nothing() -> None:
    cache = ScoreCache(max_bytes=0)
    cache.put(("m", b"a"), scores_of(1))

    assert (len(cache), cache.n_bytes) == (0, 0)
