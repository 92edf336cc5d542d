"""Questions become instruction data: a prompt as it will be served, and the answer to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np

from cherryrec.cnle import (
    LETTERS,
    TEMPLATES,
    Cut,
    Prompt,
    PromptConfig,
    inert,
    permutation_key,
    quoted,
    render,
    template_named,
)
from cherryrec.events import CandidateText
from gpu_worker.finetune.questions import Question
from gpu_worker.finetune.recipe import Recipe

__all__ = ["TrainingPair", "build_pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPair:
    """One prompt and its answer.

    Parameters
    ----------
    prompt
        As it is served.
    letter
        Place of the clicked candidate's letter, from 0.
    rest
        What the answer spells out after the letter; may be empty.
    shown_at
        Event time of the impression, epoch seconds.
    """

    prompt: Prompt
    letter: int
    rest: str
    shown_at: float

    @property
    def answer(self) -> str:
        """The whole answer."""
        return f"{LETTERS[self.letter]}{self.rest}"


def build_pairs(
    questions: Iterable[Question], recipe: Recipe, *, seed: int, cut: Cut | None = None
) -> list[TrainingPair]:
    """Make one example of each question of which a candidate was clicked, and another was not.

    Of several clicked candidates one is the answer, drawn by the seed, and the others are left
    out: no prompt calls an article wrong that was opened. The others it stands among are drawn
    from the rest.

    Parameters
    ----------
    questions
        In time order.
    recipe
        Candidates a prompt, history, templates, parts of the answer.
    seed
        For the draws and the letters.
    cut
        Shortens each title to the tokens allowed.

    Returns
    -------
    In the order of the questions.

    Examples
    --------
    >>> from cherryrec.cnle import evaluation_request
    >>> from cherryrec.events import PromptProfile
    >>> request = evaluation_request(
    ...     request_id="r1",
    ...     user_id="u1",
    ...     candidates=[("a1", "Storm hits coast", ""), ("a2", "Tax plan", "")],
    ...     profile=PromptProfile(history=("Storm warning",)),
    ...     expires_at=0.0,
    ... )
    >>> question = Question(request=request, shown_at=0.0, clicked=frozenset({"a1"}))
    >>> (example,) = build_pairs([question], Recipe(), seed=0)
    >>> example.answer[1:]
    ': "Storm hits coast" (a1)'
    >>> f'{example.answer[0]}: "Storm hits coast"' in example.prompt.suffix
    True
    """
    config = PromptConfig(max_history=recipe.max_history, seed=seed)
    templates = tuple(map(template_named, recipe.templates)) or TEMPLATES
    examples = []
    for question in questions:
        candidates = _drawn(question, recipe.n_candidates, seed)
        if candidates is None:
            continue
        request = msgspec.structs.replace(question.request, candidates=candidates)
        (prompt,) = render(request, config=config, templates=templates, cut=cut)
        examples.append(
            TrainingPair(
                prompt=prompt,
                letter=prompt.order.index(0),
                rest=_rest(candidates[0], recipe.answer_fields, config, cut),
                shown_at=question.shown_at,
            )
        )
    return examples


def _drawn(question: Question, n: int, seed: int) -> tuple[CandidateText, ...] | None:
    """Draw the answer, which comes first, and up to n - 1 others; None if either is missing."""
    candidates = question.request.candidates
    clicked = [one for one in candidates if one.article_id in question.clicked]
    others = [one for one in candidates if one.article_id not in question.clicked]
    if not clicked or not others:
        return None
    key = permutation_key("finetune", seed, question.request.request_id)
    rng = np.random.Generator(np.random.PCG64(key))
    answer = clicked[int(rng.integers(len(clicked)))]
    kept = sorted(rng.permutation(len(others))[: n - 1].tolist())
    return (answer, *(others[place] for place in kept))


def _rest(
    candidate: CandidateText, fields: tuple[str, ...], config: PromptConfig, cut: Cut | None
) -> str:
    """Spell out what follows the letter."""
    title = inert(candidate.title, max_words=config.max_words, max_characters=config.max_characters)
    title = inert(cut(title)) if cut and title else title
    rest = f": {quoted(title)}" if "title" in fields else ""
    return f"{rest} ({inert(candidate.article_id)})" if "id" in fields else rest
