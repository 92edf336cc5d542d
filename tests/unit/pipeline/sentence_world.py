"""A small site with a sentence model: titles of two sides, and readers of one each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import CatalogueConfig
from cherryrec.events import Evaluation, EvaluationRequest, Example
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig, Send
from cherryrec.system import Evaluate, LocalSystem
from cherryrec.text import SENTENCE_DIMENSIONS, stable_hash
from tests.worlds import START_S, article, click, impression, instant, request

N_ARTICLES = 10
SIDES = ("none", "minilm")
CHANGES = (SIDES, SIDES[::-1], ("minilm", "e5"))


def embed(title: str) -> NDArray[np.int8]:
    """Titles with an even number lie one way, the others another."""
    rng = np.random.default_rng(stable_hash(title) % 2**32)
    vector = rng.integers(-20, 21, SENTENCE_DIMENSIONS)
    side = slice(0, 40) if int(title.rsplit(maxsplit=1)[-1]) % 2 else slice(40, 80)
    vector[side] += 100
    return vector.clip(-127, 127).astype(np.int8)


def system_with(
    model: str,
    *,
    evaluator: bool = False,
    on_send: Callable[[Send], None] | None = None,
    evaluate: Evaluate | None = None,
) -> LocalSystem:
    config = PipelineConfig(
        catalogue=CatalogueConfig(sentence_model=model, token_vectors="none"),
        evaluator=EvaluatorConfig(enabled=evaluator),
    )
    system = LocalSystem(
        config,
        embed=None if model == "none" else embed,
        on_send=on_send,
        evaluate=evaluate,
    )
    for number in range(N_ARTICLES):
        published = article(number, published_at=instant(START_S), title=f"Title {number}")
        system.send(published)
    return system


def reads_of_one_side(system: LocalSystem, n_users: int = 60) -> None:
    """Let readers who have read two stories of a side open one of it, of a slate of both."""
    for number in range(n_users):
        user, side, begin_s = f"u{number}", number % 2, START_S + 60.0 * number
        read = [k for k in range(N_ARTICLES) if k % 2 == side]
        first = read[number // 2 % len(read)]
        others = [k for k in read if k != first]
        opened = others[number // 4 % len(others)]
        against = [k for k in range(N_ARTICLES) if k % 2 != side][number % 5]
        system.send(click(f"a{first}", begin_s, user_id=user))
        asked = request(
            f"r{number}", begin_s + 1, user_id=user, candidates=[f"a{opened}", f"a{against}"]
        )
        system.recommend(asked)
        shown = impression(
            f"i{number}",
            [f"a{opened}", f"a{against}"],
            begin_s + 2,
            user_id=user,
            request_id=f"r{number}",
        )
        system.send(shown)
        system.send(click(f"a{opened}", begin_s + 3, user_id=user, impression_id=f"i{number}"))
    system.advance(START_S + 60.0 * n_users + 3_600.0)


class Noted(list[Example]):
    """The examples that a system sends, for `on_send`: all, or those of one origin."""

    def __init__(self, origin: str | None = None) -> None:
        super().__init__()
        self.origin = origin

    def __call__(self, send: Send) -> None:
        event = send.event
        if isinstance(event, Example) and self.origin in {None, event.origin}:
            self.append(event)


def likes_the_other_side(question: EvaluationRequest) -> Evaluation:
    """Judge by the side that the reader has not read."""
    read = {int(title.split()[1]) % 2 for title in question.profile.history}
    judged = {
        one.article_id: 0.1 if int(one.article_id[1:]) % 2 in read else 0.9
        for one in question.candidates
    }
    return Evaluation(
        request_id=question.request_id,
        user_id=question.user_id,
        evaluations=judged,
        model="teacher",
    )
