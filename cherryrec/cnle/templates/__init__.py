"""The prompt library: 323 templates of the paper's four task types, as data with stable ids.

A template is one way to ask: the prompt (instruction and question), how the news sequence is told,
and what of the user profile is shown. The wordings stand in `library.toml`; the profile and the
user decide which template asks.
"""

from __future__ import annotations

from cherryrec.cnle.templates.choice import choose_template, profile_words
from cherryrec.cnle.templates.library import TEMPLATES, template_named, templates_named
from cherryrec.cnle.templates.template import (
    TASKS,
    NewsSequence,
    ProfileField,
    PromptTemplate,
    ShownProfile,
    Task,
)

__all__ = [
    "TASKS",
    "TEMPLATES",
    "NewsSequence",
    "ProfileField",
    "PromptTemplate",
    "ShownProfile",
    "Task",
    "choose_template",
    "profile_words",
    "template_named",
    "templates_named",
]
