"""Which template asks about which user."""

from __future__ import annotations

from collections.abc import Sequence

from cherryrec.cnle.templates.library import TEMPLATES
from cherryrec.cnle.templates.template import ProfileField, PromptTemplate, Task
from cherryrec.cnle.titles import inert
from cherryrec.errors import ConfigError
from cherryrec.events import PromptProfile
from cherryrec.text import stable_hash

__all__ = ["choose_template", "profile_words"]

_SAID: tuple[tuple[ProfileField, Task], ...] = (
    ("role", "interest_and_role"),
    ("fields", "domain_focus"),
    ("collections", "collection_focus"),
)
"""What a site may say of a user, the most telling first, with the task that asks by it."""


def profile_words(profile: PromptProfile) -> dict[ProfileField, list[str]]:
    """Return the inert words of each field of a profile, without those of which nothing is left.

    Examples
    --------
    >>> words = profile_words(PromptProfile(role="nurse", fields=("energy", " ")))
    >>> words["role"], words["fields"], words["interests"]
    (['nurse'], ['energy'], [])
    """
    said: dict[ProfileField, tuple[str, ...]] = {
        "role": (profile.role or "",),
        "interests": profile.interests,
        "fields": profile.fields,
        "collections": profile.collections,
    }
    cleaned = {
        field: [inert(word, max_words=8, max_characters=60) for word in words]
        for field, words in said.items()
    }
    return {field: [word for word in words if word] for field, words in cleaned.items()}


def choose_template(
    profile: PromptProfile,
    key: str,
    *,
    templates: tuple[PromptTemplate, ...] = TEMPLATES,
) -> PromptTemplate:
    """Choose a template whose profile fields the profile holds; the same key gets the same one.

    Of the tasks that the profile has something to say on, the first with such a template is taken.

    Parameters
    ----------
    profile
        What is known of the user; it decides the task.
    key
        Spreads users over the templates of a task: the user's id.
    templates
        Where to choose from. When the profile holds too little for any of them, one of its tasks
        asks all the same, and when there is none of these either, any.

    Raises
    ------
    ConfigError
        There are no templates.

    Examples
    --------
    >>> nurse = PromptProfile(role="nurse")
    >>> template = choose_template(nurse, "u1")
    >>> template.task, template.profile.needs
    ('interest_and_role', ('role',))
    """
    if not templates:
        msg = "templates must hold at least one template, got none"
        raise ConfigError(msg)
    fitting = _fitting(profile_words(profile), templates)
    return fitting[stable_hash(key) % len(fitting)]


def _fitting(
    words: dict[ProfileField, list[str]], templates: tuple[PromptTemplate, ...]
) -> Sequence[PromptTemplate]:
    """Return the templates to choose from, at least one."""
    held = {field for field in words if words[field]}
    tasks = _tasks_for(words)
    for task in tasks:
        of_task = [one for one in templates if one.task == task]
        fitting = [one for one in of_task if held.issuperset(one.profile.needs)]
        if fitting:
            return fitting
    for task in tasks:
        of_task = [one for one in templates if one.task == task]
        if of_task:
            return of_task
    return templates


def _tasks_for(words: dict[ProfileField, list[str]]) -> list[Task]:
    """Return the tasks a profile has something to say on, the most telling first."""
    return [task for field, task in _SAID if words[field]] + ["behaviour"]
