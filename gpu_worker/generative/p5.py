"""P5: recommendation as language, several prompts for one task, and how likely each title is.

What differs from the paper: its model is a T5 that learns five families of tasks at once, users and
articles being ids split into tokens; ours is a decoder that reads titles, learns the sequential
task alone with all of its prompts, and is told no ids. The paper lets beam search write an id, or
ranks candidates by how likely they are; here it is the second, over twenty that another ranking
retrieved. A long title is less likely than a short one, so the mean over a title's tokens is taken,
and that over the prompts.

References
----------
Geng et al. (2022), Recommendation as language processing (RLP): a unified pretrain, personalized
prompt & predict paradigm (P5), RecSys, https://arxiv.org/abs/2203.13366, section 4 and the
sequential prompts of its appendix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out import LeaveLastOut
from gpu_worker.generative.config import LanguageConfig
from gpu_worker.generative.examples import Completion, training_steps
from gpu_worker.generative.title_model import TitleModel

__all__ = ["P5", "PROMPTS"]

PROMPTS = (
    "A reader has read these news, the newest last:\n{history}\nNext they read:\n-",
    "What will this reader choose? So far, in order of time:\n{history}\nTheir choice:\n-",
    "Headlines in the order in which one person opened them:\n{history}\n-",
)
"""The sequential task in several words; what follows is a title and the end of its line."""


class P5:
    """The mean log-likelihood of a candidate's title, over its tokens and over the prompts.

    Parameters
    ----------
    model
        Tuned on `examples`, or not.
    config
        How much of a history is read.
    """

    name = "p5"
    title = "P5"
    retrieves = False

    def __init__(self, model: TitleModel, config: LanguageConfig) -> None:
        self._model = model
        self._config = config

    @staticmethod
    def examples(
        data: LeaveLastOut, config: LanguageConfig, seed: int, cut: Callable[[str], str]
    ) -> Iterator[Completion]:
        """Yield what was read next, after each prompt in turn, without end."""
        steps = training_steps(data, n_history=config.n_history, seed=seed, cut=cut)
        for number, step in enumerate(steps):
            prompt = PROMPTS[number % len(PROMPTS)]
            yield Completion(_filled(prompt, step.history), _line(step.followed))

    def scores(self, history: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float64]:
        """Return each candidate's mean log-likelihood, (n,)."""
        cut = [self._model.cut(title) for title in history[-self._config.n_history :]]
        lines = [_line(self._model.cut(title)) for title in candidates]
        found = []
        for prompt in PROMPTS:
            beginning = self._model.begin(_filled(prompt, cut))
            found.append(self._model.mean_log_likelihoods(beginning, lines).double().numpy())
        return np.asarray(np.mean(found, axis=0))


def _filled(prompt: str, history: Sequence[str]) -> str:
    return prompt.format(history="\n".join(f"- {title}" for title in history))


def _line(title: str) -> str:
    return f" {title}\n"
