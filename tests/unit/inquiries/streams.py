"""Streams of events drawn from a seed, with inquiries that may be asked in between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from cherryrec.codec import encode
from cherryrec.events import (
    ArticlePublished,
    Event,
    Inquiry,
    InquiryAnswer,
    InquiryKind,
    Recommendation,
    RecommendationRequest,
    instant,
)
from cherryrec.inquiries import served_parts
from cherryrec.pipeline import PipelineConfig, Send
from cherryrec.slates import SlatesConfig
from cherryrec.system import PARTITION, LocalSystem
from tests.worlds import CATEGORIES, START_S, article, click, impression, request, update

USERS = ("u0", "u1", "u2")
N_ARTICLES = 30
UNKNOWN = "nobody-knows-it"

CONFIG = PipelineConfig(
    slates=SlatesConfig(max_slates=256, max_places=4_096, max_articles=64, max_postings=64)
)
PARTS = tuple(served_parts(CONFIG))

Step = Event | str
"""An event, or what is done without one: `erase u`, `retract a`."""


def steps_of(seed: int, n: int = 60) -> Iterator[Step]:
    """Events of three readers over an hour, in the order of their times."""
    rng = random.Random(seed)
    articles = [f"a{number}" for number in range(N_ARTICLES)]
    for number in range(N_ARTICLES):
        yield _published(number, rng)
    for number in range(n):
        time_s, user = START_S + 60.0 * number, rng.choice(USERS)
        few = rng.sample(articles, rng.randint(2, 6))
        kind = rng.random()
        if kind < 0.3:
            given = few if rng.random() < 0.5 else None
            yield request(f"r{number}", time_s, user_id=user, candidates=given, slate_size=4)
            few = few if given else rng.sample(articles, 3)
            yield impression(f"i{number}", few, time_s + 1, user_id=user, request_id=f"r{number}")
            yield click(few[0], time_s + 5, user_id=user, impression_id=f"i{number}")
        elif kind < 0.5:
            yield impression(f"i{number}", few, time_s, user_id=user)
        elif kind < 0.75:
            yield click(rng.choice((*articles, UNKNOWN)), time_s, user_id=user)
        elif kind < 0.85:
            yield update(user, time_s, role="teacher", fields=("sport",), history=tuple(few))
        elif kind < 0.9:
            yield f"erase {user}"
        elif kind < 0.95:
            yield f"retract {few[0]}"
        else:
            yield _published(rng.randrange(N_ARTICLES), rng, time_s)


def look_of(inquiry: Inquiry) -> RecommendationRequest:
    """The request that an inquiry stands for."""
    return RecommendationRequest(
        request_id=inquiry.inquiry_id,
        user_id=inquiry.user_id,
        requested_at=inquiry.asked_at,
        slate_size=inquiry.slate_size,
        candidates=inquiry.candidates,
        exclude=inquiry.exclude,
    )


def inquiry_of(rng: random.Random, time_s: float, name: str) -> Inquiry:
    """An inquiry of any kind, about articles that may be unknown."""
    names = [*(f"a{number}" for number in range(N_ARTICLES)), UNKNOWN, "another"]
    kinds: tuple[InquiryKind, ...] = ("profile", "what_if", "what_if", "why_not", "why_not")
    kind = rng.choice(kinds)
    some = tuple(rng.sample(names, 5))
    return Inquiry(
        inquiry_id=name,
        user_id=rng.choice((*USERS, "new")),
        asked_at=instant(time_s + rng.choice((0.0, 0.0, 90_000.0, -90_000.0))),
        kind=kind,
        article_id=rng.choice(names) if kind == "why_not" else None,
        slate_size=rng.choice((1, 4, 10)),
        candidates=some if rng.random() < 0.3 else None,
        exclude=tuple(rng.sample(names, 2)) if rng.random() < 0.3 else (),
        history=tuple(rng.sample(names, rng.randint(0, 5))) if rng.random() < 0.4 else None,
        without=tuple(rng.sample(PARTS, 2)) if rng.random() < 0.4 else (),
    )


@dataclass(slots=True, eq=False)
class Run:
    """A system that takes a stream, and all that it has sent."""

    system: LocalSystem
    sent: list[bytes]
    answers: list[InquiryAnswer]
    slates: list[Recommendation]

    @classmethod
    def new(cls) -> Run:
        sent: list[bytes] = []
        slates: list[Recommendation] = []

        def note(send: Send) -> None:
            sent.append(encode(send.event))
            if isinstance(send.event, Recommendation):
                slates.append(send.event)

        return cls(LocalSystem(CONFIG, on_send=note), sent, [], slates)

    def take(self, step: Step) -> None:
        """Take an event, an erasure or a retraction."""
        if isinstance(step, str):
            what, name = step.split()
            if what == "erase":
                self.system.erase(name)
            else:
                self.system.retract(name)
        else:
            self.system.send(step)  # type: ignore[arg-type]

    def ask(self, inquiry: Inquiry) -> InquiryAnswer:
        answer = self.system.ask(inquiry)
        self.answers.append(answer)
        return answer

    def look(self, asked: RecommendationRequest) -> None:
        """Preview a request."""
        got = self.system.pipeline.preview(PARTITION, asked)
        assert sorted(got.ranked()) == sorted(got.kept)

    def state(self) -> dict[str, object]:
        """Everything that a later answer may be computed from."""
        pipeline = self.system.pipeline
        catalogue = pipeline.catalogue
        n = catalogue.n_rows
        return {
            "profiles": dict(self.system.profiles.values),
            "requests": dict(self.system.requests.values),
            "counters": [encode(send.event) for send in pipeline.flush([0])],
            "rows": dict(catalogue.row_of),
            "touched": catalogue.touched[:n].tobytes(),
            "alive": catalogue.alive[:n].tobytes(),
            "waiting": catalogue.embargo.ids,
            "shares": (catalogue.shares.kept._counted, catalogue.shares.kept._sums.tobytes()),
            "ages": (catalogue.ages.kept._counted, catalogue.ages.kept._sums.tobytes()),
            "slates": pipeline.slates.wins.tobytes(),
            "learned": encode(self.system.learner.snapshot("cherryrec-learner")),
        }


def _published(number: int, rng: random.Random, time_s: float | None = None) -> ArticlePublished:
    if time_s is None:
        time_s = START_S - rng.uniform(0.0, 5 * 86_400.0)
    category = rng.choice(CATEGORIES)
    return article(number, published_at=instant(time_s), category=category, subcategory="local")
