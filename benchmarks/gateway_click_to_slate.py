"""Claim: a click posted over HTTP changes its reader's next slate within 0.3 s.

A system with a learned model on a real Kafka and a gateway before it; 100 readers, one after the
other, get a slate over HTTP, post a click on its last article, and ask again until their slate is
another one. A reader who asks again without a click is the reference: that slate must stay as it
was. No trial places are drawn, which are others at each request.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks._clicked import SLATE_SIZE, measure
from benchmarks._system import gateway
from cherryrec.events import instant
from streams.config import KafkaConfig

AT_MOST_S = 0.3


class Reader:
    """One reader of the log, asking over HTTP."""

    def __init__(self, client: httpx.Client, user_id: str, now_s: float) -> None:
        self.client = client
        self.user_id = user_id
        self.now = instant(now_s).isoformat()
        self.n_asked = 0

    def slate(self) -> list[str]:
        """Ask for a slate; return its articles. Anything but its own answer ends the run."""
        self.n_asked += 1
        body = {
            "request_id": f"{self.user_id}-{self.n_asked}",
            "user_id": self.user_id,
            "requested_at": self.now,
            "slate_size": SLATE_SIZE,
            "deadline_ms": 0,
        }
        answer = self._post("/v1/recommendations", body)
        assert answer["served"] == "answer", f"the worker must answer, got {answer['served']!r}"
        return [item["article_id"] for item in answer["slate"]]

    def click(self, article_id: str) -> None:
        """Click an article; answered when Kafka has acknowledged it."""
        click = {
            "topic": "clicks",
            "event_id": f"{self.user_id}-click",
            "user_id": self.user_id,
            "article_id": article_id,
            "clicked_at": self.now,
        }
        self._post("/v1/events", click)

    def _post(self, path: str, body: object) -> Any:
        answer = self.client.post(path, json=body)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def readers(kafka: KafkaConfig, now_s: float) -> Iterator[Callable[[str], Reader]]:
    """Start a gateway; yield what makes a reader."""
    with gateway(kafka) as url, httpx.Client(base_url=url) as client:
        yield lambda user_id: Reader(client, user_id, now_s)


if __name__ == "__main__":
    sys.exit(measure("a click over HTTP to a changed slate", readers, most_s=AT_MOST_S))
