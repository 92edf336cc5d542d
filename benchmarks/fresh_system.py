"""Claim: from the first minute a fresh system's slates are clicked more than those of most clicked.

On generated worlds with known truth a site starts from nothing: no views, no clicks, no histories,
no model. Each request is over the whole catalogue; what is shown is clicked by its true chance, and
that is all that a system learns from. CherryRec runs as in production: examples come a
minute after their slate, or with its first click after that, and workers rank with a snapshot, not
with the learner. Told are the expected clicks of a slate, from the true chances; nobody's luck is
in them but through what was learned.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks._fresh import SLATE_SIZE, STARTS_AT, Site, System
from benchmarks._report import header, verdict
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import CATEGORY_OF
from cherryrec.events import (
    ArticlePublished,
    Click,
    Impression,
    RecommendationRequest,
    instant,
)
from cherryrec.pipeline import PipelineConfig, TrialsConfig
from cherryrec.system import LocalSystem
from cherryrec.text import stable_hash

SEEDS = (0, 1, 2)
PERIODS = {"1 min": 60.0, "10 min": 600.0, "1 h": 3_600.0, "24 h": 86_400.0}
CLICK_AFTER_S = 5.0
HALF_LIFE_S = 3_600.0

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


class Ours:
    """The whole system, in one process; it ranks with a snapshot, as workers do."""

    def __init__(self, site: Site, config: PipelineConfig) -> None:
        self.site = site
        self.system = LocalSystem(config, is_live=False)
        self.stages: dict[str, int] = {}
        self._place = {name: n for n, name in enumerate(site.world.article_ids)}
        self._n_published = self._n_examples = 0
        self.system.publish()

    def slate(self, number: int, user: int, now: float) -> Rows:
        """Send what was published since, let time pass, ask."""
        self._articles(now)
        self.system.advance(now)
        if self.system.learner.n_examples > self._n_examples:
            self._n_examples = self.system.learner.n_examples
            self.system.publish()
        asked = RecommendationRequest(
            request_id=f"r{number}",
            user_id=f"u{user}",
            requested_at=instant(now),
            slate_size=SLATE_SIZE,
        )
        answer = self.system.recommend(asked)
        self.stages[answer.stage or ""] = self.stages.get(answer.stage or "", 0) + 1
        return np.array([self._place[item.article_id] for item in answer.slate])

    def shown(self, number: int, user: int, now: float, slate: Rows, clicked: int | None) -> None:
        """Send the impression, and the click."""
        names = self.site.world.article_ids
        impression = Impression(
            impression_id=f"i{number}",
            request_id=f"r{number}",
            user_id=f"u{user}",
            articles=tuple(names[place] for place in slate.tolist()),
            shown_at=instant(now),
        )
        self.system.send(impression)
        if clicked is not None:
            click = Click(
                event_id=f"c{number}",
                user_id=f"u{user}",
                article_id=names[clicked],
                clicked_at=instant(now + CLICK_AFTER_S),
                impression_id=f"i{number}",
            )
            self.system.send(click)

    def _articles(self, now: float) -> None:
        world = self.site.world
        n_live = len(self.site.live(now))
        for place in range(self._n_published, n_live):
            headline = world.headlines[place]
            category = CATEGORIES[CATEGORY_OF[world.topic[place]]]
            article = ArticlePublished(
                article_id=world.article_ids[place],
                title=headline.title,
                abstract=headline.abstract,
                category=category.name,
                published_at=instant(float(world.published_at[place])),
            )
            self.system.send(article)
        self._n_published = n_live


class Simple:
    """Orders all articles by one number; what the reader has clicked is left out."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.read: dict[int, set[int]] = {}

    def slate(self, number: int, user: int, now: float) -> Rows:
        """Return the ten highest."""
        live = self.site.live(now)
        read = self.read.get(user, set())
        live = live[[place not in read for place in live.tolist()]]
        value = self.value(number, user, now, live)
        return live[np.lexsort((-live, -value))[:SLATE_SIZE]]

    def shown(self, number: int, user: int, now: float, slate: Rows, clicked: int | None) -> None:
        """Remember the click."""
        if clicked is not None:
            self.read.setdefault(user, set()).add(clicked)

    def value(self, number: int, user: int, now: float, live: Rows) -> Floats:
        """Return what is ordered by; equal ones go by newness."""
        return np.zeros(len(live))


class Newest(Simple):
    """The newest of all."""


class Random(Simple):
    """Anything."""

    def value(self, number: int, user: int, now: float, live: Rows) -> Floats:
        """Return a hash."""
        return np.array([float(stable_hash(f"{number} {place}")) for place in live.tolist()])


class Best(Simple):
    """The truth."""

    def value(self, number: int, user: int, now: float, live: Rows) -> Floats:
        """Return the utility."""
        return self.site.utility(user, now, live, self.read.get(user, set()))


class MostClicked(Simple):
    """Clicks of about the last hour, of this system's own slates; equal ones go by newness."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.clicks = np.zeros(len(site.world.article_ids))

    def value(self, number: int, user: int, now: float, live: Rows) -> Floats:
        """Return the decayed clicks."""
        return self.clicks[live]

    def shown(self, number: int, user: int, now: float, slate: Rows, clicked: int | None) -> None:
        """Count the click, weighted by its time: decay keeps their order."""
        super().shown(number, user, now, slate, clicked)
        if clicked is not None:
            self.clicks[clicked] += 2.0 ** ((now - STARTS_AT) / HALF_LIFE_S)


def by_period(site: Site, expected: Floats) -> list[float]:
    """Return the mean expected clicks until the end of each period, every minute alike."""
    ages = np.array([now for _, now in site.requests]) - STARTS_AT
    weights = np.where(ages < PERIODS["1 h"], np.sum(ages >= PERIODS["1 h"]) / 23.0, 1.0)
    weights[ages < PERIODS["1 h"]] /= np.sum(ages < PERIODS["1 h"])
    return [
        float(np.average(expected[ages < until], weights=weights[ages < until]))
        for until in PERIODS.values()
    ]


def systems(site: Site, config: PipelineConfig) -> dict[str, System]:
    """Build all that are compared."""
    return {
        "best possible": Best(site),
        "CherryRec": Ours(site, config),
        "most clicked": MostClicked(site),
        "newest": Newest(site),
        "random": Random(site),
    }


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit 1 where the claim does not hold. Arguments are seeds, `trials=N`."""
    config = PipelineConfig()
    for one in arguments:
        if one.startswith("trials="):
            config = replace(config, trials=TrialsConfig(every=int(one.partition("=")[2])))
    seeds = [int(one) for one in arguments if "=" not in one] or list(SEEDS)
    header("expected clicks per 100 slates of a fresh system", seed=seeds[0])
    found: dict[str, list[list[float]]] = {}
    for seed in seeds:
        site = Site(seed)
        for name, system in systems(site, config).items():
            found.setdefault(name, []).append(by_period(site, site.run(system)))
            if isinstance(system, Ours):
                print(f"seed {seed}: slates by stage {system.stages}", flush=True)
    print(f"\n{'until the end of the first':26}" + "".join(f"{name:>22}" for name in PERIODS))
    for name, rows in found.items():
        columns = 100.0 * np.array(rows).T  # (periods, seeds)
        cells = [f"{row.mean():.1f} ({row.min():.1f} to {row.max():.1f})" for row in columns]
        print(f"{name:26}" + "".join(f"{cell:>22}" for cell in cells))
    ours, theirs = (np.array(found[name]) for name in ("CherryRec", "most clicked"))
    return int(
        not all(
            [
                verdict(f"least ratio to most clicked, {name}", float(ratio), at_least=1.0)
                for name, ratio in zip(PERIODS, (ours / theirs).min(axis=0), strict=True)
            ]
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
