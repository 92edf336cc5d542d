"""News and readers that go on while somebody looks: what keeps the page of a demo alive."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cherryrec.errors import CherryRecError
from cherryrec.events import Click, Impression, RecommendationRequest, instant

if TYPE_CHECKING:
    from cherryrec.evaluation.generate import Readers
    from cherryrec.evaluation.mind import MindArticle, MindLog
    from streams.config import KafkaConfig
    from streams.replay import Session

__all__ = ["DemoNews", "demo_port", "page_address"]

logger = logging.getLogger(__name__)

BEFORE_DAYS = 2.0
AHEAD_DAYS = 0.25
"""A log that ends now, and six hours of news that are still to come."""

N_ARTICLES = 800
SETTLED_S = 2 * 3_600.0
"""How long before now a backfilled log ends: its windows are closed behind it."""

_READERS_PER_S = 4.0
_SLATE_SIZE = 10
_FRESH_S = 86_400.0
PAUSE_S = 2.0
"""How long a Kafka that is away is waited for before it is tried again."""


class DemoNews:
    """A generated paper, from two days ago to six hours from now.

    Parameters
    ----------
    folder
        Where its log is written.
    n_users, n_impressions, seed
        Of the log, as `generate_log` takes them.
    now_s
        Epoch seconds.
    """

    def __init__(
        self, folder: Path, *, n_users: int, n_impressions: int, seed: int, now_s: float
    ) -> None:
        from cherryrec.evaluation.generate import Readers, generate_log
        from cherryrec.evaluation.mind import MindLog

        starts_at = float(round(now_s - BEFORE_DAYS * 86_400.0))
        days = BEFORE_DAYS + AHEAD_DAYS
        self.truth = generate_log(
            folder,
            n_users=n_users,
            n_articles=N_ARTICLES,
            n_impressions=n_impressions,
            days=days,
            seed=seed,
            starts_at=starts_at,
        )
        self.log: MindLog = MindLog(folder)
        self.readers: Readers = Readers.of_log(
            n_users=n_users, n_articles=N_ARTICLES, days=days, seed=seed, starts_at=starts_at
        )

    def n_until(self, time_s: float) -> int:
        """Return how many of the log's impressions were shown by then."""
        return sum(row.shown_at <= time_s for row in self.log.impressions())

    def backfill(self, kafka: KafkaConfig, *, attribution_window_s: float, now_s: float) -> None:
        """Send what lies behind, so that there is something to know and to learn from."""
        from cherryrec.cli.running import open_session
        from cherryrec.evaluation.replay import LogMessages
        from streams.replay import Backfill

        messages = LogMessages(self.log.articles(), deadline_ms=0)
        rows = list(self.log.impressions())[: self.n_until(now_s - SETTLED_S)]
        with open_session(kafka) as session:
            run = Backfill(session, kafka, window=16, attribution_window_s=attribution_window_s)
            run.run([messages.turn(row) for row in rows], lambda _: None)

    def go_on(self, kafka: KafkaConfig, ending: threading.Event) -> None:
        """Publish what appears, and let readers come and read, until `ending` is set.

        A Kafka that is away is waited for.
        """
        from kafka.errors import KafkaError

        from cherryrec.cli.running import open_session

        articles = self.log.articles()
        since_s = time.time() - _FRESH_S
        while not ending.is_set():
            try:
                with open_session(kafka) as session:
                    while not ending.wait(1.0 / _READERS_PER_S):
                        now_s = time.time()
                        self._publish(session, articles, since_s, now_s)
                        since_s = now_s
                        self._read(session, now_s)
            except (CherryRecError, KafkaError, OSError) as error:
                logger.warning("readers come back in %g s: %s", PAUSE_S, error)
                ending.wait(PAUSE_S)

    def _publish(
        self, session: Session, articles: Mapping[str, MindArticle], since_s: float, now_s: float
    ) -> None:
        from cherryrec.evaluation.replay.messages import article_of

        for article_id in self.readers.published(since_s, now_s):
            at = instant(self.readers.published_at(article_id))
            message = msgspec.structs.replace(article_of(articles[article_id]), published_at=at)
            session.send("articles", article_id, message)

    def _read(self, session: Session, now_s: float) -> None:
        """Let one reader ask, be shown the slate, and open what draws them."""
        user_id = self.readers.next()
        request = RecommendationRequest(
            request_id=uuid.uuid4().hex,
            user_id=user_id,
            requested_at=instant(now_s),
            slate_size=_SLATE_SIZE,
            deadline_ms=0,
        )
        slate = [item.article_id for item in session.ask(request).recommendation.slate]
        if not slate:
            return
        # Opened at once: a demo that replays its log closes each slate as it is shown.
        shown = Impression(
            impression_id=uuid.uuid4().hex,
            user_id=user_id,
            articles=tuple(slate),
            shown_at=instant(now_s),
            request_id=request.request_id,
        )
        session.send("impressions", user_id, shown)
        for article_id in self.readers.opened(user_id, slate, now=now_s):
            click = Click(
                event_id=uuid.uuid4().hex,
                user_id=user_id,
                article_id=article_id,
                clicked_at=instant(now_s),
                impression_id=shown.impression_id,
            )
            session.send("clicks", user_id, click)
        session.flush()


def demo_port(wanted: int) -> int:
    """Return the wanted port where it is free, else one that is."""
    import socket

    from streams.stack import free_port

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
    return wanted


def page_address(port: int) -> str:
    """Return where the page is.

    Examples
    --------
    >>> page_address(6070)
    'http://127.0.0.1:6070/'
    """
    return f"http://127.0.0.1:{port}/"
