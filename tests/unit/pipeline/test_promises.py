"""The promises of the core, whatever the order, the repeats and the crashes.

Hypothesis draws what is written to the topics and how a worker reads them: any topic's next few
records, dying before it sends, before it stores, or in the middle of a flush, from where it goes on
as its successor does. What it ends with must be what one that never died has made of the same
records. `pytest --hypothesis-profile=long` draws a hundred times as much.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cherryrec.events import Click, Deadline, FeedbackTick, Impression, instant
from cherryrec.exposures import MAX_ARTICLES, MAX_CATEGORIES
from cherryrec.open_requests import MAX_OPEN
from tests.integration.folding import assert_same_counters, labels_of, offsets_of, profiles_of
from tests.unit.pipeline.topics import (
    DISORDER_S,
    N_ARTICLES,
    TOPICS,
    Topics,
    Worker,
    configured,
    fold,
    users_of,
)
from tests.worlds import START_S, click, impression, liked, request, update

USERS = ("u0", "u1", "u2")
ORGANIC = "o"
"""A reader of slates that are the site's own."""

MAX_OF_A_USER = 4
"""Requests, impressions, and clicks anywhere of a reader: no open one has to make room."""

LATE_S = 3 * 86_400.0
END_S = START_S + 7_000.0

ARTICLES = [f"a{number}" for number in range(N_ARTICLES)]

users = st.sampled_from(USERS)
histories = st.lists(st.sampled_from(ARTICLES), min_size=2, max_size=6, unique=True)
topics = st.sampled_from(TOPICS)
deaths = st.sampled_from(["", "", "", "before it sends", "before it stores"])


class Promises(RuleBasedStateMachine):
    """One partition's topics and its worker."""

    @initialize(evaluator=st.booleans(), readers=st.lists(users, unique=True), history=histories)
    def begin(self, evaluator: bool, readers: list[str], history: list[str]) -> None:
        self.topics = Topics()
        self.config = configured(evaluator=evaluator)
        self.worker = Worker(self.topics, self.config)
        self.number = 0
        self.shown: dict[str, Impression] = {}
        self.n_of: dict[tuple[str, str], int] = {}
        self.erased: set[str] = set()
        for user in readers:
            update_ = update(user, START_S - 60.0, history=tuple(history))
            self.topics.write("profile-updates", user, update_)
        self.worker.work("profile-updates", 100)
        # Which events are too late to be learned of goes by how far the others have been read.
        self._show(ORGANIC, impression("first", ["a0"], START_S, user_id=ORGANIC))
        self.worker.work("impressions", 1)
        self.worker.flush()

    @rule(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12))
    def write(self, seed: int, n: int) -> None:
        """Write some records: a request, a slate, a click, one again as it was, an answer."""
        rng = random.Random(seed)
        actions = (
            *(self._ask, self._ask, self._show_answered, self._show_answered, self._show_own),
            *(self._click_shown, self._click_shown, self._click_anywhere, self._click_late),
            *(self._write_again, self._say, self._answer_one, self._answer_one),
        )
        for _ in range(n):
            rng.choice(actions)(rng)
            if rng.random() < 0.5:  # a site shows what it was answered
                self.worker.work(rng.choice(TOPICS), rng.randint(1, 3))

    @rule(topic=topics, n=st.integers(1, 6), dies=deaths)
    def work(self, topic: str, n: int, dies: str) -> None:
        self.worker.work(topic, n, dies=dies)

    @rule(n_sent=st.none() | st.integers(0, 3))
    def flush(self, n_sent: int | None) -> None:
        self.worker.flush(n_sent=n_sent)

    @rule(topic=st.sampled_from(["requests", "evaluations", "deadlines"]))
    def commit(self, topic: str) -> None:
        self.worker.commit(topic)

    @rule()
    def die(self) -> None:
        self.worker.restart()

    @rule(user=users)
    def erase(self, user: str) -> None:
        """Erase a reader, some of whose records may still be to be read."""
        if user not in self.erased:
            self.topics.write("profile-updates", user, None)
            self.erased.add(user)

    @invariant()
    def every_map_is_bounded(self) -> None:
        if not hasattr(self, "worker"):
            return
        kept = self.worker.system.pipeline.users
        for user in (*USERS, ORGANIC):
            profile, requests = kept.profile(0, user), kept.requests(0, user)
            assert len(profile.history) <= self.config.profile.history_size
            assert len(requests.entries) <= MAX_OPEN
            assert len(requests.exposures.article_records()) <= MAX_ARTICLES
            assert len(requests.exposures.category_records()) <= MAX_CATEGORIES

    def teardown(self) -> None:
        """Read the rest, and compare with a worker that never died."""
        if not hasattr(self, "worker"):
            return
        self._settle()
        for name in sorted(self.worker.questions):
            self._answer(self.worker.questions[name], is_evaluated=False)
        self._settle()
        for user, event, _ in self.topics.records["requests"]:
            assert user in self.erased or self.worker.answers[event.request_id], (
                "every request is answered"
            )
        shown = impression("end", ["a0"], END_S, user_id=ORGANIC)
        self._show(ORGANIC, shown)
        self._click(ORGANIC, "a0", END_S, None)
        tick = FeedbackTick(partition=0, time=instant(END_S))
        self._settle()
        self.topics.write("ticks", "", tick)
        self._settle()
        for store in (self.worker.system.profiles, self.worker.system.requests):
            assert not users_of(store.values) & self.erased, "nothing is left of an erased reader"
        truth = fold(self.topics, self.config)
        self._compare(truth)

    def _compare(self, truth: Worker) -> None:
        ours, theirs = self.worker.system, truth.system
        assert profiles_of(ours.profiles.values) == profiles_of(theirs.profiles.values)
        assert labels_of(ours.requests.values) == labels_of(theirs.requests.values)
        # Whether a click of an erased reader repeats an earlier one is not known any more: what it
        # counts depends on which of the two was read first.
        if not any(user in self.erased for user, _, _ in self.topics.records["clicks"]):
            flushed = self.worker.flushed.values(), truth.flushed.values()
            assert_same_counters(*flushed)
            assert offsets_of(flushed[0]) == offsets_of(flushed[1])
        assert self._labels(self.worker) == self._labels(truth)
        assert self.worker.slates == truth.slates

    def _labels(self, worker: Worker) -> dict[str, Any]:
        return {
            name: (one.user_id, one.articles, one.clicked) for name, one in worker.examples.items()
        }

    def _settle(self) -> None:
        self.worker.drain()

    def _ask(self, rng: random.Random) -> None:
        user = rng.choice(USERS)
        if self._may("requests", user):
            asked = request(
                self._name("r"), _time_s(rng), user_id=user, candidates=_some_articles(rng)
            )
            self.topics.write("requests", user, asked)

    def _show_answered(self, rng: random.Random) -> None:
        """Show what was answered; only then can a site show it."""
        answered = [
            (user, event)
            for user, event, _ in self.topics.records["requests"]
            if self.worker.answers[event.request_id] and f"i-{event.request_id}" not in self.shown
        ]
        if answered:
            user, event = rng.choice(answered)
            if self._may("impressions", user):
                name, request_id = f"i-{event.request_id}", event.request_id
                shown = event.candidates
                self._show(
                    user,
                    impression(name, shown, _time_s(rng), user_id=user, request_id=request_id),
                )

    def _show_own(self, rng: random.Random) -> None:
        """Show a slate of the site's own, which may name a request that is none of ours."""
        user = rng.choice((*USERS, ORGANIC, ORGANIC))
        if self._may("slates", user):
            name, shown = self._name("i"), _some_articles(rng)
            foreign = rng.choice((None, None, f"theirs-{name}"))
            slate = impression(name, shown, _time_s(rng), user_id=user, request_id=foreign)
            self._show(user, slate)

    def _click_shown(self, rng: random.Random) -> None:
        if self.shown:
            shown = self.shown[rng.choice(sorted(self.shown))]
            if shown.user_id not in self.erased:
                time_s = shown.shown_at.timestamp() + rng.uniform(0.0, 300.0)
                article = rng.choice(shown.articles)
                self._click(shown.user_id, article, time_s, shown.impression_id)

    def _click_anywhere(self, rng: random.Random) -> None:
        """Click an article of which it is not said where it was shown."""
        user = rng.choice((*USERS, ORGANIC))
        if self._may("clicks", user):
            named = rng.choice((None, None, self._name("never")))
            self._click(user, rng.choice(ARTICLES), _time_s(rng), named)

    def _click_late(self, rng: random.Random) -> None:
        user = rng.choice(USERS)
        if user not in self.erased:
            self._click(user, rng.choice(ARTICLES), _time_s(rng) - LATE_S, None)

    def _write_again(self, rng: random.Random) -> None:
        records = self.topics.records[
            rng.choice(("requests", "impressions", "clicks", "evaluations"))
        ]
        if records:
            user, event, _ = rng.choice(records)
            if user not in self.erased:
                topic = next(t for t, found in self.topics.records.items() if found is records)
                self.topics.write(topic, user, event)

    def _say(self, rng: random.Random) -> None:
        user = rng.choice(USERS)
        if user not in self.erased:
            said = update(user, START_S, role=rng.choice(("Reader", "Editor")))
            self.topics.write("profile-updates", user, said)

    def _answer_one(self, rng: random.Random) -> None:
        """Evaluate a question, or let its time be up; both may come, in either order."""
        if self.worker.questions:
            question = self.worker.questions[rng.choice(sorted(self.worker.questions))]
            self._answer(question, is_evaluated=rng.random() < 0.5)

    def _may(self, kind: str, user: str) -> bool:
        if user in self.erased or self.n_of.get((kind, user), 0) >= MAX_OF_A_USER:
            return False
        self.n_of[kind, user] = self.n_of.get((kind, user), 0) + 1
        return True

    def _show(self, user: str, shown: Impression) -> None:
        self.shown[shown.impression_id] = shown
        self.topics.write("impressions", user, shown)

    def _click(self, user: str, article: str, time_s: float, impression_id: str | None) -> None:
        event: Click = click(
            article, time_s, user_id=user, event_id=self._name("c"), impression_id=impression_id
        )
        self.topics.write("clicks", user, event)

    def _answer(self, question: Any, *, is_evaluated: bool) -> None:
        user = question.user_id
        if is_evaluated:
            favourite = question.candidates[0].article_id
            self.topics.write("evaluations", user, liked(question, favourite))
        else:
            event = Deadline(request_id=question.request_id, user_id=user)
            self.topics.write("deadlines", user, event)

    def _name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"


def _time_s(rng: random.Random) -> float:
    return round(START_S + rng.uniform(0.0, DISORDER_S), 3)


def _some_articles(rng: random.Random) -> list[str]:
    return rng.sample(ARTICLES, rng.randint(2, 6))


TestPromises = Promises.TestCase
TestPromises.settings = settings(
    max_examples=max(settings.default.max_examples // 10, 1),
    stateful_step_count=30,
    deadline=None,
)
