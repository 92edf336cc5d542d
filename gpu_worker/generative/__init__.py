"""The language models of the paper's table, as rankings of protocol B: GPT4Rec, TALLRec and P5.

All three read titles alone, on the same small model: what a title says, and nothing of who else
read it. `gpt4rec` writes what may be read next and searches for it (`title_search`), `tallrec` asks
for a yes or no on each candidate, `p5` asks how likely each title is; the last two rank what
something else has retrieved. `examples` draws what they learn from out of training sequences,
`tuning` takes a bounded number of LoRA steps, `title_model` reads titles after a history that is
computed once, `judge` asks for users one by one and `kept` keeps what was computed, so that a run
goes on after it was killed. `config` holds the settings. Nothing that serves imports them.
"""

from __future__ import annotations

from gpu_worker.generative.config import LanguageConfig
from gpu_worker.generative.gpt4rec import Gpt4Rec
from gpu_worker.generative.judge import Judged, judge
from gpu_worker.generative.p5 import P5
from gpu_worker.generative.registry import LANGUAGE_MODELS
from gpu_worker.generative.tallrec import TallRec
from gpu_worker.generative.title_model import TitleModel
from gpu_worker.generative.title_search import TitleSearch

__all__ = [
    "LANGUAGE_MODELS",
    "P5",
    "Gpt4Rec",
    "Judged",
    "LanguageConfig",
    "TallRec",
    "TitleModel",
    "TitleSearch",
    "judge",
]
