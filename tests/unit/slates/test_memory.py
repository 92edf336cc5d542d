"""The slate memory against a recount in plain Python, after every slate that comes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.errors import ConfigError
from cherryrec.slates import EVIDENCE, SlateMemory, SlatesConfig
from cherryrec.slates.memory import N_CATEGORIES

SMALL = SlatesConfig(max_slates=5, max_places=16, max_articles=8, max_postings=3, half_life_s=90.0)
ROOMY = SlatesConfig(max_slates=6, max_articles=40, max_postings=8, half_life_s=90.0)


def category(article: str) -> str:
    return f"c{int(article[1:]) % 3}"


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
            row = [0.0] * len(EVIDENCE)
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


@dataclass(frozen=True)
class Message:
    name: str
    articles: list[str]
    clicked: list[bool]
    time_s: float
    is_correction: bool = False

    def tell(self, memory: SlateMemory) -> bool:
        return memory.add(
            self.name,
            self.articles,
            self.clicked,
            categories=[category(article) for article in self.articles],
            time_s=self.time_s,
            is_correction=self.is_correction,
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
        sent.append(Message(f"s{k}", articles, labels.tolist(), 10.0 * k))
    return sent


@settings(max_examples=60, deadline=None)
@given(messages(corrections=0.3))
def test_what_is_held_is_what_a_recount_of_the_window_finds(sent: list[Message]) -> None:
    memory, oracle = SlateMemory(SMALL), Oracle(SMALL)
    asked = [f"a{k}" for k in range(0, 14, 2)]

    for one in sent:
        one.tell(memory)
        oracle.add(one.name, one.articles, one.clicked, one.time_s, one.is_correction)

        assert memory.n_slates - memory.oldest == len(oracle.window)
        assert wins_of(memory) == oracle.wins()
        assert by_category_of(memory) == list(oracle.by_category())
        now = one.time_s + 7.0
        evidence = memory.evidence(asked, categories=[category(a) for a in asked], now=now)
        np.testing.assert_allclose(evidence, oracle.evidence(asked, now), rtol=1e-9, atol=1e-12)
        assert not memory._overlaps.any()


@settings(max_examples=60, deadline=None)
@given(messages(n=60, n_articles=40, max_size=6, corrections=0.0))
def test_who_has_seen_the_newest_slates_only_knows_all_evidence(sent: list[Message]) -> None:
    whole, late = SlateMemory(ROOMY), SlateMemory(ROOMY)
    for one in sent:
        one.tell(whole)
    for one in sent[-ROOMY.max_slates :]:
        one.tell(late)

    assert wins_of(whole) == wins_of(late)
    assert by_category_of(whole) == by_category_of(late)
    asked = [f"a{k}" for k in range(40)]
    now = sent[-1].time_s + 5.0
    evidence = [
        m.evidence(asked, categories=[*map(category, asked)], now=now) for m in (whole, late)
    ]
    np.testing.assert_allclose(evidence[0], evidence[1], rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(messages(n=60, n_articles=40, max_size=6, corrections=0.25))
def test_corrections_among_the_newest_messages_do_no_harm(sent: list[Message]) -> None:
    """A correction of a slate that is not there was once counted as a new slate."""
    tail = sent[-2 * ROOMY.max_slates :]
    if len(tail) < len(sent) and sum(one.is_correction for one in tail) > ROOMY.max_slates:
        return  # fewer slates than a window: a late one knows less
    whole, late = SlateMemory(ROOMY), SlateMemory(ROOMY)
    for one in sent:
        one.tell(whole)
    for one in tail:
        one.tell(late)

    assert wins_of(whole) == wins_of(late)
    assert by_category_of(whole) == by_category_of(late)


@settings(max_examples=40, deadline=None)
@given(messages(n=12, max_size=6, corrections=0.0), st.randoms(use_true_random=False))
def test_a_corrected_slate_is_one_that_was_right_from_the_start(
    sent: list[Message], random: object
) -> None:
    config = SlatesConfig(max_slates=12, max_articles=14, half_life_s=90.0)
    right, corrected = SlateMemory(config), SlateMemory(config)
    rng = np.random.default_rng(random.randint(0, 2**32))  # type: ignore[attr-defined]
    for one in sent:
        one.tell(right)
        wrong = (rng.random(len(one.clicked)) < 0.5).tolist()
        Message(one.name, one.articles, wrong, one.time_s).tell(corrected)
    for k in rng.permutation(len(sent)).tolist():
        one = sent[k]
        Message(one.name, one.articles, one.clicked, one.time_s, True).tell(corrected)

    assert (right.wins == corrected.wins).all()
    asked = [f"a{k}" for k in range(14)]
    evidence = [
        m.evidence(asked, categories=[*map(category, asked)], now=500.0) for m in (right, corrected)
    ]
    assert evidence[0].tobytes() == evidence[1].tobytes()


def arrays_of(memory: SlateMemory) -> dict[str, bytes]:
    return {k: v.tobytes() for k, v in vars(memory).items() if isinstance(v, np.ndarray)}


@settings(max_examples=30, deadline=None)
@given(messages(n=10, corrections=0.0))
def test_a_slate_sent_twice_changes_nothing(sent: list[Message]) -> None:
    memory = SlateMemory(SMALL)
    for one in sent:
        assert one.tell(memory)
    before, numbers = arrays_of(memory), (memory.n_slates, memory.oldest)

    for one in sent[-(memory.n_slates - memory.oldest) :]:
        assert not one.tell(memory)

    assert arrays_of(memory) == before
    assert (memory.n_slates, memory.oldest) == numbers


def test_a_correction_of_a_slate_that_has_left_is_not_a_new_slate() -> None:
    memory = SlateMemory(SMALL)
    for k in range(2 * SMALL.max_slates):
        Message(f"s{k}", ["a1", "a2"], [True, False], float(k)).tell(memory)

    changed = Message("s0", ["a1", "a2"], [False, True], 0.0, is_correction=True).tell(memory)

    assert not changed
    assert wins_of(memory) == {("a1", "a2"): SMALL.max_slates}


def test_an_article_does_not_leave_for_another_of_its_own_slate() -> None:
    """The one longest unseen once left although the slate at hand shows it."""
    memory = SlateMemory(SlatesConfig(max_slates=9, max_articles=3))
    Message("s0", ["a0", "a1"], [True, False], 0.0).tell(memory)
    Message("s1", ["a2", "a1"], [True, False], 1.0).tell(memory)

    Message("s2", ["a9", "a0"], [True, False], 2.0).tell(memory)

    assert set(memory._slot_of) == {"a0", "a9", "a2"}
    assert wins_of(memory)["a9", "a0"] == 1.0
    assert memory._born[memory._slot_of["a0"]] == 0


def test_a_category_nobody_has_met_says_nothing() -> None:
    memory = SlateMemory(SMALL)
    memory.add("s", ["a", "b"], [True, False], categories=["x", "y"], time_s=0.0)

    by_category = EVIDENCE.index("wins_category")
    for other, wanted in (("y", log(1.5 / 0.5)), ("new", 0.0)):
        evidence = memory.evidence(["a", "b"], categories=["x", other], now=0.0)
        assert evidence[0, by_category] == pytest.approx(wanted)


def test_categories_past_the_bound_share_places() -> None:
    memory = SlateMemory(SMALL)
    for k in range(N_CATEGORIES + 40):
        memory.add(f"s{k}", ["a", "b"], [True, False], categories=[f"{k}x", f"{k}y"], time_s=0.0)

    assert len(memory._category_of) == N_CATEGORIES
    assert memory._category_wins[:, N_CATEGORIES].sum() == 0.0
    evidence = memory.evidence(["a", "b"], categories=["295x", "295y"], now=0.0)
    assert evidence[0, EVIDENCE.index("wins_category")] > 0.0


def test_the_newest_time_is_that_of_the_slates_not_of_their_coming() -> None:
    memory = SlateMemory(SMALL)
    for name, time_s in (("s1", 50.0), ("s0", 20.0)):
        Message(name, ["a1", "a2"], [True, False], time_s).tell(memory)

    assert memory.newest_s == 50.0


def test_reading_evidence_writes_nothing() -> None:
    memory = SlateMemory(SMALL)
    Message("s", ["a1", "a2"], [True, False], 0.0).tell(memory)
    before, known = arrays_of(memory), dict(memory._category_of)

    memory.evidence(["a1", "a7"], categories=["c1", "never"], now=9.0)

    assert arrays_of(memory) == before
    assert memory._category_of == known


@pytest.mark.parametrize("name", ["max_slates", "max_places", "max_postings", "half_life_s"])
@pytest.mark.parametrize("wrong", [0, -1, float("nan")])
def test_bounds_of_nothing_are_refused(name: str, wrong: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be above 0, got {wrong}"):
        SlatesConfig(**{name: wrong})  # type: ignore[arg-type]


def test_one_article_cannot_be_compared() -> None:
    with pytest.raises(ConfigError, match="max_articles must be at least 2, got 1"):
        SlatesConfig(max_articles=1)
