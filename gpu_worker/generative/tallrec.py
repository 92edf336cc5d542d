"""TALLRec: whether this reader will read that, yes or no.

What differs from the paper: its model is LLaMA-7B and is first tuned on Alpaca's instructions, ours
is whatever the settings name and is already tuned on instructions where it is the small one; its
examples say what a user liked and disliked, a log of reading knows no dislikes, so that the history
is of what was read and a *no* is an article that others read; the paper judges one candidate by
AUC, here it ranks twenty that another ranking retrieved. The few-shot setting, one or two hundred
examples, is the paper's.

References
----------
Bao et al. (2023), TALLRec: an effective and efficient tuning framework to align large language
model with recommendation, RecSys, https://arxiv.org/abs/2305.00447, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out import LeaveLastOut
from gpu_worker.generative.config import LanguageConfig
from gpu_worker.generative.examples import Completion, training_steps
from gpu_worker.generative.title_model import TitleModel

__all__ = ["TallRec"]

_YES, _NO = " Yes", " No"


class TallRec:
    """P(yes) / (P(yes) + P(no)) of each candidate, the history read once.

    Parameters
    ----------
    model
        Tuned on `examples`, or not.
    config
        How much of a history is read.
    """

    name = "tallrec"
    title = "TALLRec"
    retrieves = False

    def __init__(self, model: TitleModel, config: LanguageConfig) -> None:
        self._model = model
        self._config = config
        self._answers = (model.token(_YES), model.token(_NO))

    @staticmethod
    def examples(
        data: LeaveLastOut, config: LanguageConfig, seed: int, cut: Callable[[str], str]
    ) -> Iterator[Completion]:
        """Yield a yes and a no in turn, without end."""
        steps = training_steps(data, n_history=config.n_history, seed=seed, cut=cut)
        for number, step in enumerate(steps):
            title, answer = (step.other, _NO) if number % 2 else (step.followed, _YES)
            yield Completion(_beginning(step.history) + _asked(title), answer)

    def scores(self, history: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float64]:
        """Return the chance of a yes for each candidate's title, (n,)."""
        cut = [self._model.cut(title) for title in history[-self._config.n_history :]]
        beginning = self._model.begin(_beginning(cut))
        asked = [_asked(self._model.cut(title)) for title in candidates]
        logits = self._model.next_logits(beginning, asked, self._answers).double()  # (n, 2)
        return np.asarray(logits.softmax(dim=1)[:, 0].numpy())


def _beginning(history: Sequence[str]) -> str:
    lines = "\n".join(f"- {title}" for title in history)
    return f"A reader has read these news, the newest last:\n{lines}\nWill they read this?\n"


def _asked(title: str) -> str:
    return f"- {title}\nYes or No:"
