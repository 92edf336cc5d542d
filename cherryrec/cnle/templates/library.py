"""The 323 templates of the library, read from its wordings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import product

import msgspec

from cherryrec.cnle.templates.template import (
    TASKS,
    NewsSequence,
    PromptTemplate,
    ShownProfile,
    Task,
)
from cherryrec.errors import ConfigError

__all__ = ["TEMPLATES", "template_named", "templates_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wording:
    """A prompt of the paper: instruction and question."""

    instruction: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wordings:
    """What the templates of one task are put together from."""

    prompts: tuple[_Wording, ...]
    sequences: tuple[NewsSequence, ...]
    profiles: tuple[ShownProfile, ...]


def _declared(text: str) -> Iterator[PromptTemplate]:
    """Yield the templates of a library's text: every prompt, sequence and profile of a task."""
    tasks = msgspec.convert(tomllib.loads(text), dict[Task, _Wordings])
    for task in TASKS:
        parts = tasks[task]
        made = product(parts.prompts, parts.sequences, parts.profiles)
        for number, (prompt, sequence, profile) in enumerate(made, start=1):
            yield PromptTemplate(
                template_id=f"{task}/{number}",
                task=task,
                instruction=prompt.instruction,
                question=prompt.question,
                sequence=sequence,
                profile=profile,
            )


TEMPLATES: tuple[PromptTemplate, ...] = tuple(
    _declared((resources.files(__package__) / "library.toml").read_text(encoding="utf-8"))
)
"""The templates that serve, by task and number."""

_BY_ID = {template.template_id: template for template in TEMPLATES}


def template_named(template_id: str) -> PromptTemplate:
    """Return the template with that id.

    Raises
    ------
    ConfigError
        There is none.

    Examples
    --------
    >>> template_named("behaviour/1").task
    'behaviour'
    """
    if template_id not in _BY_ID:
        msg = f"template_id must be one of {_known()}, got {template_id!r}"
        raise ConfigError(msg)
    return _BY_ID[template_id]


@lru_cache(maxsize=64)
def templates_named(names: tuple[str, ...]) -> tuple[PromptTemplate, ...]:
    """Return the templates that ids and tasks name, once each, in the order of the library.

    Parameters
    ----------
    names
        Ids such as `behaviour/1`, or tasks for all of their templates; empty for the library.

    Raises
    ------
    ConfigError
        A name is neither.

    Examples
    --------
    >>> len(templates_named(())), len(templates_named(("behaviour", "behaviour/1")))
    (323, 80)
    >>> [one.template_id for one in templates_named(("domain_focus/2", "domain_focus/1"))]
    ['domain_focus/1', 'domain_focus/2']
    """
    if not names:
        return TEMPLATES
    for name in names:
        if name not in TASKS and name not in _BY_ID:
            msg = f"templates must hold tasks or ids, of {_known()}, got {name!r}"
            raise ConfigError(msg)
    return tuple(one for one in TEMPLATES if one.template_id in names or one.task in names)


def _known() -> str:
    """Return the ids there are, in short."""
    counts = {task: sum(one.task == task for one in TEMPLATES) for task in TASKS}
    return ", ".join(f"{task}/1 to {task}/{count}" for task, count in counts.items())
