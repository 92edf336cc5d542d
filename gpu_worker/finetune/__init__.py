"""Fine-tuning CnLE on a recorded log: LoRA weights that the gpu worker serves.

`questions` replays the log through the pipeline and keeps what CnLE would have been asked,
`examples` turns that into prompts with their answers, `encode` into tokens, `training` runs the
steps, `card` writes down what was done. A `Recipe` holds every setting; those that ship are TOML
files beside this one. Importing this package imports no model library.
"""

from __future__ import annotations

from gpu_worker.finetune.questions import Question, Split, ask_log
from gpu_worker.finetune.recipe import RECIPES, Recipe, load_recipe
from gpu_worker.finetune.training_pairs import TrainingPair, build_pairs

__all__ = [
    "RECIPES",
    "Question",
    "Recipe",
    "Split",
    "TrainingPair",
    "ask_log",
    "build_pairs",
    "load_recipe",
]
