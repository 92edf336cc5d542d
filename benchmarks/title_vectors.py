"""Claim: a sentence model's columns add at most 15 % to a request; MiniLM reads 50 titles/s.

Processor time of `Pipeline.request` for 100 given candidates of 2,000 articles, of readers with a
history, with and without the vectors of all titles, in turns; drawn vectors, as reading is not part
of a request. Beside it the time in which each model reads a generated title.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks._report import header, spread, verdict
from benchmarks._traffic import Traffic
from cherryrec.catalogue import CatalogueConfig
from cherryrec.cli.arithmetic import choose_products
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.system import LocalSystem
from cherryrec.text import SENTENCE_DIMENSIONS, load_sentence_model, stable_hash

SEED = 0
N_ARTICLES, N_CANDIDATES, N_REQUESTS, N_RUNS = 2_000, 100, 100, 15
N_TITLES, N_READINGS = 100, 3
AT_MOST, AT_LEAST = 1.15, 50.0


class Site:
    """A system with articles, readers and what they were shown, and requests that come.

    Parameters
    ----------
    model
        Name of the sentence model.
    """

    def __init__(self, model: str) -> None:
        config = PipelineConfig(catalogue=CatalogueConfig(sentence_model=model))
        system = LocalSystem(config, embed=drawn)
        self.traffic = Traffic(n_articles=N_ARTICLES, seed=SEED)
        for article in self.traffic.articles():
            system.send(article, now=self.traffic.start_s)
        for profile in self.traffic.profiles():
            system.send(profile)
        for number in range(400):
            system.send(self.traffic.impression(number))
        self.pipeline, self.n = system.pipeline, 0

    def milliseconds(self) -> float:
        """Answer requests; return the processor time of one."""
        asked = []
        for _ in range(N_REQUESTS):
            self.n += 1
            asked.append(self.traffic.request(self.n, n_candidates=N_CANDIDATES))
        started_s = time.process_time()
        for number, request in enumerate(asked, start=self.n):
            self.pipeline.request(Position(0, number), request, clock_s=self.traffic.start_s)
        return 1_000 * (time.process_time() - started_s) / N_REQUESTS


def drawn(title: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    """Return a direction of a title's own."""
    rng = np.random.default_rng(stable_hash(title) % 2**32)
    return rng.integers(-127, 128, SENTENCE_DIMENSIONS).astype(np.int8)


def titles() -> list[str]:
    """Generate headlines."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder)
        generate_log(log, n_impressions=50, n_users=10, n_articles=4 * N_TITLES, seed=SEED)
        found = {article.title for article in MindLog(log).articles().values()}
    return sorted(found)[:N_TITLES]


def read_rate(name: str, some: list[str]) -> float:
    """Print how fast a model reads; return titles a second of processor time, the best."""
    model = load_sentence_model(name)
    assert model is not None, "only none has none"
    model.embed(some[0])
    rates = []
    for _ in range(N_READINGS):
        started_s = time.process_time()
        for title in some:
            model.embed(title)
        rates.append(len(some) / (time.process_time() - started_s))
    each_ms = 1e3 / statistics.median(rates)
    print(f"{name}: {spread(rates, 1)} titles a second of one core, {each_ms:.1f} ms each")
    return max(rates)


def main() -> int:
    """Print both; exit 1 where the claim does not hold."""
    choose_products()
    header(f"a request for {N_CANDIDATES} candidates of {N_ARTICLES:,} articles", seed=SEED)
    sites = {name: Site(name) for name in ("none", "minilm")}
    found: dict[str, list[float]] = {name: [] for name in sites}
    for run in range(N_RUNS + 1):
        for name, site in sites.items():
            taken_ms = site.milliseconds()
            if run:  # the first compiles, or loads what was compiled
                found[name].append(taken_ms)
    for name, values in found.items():
        print(f"vectors of {name}: {spread(values, 2)} ms of processor time a request")
    without, with_vectors = (min(found[name]) for name in sites)  # on a busy machine the best
    some = titles()
    rates = {name: read_rate(name, some) for name in ("minilm", "e5")}
    holds = (
        verdict("a request with vectors over one without", with_vectors / without, most=AT_MOST),
        verdict("titles a second, MiniLM", rates["minilm"], at_least=AT_LEAST),
    )
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
