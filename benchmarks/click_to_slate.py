"""Claim: a click changes its reader's recommendation within a second.

A system with a learned model on a real Kafka; 100 readers, one after the other, get a slate from
the whole catalogue, click its last article, and ask again until their slate is another one. A
reader who asks again without a click is the reference: that slate must stay as it was. No trial
places are drawn, which are others at each request.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks._clicked import SLATE_SIZE, measure
from cherryrec.cli.running import open_session
from cherryrec.events import Click, RecommendationRequest, instant
from streams.config import KafkaConfig
from streams.replay import Session

AT_MOST_S = 1.0


class Reader:
    """One reader of the log, asking through the topics."""

    def __init__(self, session: Session, user_id: str, now_s: float) -> None:
        self.session = session
        self.user_id = user_id
        self.now_s = now_s
        self.n_asked = 0

    def slate(self) -> list[str]:
        """Ask for a slate; return its articles."""
        self.n_asked += 1
        request = RecommendationRequest(
            request_id=f"{self.user_id}-{self.n_asked}",
            user_id=self.user_id,
            requested_at=instant(self.now_s),
            slate_size=SLATE_SIZE,
            deadline_ms=0,
        )
        answer = self.session.ask(request)
        return [item.article_id for item in answer.recommendation.slate]

    def click(self, article_id: str) -> None:
        """Click an article and wait for the acknowledgement of the event."""
        click = Click(
            event_id=f"{self.user_id}-click",
            user_id=self.user_id,
            article_id=article_id,
            clicked_at=instant(self.now_s),
        )
        self.session.send("clicks", self.user_id, click)
        self.session.flush()


@contextmanager
def readers(kafka: KafkaConfig, now_s: float) -> Iterator[Callable[[str], Reader]]:
    """Connect; yield what makes a reader."""
    with open_session(kafka) as session:
        yield lambda user_id: Reader(session, user_id, now_s)


if __name__ == "__main__":
    sys.exit(measure("a click to a changed slate", readers, most_s=AT_MOST_S))
