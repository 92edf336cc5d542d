"""What a prompt template is: the paper's prompt, news sequence and user profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from cherryrec.errors import ConfigError

__all__ = ["TASKS", "NewsSequence", "ProfileField", "PromptTemplate", "ShownProfile", "Task"]

Task = Literal["interest_and_role", "domain_focus", "collection_focus", "behaviour"]
"""What of the user a prompt asks the model to judge by (the paper's four task types)."""

TASKS: tuple[Task, ...] = get_args(Task)

ProfileField = Literal["role", "interests", "fields", "collections"]
"""What a prompt may show of a profile beside the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsSequence:
    """How a prompt tells the history, always from the oldest article to the newest.

    Parameters
    ----------
    intro
        The line before the titles.
    mark
        What each title's line starts with; `{n}` counts the lines from 1.
    none
        The line in place of titles where there is no history.

    Examples
    --------
    >>> sequence = NewsSequence(intro="Opened:", mark="{n}. ", none="(none)")
    >>> print(sequence.lines(['"Storm"', '"Flood"']), end="")
    Opened:
    1. "Storm"
    2. "Flood"
    """

    intro: str
    mark: str
    none: str

    def lines(self, titles: list[str]) -> str:
        """Return the history of fenced titles as lines, each ended."""
        marks = (self.mark.replace("{n}", str(n)) for n in range(1, len(titles) + 1))
        described = [mark + title for mark, title in zip(marks, titles, strict=True)]
        return "".join(f"{line}\n" for line in (self.intro, *(described or [self.none])))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProfile:
    """What a prompt shows of a profile, and of whom it may be asked.

    Parameters
    ----------
    shows
        Fields of the profile with the label of each, in the order of their lines; one that holds
        nothing has no line.
    needs
        Fields that a profile must hold for the template to be chosen; all of them are shown.
    intro
        The line before them, left out when none is shown; empty for no such line.

    Examples
    --------
    >>> shown = ShownProfile(shows=(("role", "Role"), ("fields", "Fields")))
    >>> print(shown.lines({"role": ['"nurse"'], "fields": []}), end="")
    Role: "nurse"
    """

    shows: tuple[tuple[ProfileField, str], ...]
    needs: tuple[ProfileField, ...] = ()
    intro: str = ""

    def __post_init__(self) -> None:
        shown = [field for field, _ in self.shows]
        if not set(self.needs) <= set(shown):
            msg = f"needs must be among the fields shown {shown!r}, got {list(self.needs)!r}"
            raise ConfigError(msg)

    def lines(self, words: dict[ProfileField, list[str]]) -> str:
        """Return the fields that hold fenced words as lines, each ended."""
        described = [
            f"{label}: {', '.join(words[field])}" for field, label in self.shows if words[field]
        ]
        intro = [self.intro] if self.intro and described else []
        return "".join(f"{line}\n" for line in (*intro, *described))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTemplate:
    """One way to ask; nothing of the user or the candidates is in it.

    Parameters
    ----------
    template_id
        Stable for ever, `task/number`: it is logged with every evaluation, and fine-tuned
        weights remember it. A changed text needs a new id.
    task
        The task type it belongs to.
    instruction
        The first lines of the prompt.
    question
        The line after the candidates, before the answer's letter.
    sequence
        How the history is told.
    profile
        What of the profile is shown, and which profiles it is for.
    """

    template_id: str
    task: Task
    instruction: str
    question: str
    sequence: NewsSequence
    profile: ShownProfile

    def __post_init__(self) -> None:
        if self.template_id.rpartition("/")[0] != self.task:
            msg = f"template_id must start with {self.task + '/'!r}, got {self.template_id!r}"
            raise ConfigError(msg)
        if not self.instruction.strip() or not self.question.strip():
            msg = f"template {self.template_id!r} must have an instruction and a question"
            raise ConfigError(msg)
