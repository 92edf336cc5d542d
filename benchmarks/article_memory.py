"""Claim: an article takes at most 8 KiB of a stream worker's memory.

The core of a worker of four partitions, in a process of its own for each number of articles: its
catalogue with both embeddings, words and story memory; counters of each source partition and of all
together; co-reads and labelled slates, whose bounds are settings. What is measured is the memory of
the process, and beside it the arrays of each part, which the system fills as they are used. Other
numbers: `python -m benchmarks.article_memory 1000 100000`.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import numpy as np

from benchmarks._processes import memory_mib
from benchmarks._report import header, verdict
from cherryrec.evaluation.generate.headlines import headline
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS
from cherryrec.events import ArticlePublished, instant
from cherryrec.pipeline import Pipeline
from cherryrec.system import LocalSystem

SEED = 0
SIZES = (1_000, 10_000, 40_000)
N_PARTITIONS = 4
START_S = 1_750_000_000.0
N_SHOWN = 20
KIB_AN_ARTICLE = 8.0


def site(n_articles: int) -> Pipeline:
    """Fill the core of a worker: every article is published, shown everywhere and clicked."""
    pipeline = LocalSystem(is_learning=False).pipeline
    rng = np.random.default_rng(SEED)
    for number in range(n_articles):
        topic, words = TOPICS[int(rng.integers(len(TOPICS)))]
        text = headline(rng, words)
        article = ArticlePublished(
            article_id=f"N{100_000 + number}",
            title=text.title,
            abstract=text.abstract,
            category=CATEGORIES[topic].name,
            published_at=instant(START_S - float(rng.uniform(0.0, 172_800.0))),
        )
        pipeline.article(article.article_id, article, now=START_S)
    for number in range(N_PARTITIONS * -(-n_articles // N_SHOWN)):
        shard = pipeline.shard(number % N_PARTITIONS)
        first = number // N_PARTITIONS * N_SHOWN
        names = [f"N{100_000 + k}" for k in range(first, min(first + N_SHOWN, n_articles))]
        shard.view(f"i{number}", names, time_s=START_S, offset=number)
        shard.click(names[0], time_s=START_S, offset=number)
    pipeline.flush(range(N_PARTITIONS))
    return pipeline


def array_bytes(part: object) -> int:
    """Sum up the arrays that an object holds, and those of what it holds."""
    seen: set[int] = set()
    total, left = 0, [part]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            total += one.nbytes if one.base is None else 0
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list | tuple):
            left += one
        elif type(one).__module__.startswith("cherryrec."):
            left += (
                [getattr(one, name) for name in (*vars(one),)] if hasattr(one, "__dict__") else []
            )
    return total


def measured(n_articles: int) -> dict[str, float]:
    """Measure one number of articles, in this process; MiB by part."""
    site(1)  # what is loaded and compiled once
    gc.collect()
    before = memory_mib(os.getpid())
    pipeline = site(n_articles)
    gc.collect()
    grown = memory_mib(os.getpid()) - before
    catalogue = pipeline.catalogue
    counters = [catalogue.totals, *catalogue.partitions.values()]
    vectors = (catalogue.embeddings, catalogue.token_embeddings, catalogue.coarse)
    parts = {
        "process before": before,
        "grown": grown,
        "embeddings": sum(one.nbytes for one in vectors) / 2**20,
        "counters": sum(one.sums.nbytes + one.first_shown.nbytes for one in counters) / 2**20,
        "labelled slates": array_bytes(pipeline.slates) / 2**20,
        "co-reads": array_bytes(pipeline.co_reads) / 2**20,
    }
    return {name: round(value, 2) for name, value in parts.items()}


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit 1 where the claim does not hold."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(measured(int(arguments[1]))))
        return 0
    sizes = [int(one) for one in arguments] or SIZES
    header(f"memory by number of articles, {N_PARTITIONS} partitions", seed=SEED)
    grown = []
    for n in sizes:
        command = [sys.executable, "-m", "benchmarks.article_memory", "--one", str(n)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        parts = json.loads(done.stdout)
        grown.append(parts["grown"])
        told = ", ".join(f"{name} {value:,.1f}" for name, value in parts.items())
        print(f"{n:,} articles, MiB: {told}", flush=True)
    slope = 1024 * (grown[-1] - grown[0]) / (sizes[-1] - sizes[0])
    return 0 if verdict("KiB an article", slope, most=KIB_AN_ARTICLE) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
