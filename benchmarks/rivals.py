"""Claim: a request without rivals to learn against costs at most 0.6 of one with them.

Processor time of `Pipeline.request` for 100 given candidates of 2,000 articles, without CnLE, of
readers with a history: once where every request draws rivals, and once where so many come that
next to none does (`knrs.rivals_per_s`). Both take turns.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from benchmarks._report import header, spread, verdict
from benchmarks._traffic import Traffic
from cherryrec.cli.arithmetic import choose_products
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.system import LocalSystem

SEED = 0
N_ARTICLES, N_CANDIDATES, N_REQUESTS, N_RUNS = 2_000, 100, 100, 15
RATES = {"all draw": 1e9, "next to none": 1e-9}
AT_MOST = 0.6


class Site:
    """A system with articles, readers and what they were shown, and requests that come.

    Parameters
    ----------
    rivals_per_s
        How many requests a second draw rivals.
    """

    def __init__(self, rivals_per_s: float) -> None:
        core = PipelineConfig()
        system = LocalSystem(replace(core, knrs=replace(core.knrs, rivals_per_s=rivals_per_s)))
        self.traffic = Traffic(n_articles=N_ARTICLES, seed=SEED)
        for article in self.traffic.articles():
            system.pipeline.article(article.article_id, article, now=self.traffic.start_s)
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


def main() -> int:
    """Print both, and their ratio; exit 1 where the claim does not hold."""
    choose_products()
    header(f"a request for {N_CANDIDATES} candidates of {N_ARTICLES:,} articles", seed=SEED)
    sites = {name: Site(rate) for name, rate in RATES.items()}
    found: dict[str, list[float]] = {name: [] for name in RATES}
    for run in range(N_RUNS + 1):
        for name, site in sites.items():
            taken_ms = site.milliseconds()
            if run:  # the first compiles, or loads what was compiled
                found[name].append(taken_ms)
    for name, values in found.items():
        print(f"{name}: {spread(values, 2)} ms of processor time a request")
    all_draw, none_draws = (min(found[name]) for name in RATES)  # on a busy machine the best
    return 0 if verdict("next to none over all", none_draws / all_draw, most=AT_MOST) else 1


if __name__ == "__main__":
    sys.exit(main())
