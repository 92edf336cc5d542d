"""Labelled slates as messages, and what a memory holds of them by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from cherryrec.slates import SlateMemory, SlatesConfig

SMALL = SlatesConfig(max_slates=5, max_places=16, max_articles=8, max_postings=3, half_life_s=90.0)
ROOMY = SlatesConfig(max_slates=6, max_articles=40, max_postings=8, half_life_s=90.0)


def category(article: str) -> str:
    return f"c{int(article[1:]) % 3}"


@dataclass(frozen=True)
class Message:
    name: str
    articles: list[str]
    clicked: list[bool]
    time_s: float
    is_correction: bool = False
    is_given: bool = False

    def put(self, memory: SlateMemory) -> bool:
        return memory.add(
            self.name,
            self.articles,
            self.clicked,
            categories=[category(article) for article in self.articles],
            time_s=self.time_s,
            is_correction=self.is_correction,
            is_given=self.is_given,
        )


@st.composite
def messages(
    draw: st.DrawFn, *, n: int = 30, n_articles: int = 14, max_size: int = 10, corrections: float
) -> list[Message]:
    """Slates in time order; some are corrected later, or sent twice."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sent: list[Message] = []
    for k in range(draw(st.integers(1, n))):
        if sent and rng.random() < corrections:
            old = sent[int(rng.integers(len(sent)))]
            labels = rng.random(len(old.articles)) < 0.4
            sent.append(Message(old.name, old.articles, labels.tolist(), old.time_s, True))
            continue
        size = int(rng.integers(1, max_size + 1))
        articles = [f"a{j}" for j in rng.permutation(n_articles)[:size]]
        labels = rng.random(size) < 0.4
        is_given = rng.random() < 0.5
        sent.append(Message(f"s{k}", articles, labels.tolist(), 10.0 * k, is_given=is_given))
    return sent


def wins_of(memory: SlateMemory) -> dict[tuple[str, str], float]:
    at = memory._slot_of
    found = {(x, z): float(memory.wins[i, j]) for x, i in at.items() for z, j in at.items()}
    return {pair: count for pair, count in found.items() if count}


def by_category_of(memory: SlateMemory) -> list[dict[tuple[str, str], float]]:
    found = []
    for counts in (memory._category_wins, memory._category_losses):
        cells = {
            (x, c): float(counts[i, j])
            for x, i in memory._slot_of.items()
            for c, j in memory._category_of.items()
        }
        found.append({pair: count for pair, count in cells.items() if count})
    return found


def arrays_of(memory: SlateMemory) -> dict[str, bytes]:
    return {k: v.tobytes() for k, v in vars(memory).items() if isinstance(v, np.ndarray)}
