"""One world whose every feature can be worked out by hand: four candidates, 32 reads, few events.

Embeddings are set to vectors of two numbers, so that cosines can be read off; the rest goes the way
it goes in a worker. Each file beside this one works out the columns of one block from the constants
here, by the formulas of docs/features.md and nothing of `cherryrec.features`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import Catalogue
from cherryrec.events import instant
from cherryrec.exposures import Exposures, note_clicked, note_labelled, note_shown
from cherryrec.features import feature_matrix, with_evaluations
from cherryrec.knrs import KnrsConfig, select
from cherryrec.profile import PastClick, Profile
from cherryrec.profile.category_records import with_reads
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory, SlatesConfig
from cherryrec.text import stable_hash
from cherryrec.title_fit import TitleFits
from tests.worlds import HALF_LIVES_S, START_S, article, request

NOW = START_S + 26 * 3_600.0
"""Two in the night: a twelfth of the day."""

CANDIDATES = ("a", "b", "c", "d")


class Article(NamedTuple):
    """What is known of an article; vectors are embeddings of text and of tokens."""

    title: str
    category: str
    subcategories: tuple[str, ...]
    entities: tuple[str, ...]
    source: str | None
    vector: tuple[float, float]
    token: tuple[float, float]
    likest_story: float = 0.0
    age_s: float | None = 26 * 3_600.0  # None: no publication time


ARTICLES = {
    "a": Article(
        "Storm floods harbour",
        "sport",
        ("golf", "polo"),
        ("Oslo", "Euro", "Fifa"),
        "wire",
        (0.6, 0.8),
        (0.8, 0.6),
        likest_story=0.9,
        age_s=3_600.0,
    ),
    "b": Article(
        "Storm hits town",
        "sport",
        ("polo",),
        ("Oslo", "Nato", "Mars"),
        "wire",
        (0.8, 0.6),
        (1.0, 0.0),
        age_s=7_200.0,
    ),
    "c": Article(
        "Parliament passes harbour law",
        "money",
        ("bonds",),
        ("Venus",),
        "blog",
        (-0.6, 0.8),
        (0.28, 0.96),
        age_s=10_800.0,
    ),
    "d": Article(
        "Baker wins prize",
        "world",
        (),
        ("Mars",),
        None,
        (0.96, 0.28),
        (-0.6, 0.8),
        likest_story=0.3,
        age_s=None,
    ),
    "x": Article(
        "Town floods harbour", "sport", ("golf",), ("Oslo",), None, (1.0, 0.0), (0.0, 1.0)
    ),
    "y": Article("Law hits prize", "money", ("bonds",), ("Nato",), None, (0.0, 1.0), (0.6, 0.8)),
    "z": Article("Venus probe", "world", ("space",), ("Venus",), None, (-1.0, 0.0), (0.0, -1.0)),
}

READS = ("z", "z", *["x"] * 20, *["y"] * 5, "b", "x", "x", "y", "a")
"""What the user read, oldest first: 32, of which the last 30 are compared one by one."""

NEWEST_CLICK_S = NOW - 900.0
INTEREST = (0.0, 2.0)
NAMED = ("money", "golf")
EVER_CATEGORIES = {"sport": 3, "money": 1}
EVER_SUBCATEGORIES = {"golf": 3, "bonds": 2}


class Event(NamedTuple):
    """An impression, or a click on its one article, this long before the request."""

    ago_s: float
    articles: tuple[str, ...]
    is_click: bool = False


EVENTS = (
    Event(90_000.0, ("a", "b", "x")),
    Event(86_400.0, ("b",), is_click=True),
    Event(21_600.0, ("a", "b", "d")),
    Event(3_600.0, ("a", "d")),
    Event(3_000.0, ("d",), is_click=True),
    Event(1_200.0, ("a", "b")),
    Event(900.0, ("a",), is_click=True),
    Event(600.0, ("b", "y")),
    Event(300.0, ("a",), is_click=True),
)
HISTORIES = (("a", "x"), ("a", "c"), ("c",), ("a",), ("d", "y"))
"""What other users had read when they were imported."""


class Shown(NamedTuple):
    """An impression of this user."""

    ago_s: float
    articles: tuple[str, ...]


SHOWN = (
    Shown(43_200.0, ("a", "b")),
    Shown(1_200.0, ("a", "b", "d")),
    Shown(600.0, ("b",)),
)
CLICKED_SINCE = "b"
LABELLED_CATEGORIES = (("sport", True), ("sport", False), ("money", False), ("world", False))


class Labelled(NamedTuple):
    """A labelled slate of anyone."""

    ago_s: float
    articles: tuple[str, ...]
    clicked: tuple[bool, ...]


SLATES_HALF_LIFE_S = 86_400.0
LABELLED = (
    Labelled(172_800.0, ("a", "b", "c"), (True, False, False)),
    Labelled(86_400.0, ("a", "b"), (True, False)),
    Labelled(86_400.0, ("b", "c", "x", "y"), (True, False, False, True)),
    Labelled(43_200.0, ("c", "d"), (False, True)),
)

N_CLICKS = (0, 3, 12, 50)
"""Articles read by the user of each request, which is alike otherwise."""

EVALUATIONS = {"a": 0.9, "b": 0.5, "d": 0.2}
TEMPERATURE = 2.0

KNRS = KnrsConfig(
    weights=(0.5, 0.1, 0.2, 0.15, 0.05),
    credibility={"wire": 0.8},
    credibility_strength=4.0,
    category_half_lives_s={"sport": 3_600.0, "money": 21_600.0, "world": 7_200.0},
)


@dataclass(frozen=True)
class World:
    """What the features of a request are computed from."""

    catalogue: Catalogue
    profile: Profile
    exposures: Exposures
    slates: SlateMemory

    def features(self) -> NDArray[np.float32]:
        """The rows of `CANDIDATES`, evaluated, (4, F)."""
        reader = Reader.of(self.profile, self.catalogue, self.exposures)
        asked = request("r", NOW, candidates=CANDIDATES)
        selection = select(self.catalogue, reader, asked, KNRS)
        ids = [self.catalogue.ids[row] for row in selection.rows]
        matrix = feature_matrix(
            self.catalogue, reader, self.slates, selection, NOW, fits=TitleFits()
        )
        filled = with_evaluations(matrix, ids, EVALUATIONS, temperature=TEMPERATURE)
        return filled[[ids.index(article_id) for article_id in CANDIDATES]]


def catalogue() -> Catalogue:
    """The articles, and what everyone did with them."""
    found = Catalogue(HALF_LIVES_S)
    for name, one in ARTICLES.items():
        changes: dict[str, object] = {
            "article_id": name,
            "title": one.title,
            "category": one.category,
            "subcategory": "|".join(one.subcategories) or None,
            "entities": one.entities,
            "source": one.source,
            "published_at": None if one.age_s is None else instant(NOW - one.age_s),
        }
        row = found.publish(article(0, **changes), START_S)
        found.embeddings[row] = _padded(one.vector, found.embeddings.shape[1])
        found.token_embeddings[row] = _padded(one.token, found.token_embeddings.shape[1])
        found.story_similarity[row] = one.likest_story
    shard = Shard(0, found, AttentionConfig())
    for offset, event in enumerate(EVENTS):
        time_s = NOW - event.ago_s
        if event.is_click:
            shard.click(event.articles[0], time_s=time_s, offset=offset)
        else:
            shard.view(f"i{offset}", event.articles, time_s=time_s, offset=offset)
    for offset, history in enumerate(HISTORIES):
        shard.read_by(history, time_s=NOW - 60.0, offset=offset)
    found.settle()
    return found


def profile(n_clicks: int) -> Profile:
    """The user, by how many articles they have read."""
    return Profile(
        history=tuple(PastClick(name) for name in READS),
        interest=_padded(INTEREST, 256).astype("<f2").tobytes(),
        collections=NAMED,
        n_clicks=n_clicks,
        newest_s=NEWEST_CLICK_S,
        categories=_counted(EVER_CATEGORIES),
        subcategories=_counted(EVER_SUBCATEGORIES),
    )


def exposures() -> Exposures:
    """What the user was shown."""
    found = Exposures()
    for offset, shown in enumerate(SHOWN):
        found = note_shown(found, _keys(*shown.articles), NOW - shown.ago_s, offset=offset)
    found = note_clicked(found, int(_keys(CLICKED_SINCE)[0]), NOW - 300.0)
    names = [name for name, _ in LABELLED_CATEGORIES]
    labels = np.array([is_clicked for _, is_clicked in LABELLED_CATEGORIES])
    return note_labelled(found, _keys(*names), labels)


def slates() -> SlateMemory:
    """The labelled slates."""
    config = SlatesConfig(max_articles=16, max_slates=8, half_life_s=SLATES_HALF_LIFE_S)
    found = SlateMemory(config)
    for number, one in enumerate(LABELLED):
        found.add(
            f"s{number}",
            one.articles,
            one.clicked,
            categories=[ARTICLES[name].category for name in one.articles],
            time_s=NOW - one.ago_s,
        )
    return found


def worlds() -> list[World]:
    """One world a request, the user of each having read as many as `N_CLICKS` says."""
    return [World(catalogue(), profile(n), exposures(), slates()) for n in N_CLICKS]


def _padded(values: tuple[float, ...], n: int) -> NDArray[np.float32]:
    return np.pad(np.array(values, np.float32), (0, n - len(values)))


def _keys(*names: str) -> NDArray[np.uint32]:
    return np.array([stable_hash(name) & 0xFFFF_FFFF for name in names], np.uint32)


def _counted(reads: dict[str, int]) -> bytes:
    return with_reads(b"", np.repeat(_keys(*reads), list(reads.values())))
