"""What is sent in the storm: readers who ask, see and click, several writers, and what is wrong.

All event times lie within the half hour before now. Which events are drawn follows from the seed;
when an answer comes, and so when its slate is shown, does not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks._chaos.writers import Writers
from cherryrec.events import (
    ArticlePublished,
    Click,
    Event,
    Impression,
    ProfileUpdate,
    Recommendation,
    RecommendationRequest,
    instant,
)
from cherryrec.open_requests import MAX_OPEN
from tests.integration.system import INPUTS

__all__ = ["DISORDER_S", "LATENESS_S", "WINDOW_S", "Asked", "Traffic"]

WINDOW_S = 1_200.0
LATENESS_S = 600.0
DISORDER_S = 400.0
"""How long after a slate it is labelled: none in time is sent out of order by more."""

BEGAN_S = 2_000.0
"""How long ago the storm's events begin: their windows can be ended before now is reached."""

N_ARTICLES, N_READERS, N_ORGANIC = 40, 36, 18
MAX_REQUESTS, MAX_SLATES = 6, 6
"""Requests, and slates of the site's own, of one reader."""

WRONG_CLOCKS = ("w0", "w1", "w2")
"""Readers whose clicks come from writers whose clock is off."""

QUIET_S = 5.0
"""How long no writer's clock is wrong."""

CATEGORIES = ("politics", "sport", "culture", "health", "money")
WORDS = ("storm", "tax", "goal", "film", "market", "court", "coast", "star", "plan", "train")


@dataclass(slots=True)
class Asked:
    """A request that was sent, and its answers so far."""

    user_id: str
    candidates: tuple[str, ...]
    answers: list[Recommendation] = field(default_factory=list)


class Traffic:
    """Draws and sends.

    Parameters
    ----------
    writers
        Where to.
    rng
        What is drawn from.
    """

    def __init__(self, writers: Writers, rng: random.Random) -> None:
        self.writers = writers
        self.rng = rng
        self.began_s = time.time() - BEGAN_S
        self.asked: dict[str, Asked] = {}
        self.n_sent = 0
        self._started_s = time.monotonic()
        self._number = 0
        self._sent: list[tuple[str, str, Event]] = []
        self._to_show: list[Recommendation] = []
        self._n_requests: dict[str, int] = {}
        self._n_clicks: dict[str, int] = {}
        self._n_slates: dict[str, int] = {}

    def prepare(self) -> None:
        """Send the articles and the histories, before any worker runs."""
        for number in range(N_ARTICLES):
            self._publish(f"a{number}", "a")
        self.writers.flush()  # a history counts the categories of what is known when it comes
        for number in range(0, N_READERS, 3):
            user_id, history = f"u{number}", self.rng.sample(range(N_ARTICLES), 8)
            update = ProfileUpdate(
                user_id=user_id,
                updated_at=instant(self.began_s - 60.0),
                history=tuple(f"a{k}" for k in history),
            )
            self._send("profile-updates", user_id, update)

    def step(self) -> None:
        """Send the next event, or a few."""
        actions: list[tuple[int, Callable[[], None]]] = [
            (30, self.ask),
            (12, self._organic),
            (6, self._click_alone),
            (8, self._again),
            (4, self._late),
            (6, self._poison),
            (3, self._say),
            (3, self._extra_article),
            (4, self._wrong_clock),
            (3, self._rolled_back),
        ]
        weights = [weight for weight, _ in actions]
        self.rng.choices([action for _, action in actions], weights=weights, k=1)[0]()
        while self._to_show and self.rng.random() < 0.5:
            self.show(self._to_show.pop(self.rng.randrange(len(self._to_show))))

    def take(self, answer: Recommendation) -> None:
        """Note an answer; its slate is shown soon, the first time."""
        asked = self.asked.get(answer.request_id)
        if asked is None:
            return
        asked.answers.append(answer)
        if len(asked.answers) == 1 and answer.slate:
            self._to_show.append(answer)

    def finish(self) -> None:
        """Show what has been answered and not shown."""
        while self._to_show:
            self.show(self._to_show.pop())

    def ask(self) -> None:
        """Ask for a slate of some candidates."""
        user_id = f"u{self.rng.randrange(N_READERS)}"
        if self._n_requests.get(user_id, 0) >= MAX_REQUESTS:
            return
        self._n_requests[user_id] = self._n_requests.get(user_id, 0) + 1
        request_id = self._name("r")
        candidates = tuple(f"a{k}" for k in self.rng.sample(range(N_ARTICLES), 12))
        request = RecommendationRequest(
            request_id=request_id,
            user_id=user_id,
            requested_at=instant(self.now_s),
            slate_size=6,
            candidates=candidates,
            deadline_ms=self.rng.choice((None, None, 0, 300)),
        )
        self.asked[request_id] = Asked(user_id, candidates)
        self._send("requests", user_id, request)

    def show(self, answer: Recommendation) -> None:
        """Show a slate, and click some of it; now and then the click is sent first."""
        time_s = self._shuffled_s()
        shown = tuple(item.article_id for item in answer.slate)
        impression_id = f"i-{answer.request_id}"
        messages: list[tuple[str, str, Event]] = [
            (
                "impressions",
                answer.user_id,
                Impression(
                    impression_id=impression_id,
                    user_id=answer.user_id,
                    articles=shown,
                    shown_at=instant(time_s),
                    request_id=answer.request_id,
                ),
            )
        ]
        for article_id in self.rng.sample(shown, min(len(shown), self.rng.choice((0, 1, 1, 2)))):
            click = self._click(answer.user_id, article_id, time_s + 5.0, impression_id)
            if click is not None:
                messages.append(("clicks", answer.user_id, click))
        if self.rng.random() < 0.2:
            messages.reverse()
        for message in messages:
            self._send(*message)

    def settle(self, time_s: float, partition_users: list[str]) -> None:
        """Send an impression and a click of each partition: event time reaches `time_s`.

        They are of an article that is in no slate, so that they label nothing.
        """
        for user_id in partition_users:
            name = self._name("end")
            shown = Impression(
                impression_id=name, user_id=user_id, articles=("end",), shown_at=instant(time_s)
            )
            click = Click(
                event_id=f"c-{name}", user_id=user_id, article_id="end", clicked_at=instant(time_s)
            )
            self._send("impressions", user_id, shown, plain=True)
            self._send("clicks", user_id, click, plain=True)

    def correct(self) -> int:
        """Click some slates whose windows have ended, and are yet to be corrected."""
        answered = [(name, one) for name, one in sorted(self.asked.items()) if one.answers]
        n = 0
        for name, asked in self.rng.sample(answered, min(len(answered), 6)):
            if not asked.answers[0].slate:
                continue
            article_id = asked.answers[0].slate[-1].article_id
            click = self._click(asked.user_id, article_id, self.now_s + 60.0, f"i-{name}")
            if click is not None:
                self._send("clicks", asked.user_id, click, plain=True)
                n += 1
        return n

    def erase(self) -> list[str]:
        """Erase some readers, one right after a click.

        It is of an article that is in no slate and was not clicked before: whether the click or the
        erasure is read first is open, and by that whether it labels, or repeats, anything.
        """
        erased = [f"u{number}" for number in self.rng.sample(range(N_READERS), 3)]
        click = self._click(erased[0], "farewell", self.now_s, None)
        if click is not None:
            self._send("clicks", erased[0], click, plain=True)
            self.writers.flush()
        for user_id in erased:
            self._send("profile-updates", user_id, None, plain=True)
            self._send("recommendations", user_id, None, plain=True)
        return erased

    @property
    def now_s(self) -> float:
        """Event time: the storm's begin and what has passed since."""
        return self.began_s + time.monotonic() - self._started_s

    def _shuffled_s(self) -> float:
        """Event time a little out of order, inside the allowed lateness."""
        return self.now_s - self.rng.choice((0.0, 0.0, self.rng.uniform(0.0, 0.5 * LATENESS_S)))

    def _organic(self) -> None:
        """Show a slate that is the site's own, and click it."""
        user_id = f"o{self.rng.randrange(N_ORGANIC)}"
        if self._n_slates.get(user_id, 0) >= MAX_SLATES:
            return
        self._n_slates[user_id] = self._n_slates.get(user_id, 0) + 1
        shown = tuple(f"a{k}" for k in self.rng.sample(range(N_ARTICLES), 6))
        name, time_s = self._name("i"), self._shuffled_s()
        impression = Impression(
            impression_id=name,
            user_id=user_id,
            articles=shown,
            shown_at=instant(time_s),
            request_id=self.rng.choice((None, None, f"theirs-{name}")),
        )
        messages: list[tuple[str, str, Event]] = [("impressions", user_id, impression)]
        if self.rng.random() < 0.7:
            named = self.rng.choice((None, name))
            click = self._click(user_id, self.rng.choice(shown), time_s, named)
            if click is not None:
                messages.append(("clicks", user_id, click))
        if self.rng.random() < 0.2:
            messages.reverse()
        for message in messages:
            self._send(*message)

    def _click_alone(self) -> None:
        """Click an article of which it is not said where it was shown."""
        user_id = self._someone()
        click = self._click(user_id, self._article(), self._shuffled_s(), None)
        if click is not None:
            self._send("clicks", click.user_id, click)

    def _late(self) -> None:
        """Send a click beyond the allowed lateness of a reader with newer ones."""
        time_s = self.now_s - LATENESS_S - self.rng.uniform(10.0, 500.0)
        click = self._click(self._someone(), self._article(), time_s, None)
        if click is not None:
            self._send("clicks", click.user_id, click)

    def _again(self) -> None:
        """Send something again, as it was."""
        if self._sent:
            self._send(*self.rng.choice(self._sent[-40:]))

    def _say(self) -> None:
        user_id = f"u{self.rng.randrange(N_READERS)}"
        update = ProfileUpdate(
            user_id=user_id,
            updated_at=instant(self.now_s),
            role=self.rng.choice(("Reader", "Editor", "Trader")),
            fields=(self.rng.choice(WORDS),),
        )
        self._send("profile-updates", user_id, update)

    def _extra_article(self) -> None:
        """Publish or retract an article that no one asks for."""
        name = f"x{self.rng.randrange(5)}"
        if self.rng.random() < 0.4:
            self._send("articles", name, None)
        else:
            self._publish(name, "x")

    def _wrong_clock(self) -> None:
        """Click by a writer whose clock is an hour ahead or behind, the record's time with it.

        Not at the very beginning: before anything else was read no event is too late to learn from.
        """
        if self.now_s < self.began_s + QUIET_S:
            return
        off_s = self.rng.choice((-3_600.0, 3_600.0))
        click = self._click(
            self.rng.choice(WRONG_CLOCKS), self._article(), time.time() + off_s, None
        )
        if click is not None:
            self.writers.send_at("clicks", click.user_id, click, time.time() + off_s)
            self.n_sent += 1

    def _poison(self) -> None:
        topic = self.rng.choice(INPUTS)
        raw = self.rng.choice(
            (b"{", b"\xff\xfe", b"[]", b'{"schema":9}', b"", b"null", b'{"user_id":"u1"}')
        )
        self.writers.send_raw(topic, f"u{self.rng.randrange(N_READERS)}", raw)
        self.n_sent += 1

    def _rolled_back(self) -> None:
        """Write in a transaction that is rolled back, or in one that is committed."""
        user_id, time_s = f"o{self.rng.randrange(N_ORGANIC)}", self.now_s
        events: list[tuple[str, str, Event]] = []
        for _ in range(3):
            click = self._click(user_id, self._article(), time_s, None)
            if click is not None:
                events.append(("clicks", user_id, click))
        self.n_sent += self.writers.transaction(events, commits=self.rng.random() < 0.5)

    def _click(
        self, user_id: str, article_id: str, time_s: float, impression_id: str | None
    ) -> Click | None:
        """Draw a click; None where something that is open might have to make room for it.

        Whatever is read first: a click whose impression has not been read is open by itself.
        """
        n_slates = MAX_SLATES if user_id.startswith("o") else MAX_REQUESTS
        if self._n_clicks.get(user_id, 0) + n_slates + 1 >= MAX_OPEN:
            return None
        self._n_clicks[user_id] = self._n_clicks.get(user_id, 0) + 1
        return Click(
            event_id=self._name("c"),
            user_id=user_id,
            article_id=article_id,
            clicked_at=instant(time_s),
            impression_id=impression_id,
            dwell_s=self.rng.choice((None, 12.5)),
        )

    def _publish(self, name: str, kind: str) -> None:
        number = self.rng.randrange(100)
        article = ArticlePublished(
            article_id=name,
            title=f"{kind} {' '.join(self.rng.choices(WORDS, k=5))} {number}",
            category=CATEGORIES[number % len(CATEGORIES)],
            source=f"source-{number % 3}",
            published_at=instant(self.began_s - 3_600.0 - 60.0 * number),
        )
        self._send("articles", name, article)

    def _send(self, topic: str, key: str, event: Event | None, *, plain: bool = False) -> None:
        self.n_sent += 1
        if plain or event is None:
            self.writers.send_plain(topic, key, event)
            return
        self.writers.send(topic, key, event)
        if topic in {"requests", "impressions", "clicks"}:
            self._sent.append((topic, key, event))

    def _someone(self) -> str:
        n = self.rng.randrange(N_READERS + N_ORGANIC)
        return f"u{n}" if n < N_READERS else f"o{n - N_READERS}"

    def _article(self) -> str:
        return f"a{self.rng.randrange(N_ARTICLES)}"

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number}"
