"""Rendering: one request becomes the texts a model reads, in the order that reuses the most.

Instruction, then profile, then history, then candidates: what changes least comes first, so that
the part before the candidates is the same text for every prompt of a user until the next click.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from cherryrec.cnle.letters import LETTERS, permutation_key, prompt_orders
from cherryrec.cnle.templates import (
    PromptTemplate,
    ShownProfile,
    choose_template,
    profile_words,
    templates_named,
)
from cherryrec.cnle.titles import inert, quoted
from cherryrec.errors import ConfigError
from cherryrec.events import CandidateText, EvaluationRequest, PromptProfile

__all__ = ["ANSWER_CUE", "MAX_HISTORY", "Cut", "Prompt", "PromptConfig", "render"]

ANSWER_CUE = "Answer:"
"""How every prompt ends: the next token is a space and the letter."""

MAX_HISTORY = 20
"""History titles that a prompt shows, and that a request carries."""

Cut = Callable[[str], str]
"""Shortens an inert title to the tokens allowed; the tokenizer's owner supplies it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptConfig:
    """How requests become prompts.

    Parameters
    ----------
    max_history
        Newest history titles shown, 0 to 20.
    max_words, max_characters
        Limits of one title before the tokenizer's own cut.
    max_profile_words
        Entries shown of each profile list.
    templates
        Ids of the templates to choose from, or tasks for all of theirs; empty for the library.
    n_permutations
        Letter assignments averaged per request, 1 to 8: each costs a prompt.
    seed
        Added to the request's seed in the letter assignment.
    """

    max_history: int = MAX_HISTORY
    max_words: int = 48
    max_characters: int = 240
    max_profile_words: int = 10
    templates: tuple[str, ...] = ()
    n_permutations: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least, most in (
            ("max_history", 0, MAX_HISTORY),
            ("max_words", 1, 1_000),
            ("max_characters", 1, 10_000),
            ("max_profile_words", 1, 100),
            ("n_permutations", 1, 8),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                msg = f"{name} must be from {least} to {most}, got {value!r}"
                raise ConfigError(msg)
        templates_named(self.templates)  # refuses a name that is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One text to be judged in one forward pass.

    Parameters
    ----------
    template_id
        The template it was rendered from.
    prefix
        Instruction, profile and history; ends in a newline.
    suffix
        Candidates, question and `ANSWER_CUE`.
    order
        Index into the request's candidates behind each letter.
    """

    template_id: str
    prefix: str
    suffix: str
    order: tuple[int, ...]

    @property
    def text(self) -> str:
        """The whole prompt."""
        return self.prefix + self.suffix

    @property
    def n_letters(self) -> int:
        """How many letters may be answered."""
        return len(self.order)

    @property
    def digest(self) -> bytes:
        """16 bytes that stand for the text, the same in every process."""
        return blake2b(self.text.encode(), digest_size=16).digest()


def render(
    request: EvaluationRequest,
    *,
    config: PromptConfig | None = None,
    templates: tuple[PromptTemplate, ...] | None = None,
    cut: Cut | None = None,
) -> tuple[Prompt, ...]:
    r"""Render the prompts of a request: one per group of candidates and permutation.

    The letters follow from the seed, the user and the candidates, in whatever order these came:
    a request repeated under another id is the same text, which the score cache then knows.

    Parameters
    ----------
    request
        Whom to judge for, and what.
    config
        Limits; the defaults if absent.
    templates
        Where to choose the template from; those of `config` if absent.
    cut
        Shortens each title further; none if absent.

    Examples
    --------
    >>> request = EvaluationRequest(
    ...     request_id="r1",
    ...     user_id="u1",
    ...     candidates=(CandidateText(article_id="a1", title="Tax\nplan", category="politics"),),
    ...     profile=PromptProfile(history=("Storm hits coast",)),
    ...     expires_at=0.0,
    ... )
    >>> (prompt,) = render(request, config=PromptConfig(templates=("behaviour/1",)))
    >>> print(prompt.prefix.splitlines()[-2])
    - "Storm hits coast"
    >>> print(prompt.suffix)
    Candidates:
    A: "Tax plan" (politics)
    <BLANKLINE>
    Which candidate will the reader open next? Reply with its letter.
    Answer:
    """
    config = config or PromptConfig()
    template = choose_template(
        request.profile,
        request.user_id,
        templates=templates_named(config.templates) if templates is None else templates,
    )
    shown = _profile_lines(request.profile, template.profile, config)
    history = template.sequence.lines(_history(request.profile, config, cut))
    prefix = f"{template.instruction}\n\n{shown}{history}\n"
    ids = [candidate.article_id for candidate in request.candidates]
    by_id = sorted(range(len(ids)), key=lambda index: (ids[index], index))
    lines = [_candidate_line(candidate, config, cut) for candidate in request.candidates]
    key = permutation_key(config.seed, request.seed, request.user_id, *(ids[i] for i in by_id))
    orders = prompt_orders(len(ids), key, n_permutations=config.n_permutations)
    prompts = []
    for places in orders:
        order = tuple(by_id[place] for place in places)
        suffix = _suffix([lines[index] for index in order], template.question)
        prompts.append(
            Prompt(template_id=template.template_id, prefix=prefix, suffix=suffix, order=order)
        )
    return tuple(prompts)


def _profile_lines(profile: PromptProfile, shown: ShownProfile, config: PromptConfig) -> str:
    """Return the lines of what a template shows of the profile."""
    words = profile_words(profile)
    most = config.max_profile_words
    return shown.lines({field: [quoted(one) for one in words[field][:most]] for field in words})


def _history(profile: PromptProfile, config: PromptConfig, cut: Cut | None) -> list[str]:
    """Return the newest titles of the history, fenced, oldest first."""
    newest = profile.history[max(0, len(profile.history) - config.max_history) :]
    return [_title(title, config, cut) for title in newest]


def _candidate_line(candidate: CandidateText, config: PromptConfig, cut: Cut | None) -> str:
    """Return a candidate's line without its letter."""
    category = inert(candidate.category, max_words=4, max_characters=40)
    category = category.replace("(", "").replace(")", "").strip()
    title = _title(candidate.title, config, cut)
    return f"{title} ({category})" if category else title


def _title(title: str, config: PromptConfig, cut: Cut | None) -> str:
    """Return an inert, cut and fenced title."""
    text = inert(title, max_words=config.max_words, max_characters=config.max_characters)
    # The tokenizer's cut can only shorten; it is made inert again because it is not ours.
    return quoted(inert(cut(text)) if cut and text else text)


def _suffix(lines: Sequence[str], question: str) -> str:
    """Return candidates behind their letters, the question, and the cue for the answer."""
    lettered = "".join(f"{letter}: {line}\n" for letter, line in zip(LETTERS, lines, strict=False))
    return f"Candidates:\n{lettered}\n{question}\n{ANSWER_CUE}"
