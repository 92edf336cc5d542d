"""Made-up headlines: readable, varied, and decided by the rng alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cherryrec.evaluation.generate.words import PEOPLE, PLACES, TAILS, Category, Topic

__all__ = ["Entity", "Headline", "headline", "story_headline"]

_PLAIN = (
    "{Actor} {action}",
    "{Actor} {action} {tail}",
    "{place}: {actor} {action}",
    "Why one {actor} {action}",
    "{Actor} from {place} {action}",
    "Analysis: {actor} {action} {tail}",
    "{Actor} {action}, says {person}",
    "The day one {place} {actor} {action}",
)
_STORY = (
    "Breaking: {event} in {place}",
    "{place} {event}: what is known so far",
    "{person} speaks out on the {place} {event}",
    "{Event} in {place} raises hard questions",
    "How the {event} in {place} unfolded, hour by hour",
    "After the {event}, {place} asks what comes next",
    "{place} {event}: {person} promises answers {tail}",
    "Seen from {place}: the {event} and its costs",
)
_ABSTRACTS = (
    "in {place}, one {actor} {action}; {person} was there.",
    "{person} explains what changes when the {actor} {action}.",
    "the {actor} {action} {tail}, and {place} takes notice.",
    "what it means for {place} that the {actor} {action}.",
)
_TYPES = {"place": "G", "person": "P"}


class Entity(NamedTuple):
    """A person or place a text names; ids are made up and start with X."""

    entity_id: str
    label: str
    type: str


class Headline(NamedTuple):
    """A title, the sentence below it, and whom the title names."""

    title: str
    abstract: str
    entities: tuple[Entity, ...]


def headline(rng: np.random.Generator, topic: Topic) -> Headline:
    """Return an everyday headline of a topic."""
    words = {
        "actor": _pick(rng, topic.actors),
        "action": _pick(rng, topic.actions),
        "tail": _pick(rng, TAILS),
        "place": _pick(rng, PLACES),
        "person": _pick(rng, PEOPLE),
    }
    words["Actor"] = _capital(words["actor"])
    template = _pick(rng, _PLAIN)
    abstract = _capital(_pick(rng, _ABSTRACTS).format(**words))
    return Headline(template.format(**words), abstract, _entities(template, words))


def story_headline(
    rng: np.random.Generator, category: Category, *, event: int, place: int, number: int
) -> Headline:
    """Return the `number`-th headline of a breaking story.

    Parameters
    ----------
    rng
        Decides who speaks.
    category
        The section the story breaks in.
    event, place
        What happened and where: positions in `category.events` and `PLACES`, modulo their lengths.
    number
        0 for the first report; later ones look back.
    """
    words = {
        "event": category.events[event % len(category.events)],
        "place": PLACES[place % len(PLACES)],
        "person": _pick(rng, PEOPLE),
        "tail": _pick(rng, TAILS),
    }
    words["Event"] = _capital(words["event"])
    template = _STORY[number % len(_STORY)]
    abstract = f"The {words['event']} keeps {words['place']} busy; {words['person']} reports."
    return Headline(template.format(**words), abstract, _entities(template, words))


def _entities(template: str, words: dict[str, str]) -> tuple[Entity, ...]:
    """Return the places and people a template names."""
    found = []
    for kind, names in (("place", PLACES), ("person", PEOPLE)):
        if f"{{{kind}}}" in template:
            number = 1000 * (1 + (kind == "person")) + names.index(words[kind])
            found.append(Entity(f"X{number}", words[kind], _TYPES[kind]))
    return tuple(found)


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    """Return one of the choices."""
    return choices[int(rng.integers(len(choices)))]


def _capital(text: str) -> str:
    """Return text with its first letter in upper case."""
    return text[0].upper() + text[1:]
