"""Claim: the compiled hashing embeds at least 10 times as many articles a second as plain Python.

The reference hashes the same words and 4-grams with `zlib.crc32` into a dictionary, as the
catalogue did before; both read the same titles and abstracts in turns. Token vectors are timed too.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Callable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks._report import header, spread, verdict
from cherryrec.text import HashedText, load_token_vectors

SEED = 0
N_ARTICLES = 2_000
N_RUNS = 7
AT_LEAST = 10.0
WORD = re.compile(r"\w+")
Article = tuple[str, str]


def articles(seed: int) -> list[Article]:
    """Draw titles of 10 words and abstracts of 40, their words as frequent as in a language."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlu"))
    words = ["".join(rng.choice(letters, size=n)) for n in rng.integers(2, 12, 20_000)]
    ranks = np.minimum(rng.zipf(1.3, (N_ARTICLES, 50)), len(words)) - 1
    return [
        (" ".join(words[k] for k in row[:10]), " ".join(words[k] for k in row[10:]))
        for row in ranks
    ]


def plain(title: str, abstract: str, n_dimensions: int = 256) -> NDArray[np.float32]:
    """Hash as the former code did."""
    weights: dict[int, float] = {}
    for text, scale in ((title, 1.0), (" ".join(abstract.split()[:60]), 0.5)):
        for word in WORD.findall(text.lower()):
            n = len(word)
            if n < 2:
                continue
            weight = scale * (min(n, 8) / 8) ** 2
            features = [(word, weight)]
            if n > 4:
                part = weight / (n - 3) ** 0.5
                features += [(f"#{word[start : start + 4]}", part) for start in range(n - 3)]
            for feature, value in features:
                key = crc32(feature.encode())
                weights[key] = max(value, weights.get(key, 0.0))
    keys = np.fromiter(weights.keys(), np.int64, len(weights))
    signed = np.where(keys & (1 << 31), 1.0, -1.0) * np.fromiter(weights.values(), float)
    vector = np.bincount(keys & (n_dimensions - 1), signed, n_dimensions).astype(np.float64)
    return (vector / np.sqrt(vector @ vector)).astype(np.float32)


def rate(embed: Callable[[Article], object], drawn: list[Article]) -> float:
    """Measure articles a second."""
    started = time.perf_counter()
    for article in drawn:
        embed(article)
    return len(drawn) / (time.perf_counter() - started)


def main() -> int:
    """Print the table; exit 1 where the claim does not hold."""
    header(f"embedding {N_ARTICLES:,} articles of 50 words, {N_RUNS} runs", seed=SEED)
    drawn = articles(SEED)
    text, tokens = HashedText(), load_token_vectors("wordllama")
    assert tokens is not None, "only none has none"
    ways: dict[str, Callable[[Article], object]] = {
        "hashed, compiled": lambda article: text.embed(*article),
        "hashed, plain Python": lambda article: plain(*article),
        "token vectors of the title": lambda article: tokens.embed(article[0]),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for embed in ways.values():
        embed(drawn[0])  # compiles
    for _ in range(N_RUNS):
        for name, embed in ways.items():
            rates[name].append(rate(embed, drawn))
    for name, values in rates.items():
        print(f"{name}: {spread(values)} articles/s, {1e6 / statistics.median(values):.1f} µs each")
    compiled, reference = rates["hashed, compiled"], rates["hashed, plain Python"]
    ratio = statistics.median(c / r for c, r in zip(compiled, reference, strict=True))
    return 0 if verdict("compiled over plain", ratio, at_least=AT_LEAST) else 1


if __name__ == "__main__":
    sys.exit(main())
