from __future__ import annotations

import gc
import random
import tracemalloc

import numpy as np
import pytest

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


@pytest.mark.slow
@pytest.mark.parametrize("n_letters", [1, 20])
@pytest.mark.parametrize("bound", [200_000, 300_000])
def test_the_bound_is_that_of_the_memory_taken(n_letters: int, bound: int) -> None:
    rng = np.random.default_rng(1)
    cache = ScoreCache(max_bytes=bound)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    for number in range(bound // 150):
        # As a backend hands them in: a version made anew, a view of all letters' logits.
        version = f"Qwen2-7B@0123456789ab/bfloat16+lora:{number % 2:012x}"
        logits = rng.random(20)[:n_letters]
        cache.put((version, rng.bytes(16)), LetterScores(logits=logits, n_tokens=900 + number))

    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert bound - 1_000 < cache.n_bytes <= bound
    assert 0.8 < taken / cache.n_bytes < 1.2


def test_scores_come_back_as_they_were_put() -> None:
    cache = ScoreCache(max_bytes=1 << 20)
    logits = np.array([-0.125, 1 / 3, 7e300])

    cache.put(("m", b"a"), LetterScores(logits=logits, n_tokens=612))
    back = cache.get(("m", b"a"))

    assert back is not None
    assert (back.logits.tobytes(), back.n_tokens) == (logits.tobytes(), 612)


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
