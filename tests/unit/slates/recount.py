"""The window of slates as lists, counted again whenever it is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import log, sqrt

from cherryrec.features.blocks import slate as block
from cherryrec.slates import SlatesConfig
from tests.unit.slates.messages import category


@dataclass
class Slate:
    number: int
    articles: list[str]
    clicked: list[bool]
    time_s: float


@dataclass
class Oracle:
    """The same window as lists: everything is counted again whenever it is asked."""

    config: SlatesConfig
    window: dict[str, Slate] = field(default_factory=dict)
    posted: dict[str, list[int]] = field(default_factory=dict)  # of the articles that have a place
    born: dict[str, int] = field(default_factory=dict)
    slots: list[str] = field(default_factory=list)
    n_slates: int = 0

    def add(
        self,
        name: str,
        articles: list[str],
        clicked: list[bool],
        time_s: float,
        is_correction: bool,
    ) -> None:
        n_most = min(self.config.max_places, self.config.max_articles)
        articles, clicked = articles[:n_most], clicked[:n_most]
        if name in self.window:
            if len(clicked) == len(self.window[name].articles):
                self.window[name].clicked = clicked
            return
        if is_correction:
            return
        while self.window and (
            len(self.window) == self.config.max_slates
            or sum(len(s.articles) for s in self.window.values()) + len(articles)
            > self.config.max_places
        ):
            del self.window[next(iter(self.window))]
        number, self.n_slates = self.n_slates, self.n_slates + 1
        for article in articles:
            if article in self.born:
                self.posted[article].append(number)
        for article in articles:
            if article in self.born:
                continue
            if len(self.slots) < self.config.max_articles:
                self.slots.append(article)
            else:
                gone = min(self.slots, key=lambda a: (self.posted[a][-1], self.slots.index(a)))
                self.slots[self.slots.index(gone)] = article
                del self.born[gone], self.posted[gone]
            self.born[article], self.posted[article] = number, [number]
        self.window[name] = Slate(number, articles, clicked, time_s)

    def has(self, article: str, slate: Slate) -> bool:
        return article in self.born and self.born[article] <= slate.number

    def wins(self) -> Counter[tuple[str, str]]:
        return Counter(
            (x, z)
            for slate in self.window.values()
            for x, is_clicked in zip(slate.articles, slate.clicked, strict=True)
            for z, is_other in zip(slate.articles, slate.clicked, strict=True)
            if is_clicked and not is_other and self.has(x, slate) and self.has(z, slate)
        )

    def by_category(self) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
        """Wins of an article over a category's, and what it lost to them."""
        wins: Counter[tuple[str, str]] = Counter()
        losses: Counter[tuple[str, str]] = Counter()
        for slate in self.window.values():
            pairs = [
                (x, z)
                for x, is_clicked in zip(slate.articles, slate.clicked, strict=True)
                for z, is_other in zip(slate.articles, slate.clicked, strict=True)
                if is_clicked and not is_other
            ]
            wins.update((x, category(z)) for x, z in pairs if self.has(x, slate))
            losses.update((z, category(x)) for x, z in pairs if self.has(z, slate))
        return wins, losses

    def evidence(self, articles: list[str], now: float) -> list[list[float]]:
        wins, (category_wins, category_losses) = self.wins(), self.by_category()
        slates = {slate.number: slate for slate in self.window.values()}
        near = {  # the slates of each article that are remembered and still in the window
            x: [s for s in self.posted.get(x, [])[-self.config.max_postings :] if s in slates]
            for x in articles
        }
        rows = []
        for x in articles:
            others = [z for z in articles if z != x]
            root = sqrt(max(len(others), 1))
            row = [0.0] * len(block.COLUMNS)
            row[2] = 0.5
            if x in self.born and others:
                odds = [log((wins[x, z] + 0.5) / (wins[z, x] + 0.5)) for z in others]
                both = [(wins[x, z], wins[z, x]) for z in others]
                row[0] = sum(odds) / len(others)
                row[1] = sum(odds) / root
                row[2] = sum((w + 0.5) / (w + v + 1.0) for w, v in both) / len(others)
                row[3] = min(odds)
                row[4] = sum((w - v) / sqrt(w + v + 1.0) for w, v in both) / root
                row[5] = sum(
                    log((category_wins[x, c] + 0.5) / (category_losses[x, c] + 0.5))
                    for c in map(category, others)
                ) / len(others)
            for column, power in ((6, 1), (7, 3)):
                got = wanted = 0.0
                for number in near[x]:
                    slate = slates[number]
                    shared = sum(number in near[z] for z in articles)
                    jaccard = shared / (len(articles) + len(slate.articles) - shared)
                    fresh = 2.0 ** (-max(now - slate.time_s, 0.0) / self.config.half_life_s)
                    wanted += jaccard**power * fresh * sum(slate.clicked) / len(slate.articles)
                    if slate.clicked[slate.articles.index(x)]:
                        got += jaccard**power * fresh
                row[column] = log((got + 0.2) / (wanted + 0.2))
            rows.append(row)
        return rows
