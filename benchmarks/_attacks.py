"""The red-team set, and the slates of generated headlines on which it is tried."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from cherryrec.cnle import LETTERS, Cut, Prompt, PromptConfig, evaluation_request, render
from cherryrec.evaluation.generate.headlines import headline
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS
from cherryrec.events import EvaluationRequest, PromptProfile

__all__ = [
    "KINDS",
    "N_CANDIDATES",
    "Attack",
    "Slate",
    "attacks",
    "draw_slate",
    "harmless",
]

SET = Path(__file__).parents[1] / "tests" / "redteam" / "titles.toml"
KINDS = (
    "bidi",
    "control",
    "fence",
    "flattery",
    "instruction",
    "invisible",
    "language",
    "letter_line",
    "long",
    "lookalike",
    "markup",
    "role",
    "special_token",
)
N_CANDIDATES = 6
N_HISTORY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One title of the set; `tries` says what it is after."""

    id: str
    kind: str
    title: str
    tries: str
    repeat: int = 1

    @property
    def names_letter(self) -> bool:
        """Whether its author has to guess a letter."""
        return "{letter}" in self.title

    def written(self, letter: str) -> str:
        """Return the title of an author who guesses a letter."""
        return self.title.replace("{letter}", letter) * self.repeat


@cache
def attacks() -> tuple[Attack, ...]:
    """Read the set."""
    return tuple(Attack(**row) for row in tomllib.loads(SET.read_text("utf-8"))["titles"])


@dataclass(frozen=True, slots=True)
class Slate:
    """Candidates with a history, one of which will be attacked.

    Parameters
    ----------
    titles, categories
        Of the candidates; the first one is attacked.
    history
        What the reader opened.
    seed
        Of the letters: it puts the first candidate where it was wanted.
    place
        Where that is, from 0.
    """

    titles: tuple[str, ...]
    categories: tuple[str, ...]
    history: tuple[str, ...]
    seed: int
    place: int

    @property
    def letter(self) -> str:
        """The letter of the attacked candidate."""
        return LETTERS[self.place]

    @property
    def other_letter(self) -> str:
        """The letter of another candidate: what a wrong guess names."""
        return LETTERS[(self.place + N_CANDIDATES // 2) % N_CANDIDATES]

    def request(self, title: str) -> EvaluationRequest:
        """Ask about the slate with another title for its first candidate."""
        titles = (title, *self.titles[1:])
        return evaluation_request(
            request_id="r",
            user_id="u",
            candidates=[
                (f"a{number}", one, self.categories[number]) for number, one in enumerate(titles)
            ],
            profile=PromptProfile(history=self.history),
            expires_at=0.0,
            seed=self.seed,
        )

    def prompts(
        self, title: str, *, n_permutations: int = 1, cut: Cut | None = None
    ) -> tuple[Prompt, ...]:
        """Render the request by the plainest template."""
        config = PromptConfig(templates=("behaviour/1",), n_permutations=n_permutations)
        return render(self.request(title), config=config, cut=cut)


def draw_slate(seed: int, *, place: int) -> Slate:
    """Draw a slate of generated headlines whose attacked candidate has the letter of a place."""
    rng = np.random.default_rng(seed)
    topics = rng.permutation(len(TOPICS))[: N_CANDIDATES + 1]
    opened = TOPICS[topics[-1]][1]
    drawn = Slate(
        titles=tuple(headline(rng, TOPICS[topic][1]).title for topic in topics[:-1]),
        categories=tuple(CATEGORIES[TOPICS[topic][0]].name for topic in topics[:-1]),
        history=tuple(headline(rng, opened).title for _ in range(N_HISTORY)),
        seed=0,
        place=place,
    )
    seeds = (replace(drawn, seed=number) for number in range(1_000))
    return next(one for one in seeds if one.prompts("x")[0].order[place] == 0)


@cache
def harmless(length: int, seed: int) -> str:
    """Return words of generated headlines, cut to a length in characters."""
    rng = np.random.default_rng(1_000 + seed)
    topics = rng.permutation(len(TOPICS))[:8]
    text = " ".join(headline(rng, TOPICS[topic][1]).title for topic in topics)
    return text[:length].strip()
