"""CnLE, the paper's content evaluation by a language model: its pure half.

After KnRS has kept its candidates, CnLE asks a language model which of them the user would open.
Here a request becomes prompts (templates by task, titles as inert data, index letters in a seeded
order) and the logits of the letters become one evaluation per candidate. `gpu_worker` runs the
model in between; VaNS takes the evaluations from here.
"""

from __future__ import annotations

from cherryrec.cnle.evaluation import evaluations_of, relative_share
from cherryrec.cnle.letters import LETTERS, permutation_key, prompt_orders
from cherryrec.cnle.prompts import ANSWER_CUE, MAX_HISTORY, Cut, Prompt, PromptConfig, render
from cherryrec.cnle.requests import evaluation_request
from cherryrec.cnle.suspicion import REASONS, Reason, suspicion
from cherryrec.cnle.templates import (
    TASKS,
    TEMPLATES,
    NewsSequence,
    PromptTemplate,
    ShownProfile,
    Task,
    choose_template,
    template_named,
    templates_named,
)
from cherryrec.cnle.titles import inert, quoted

__all__ = [
    "ANSWER_CUE",
    "LETTERS",
    "MAX_HISTORY",
    "REASONS",
    "TASKS",
    "TEMPLATES",
    "Cut",
    "NewsSequence",
    "Prompt",
    "PromptConfig",
    "PromptTemplate",
    "Reason",
    "ShownProfile",
    "Task",
    "choose_template",
    "evaluation_request",
    "evaluations_of",
    "inert",
    "permutation_key",
    "prompt_orders",
    "quoted",
    "relative_share",
    "render",
    "suspicion",
    "template_named",
    "templates_named",
]
