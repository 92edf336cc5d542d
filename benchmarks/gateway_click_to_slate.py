"""Claim: a click posted over HTTP changes its reader's next slate within 0.3 s.

A system with a learned model on a real Kafka and a gateway before it; 100 readers, one after the
other, get a slate over HTTP, post a click, and ask again until their slate is another one. A reader
who asks again without a click is the reference: that slate must stay as it was.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks._report import header, verdict
from benchmarks._system import gateway
from cherryrec.cli.options import cache_dir
from cherryrec.cli.running import replay_kafka
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.events import instant
from streams.stack import LocalStack, StackSettings

SEED = 0
N_TRIALS = 100
SLATE_SIZE = 10
GIVE_UP_S = 5.0
AT_MOST_S = 0.3


class Reader:
    """One reader of the log, asking over HTTP."""

    def __init__(self, client: httpx.Client, user_id: str, now_s: float) -> None:
        self.client = client
        self.user_id = user_id
        self.now = instant(now_s).isoformat()
        self.n_asked = 0

    def slate(self, size: int = SLATE_SIZE) -> list[str]:
        """Ask for a slate; return its articles. Anything but its own answer ends the run."""
        self.n_asked += 1
        body = {
            "request_id": f"{self.user_id}-{self.n_asked}",
            "user_id": self.user_id,
            "requested_at": self.now,
            "slate_size": size,
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


def trial(reader: Reader) -> tuple[float | None, bool]:
    """Return the seconds from click to changed slate (None: it did not), and whether it was stable.

    The article clicked is the last of a wide slate: far from what the reader is shown.
    """
    before = reader.slate()
    is_stable = reader.slate() == before
    chosen = reader.slate(size=60)[-1]
    started_s = time.perf_counter()
    reader.click(chosen)
    while time.perf_counter() - started_s < GIVE_UP_S:
        if reader.slate() != before:
            return time.perf_counter() - started_s, is_stable
    return None, is_stable


def main() -> int:
    """Print the figures; exit 1 where the claim does not hold."""
    header(f"seconds from a click over HTTP to a changed slate, {N_TRIALS} readers", seed=SEED)
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as name:
        folder = Path(name)
        generate_log(folder / "log", n_users=2 * N_TRIALS, n_impressions=1_000, seed=SEED)
        environment = {
            "CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S": "0",
            "CHERRYREC_STREAM_TICK_S": "0",
            "CHERRYREC_TRIALS_EVERY": "0",  # each request draws its own trials, clicked or not
        }
        stack = StackSettings(folder=folder, cache_dir=cache_dir(), environment=environment)
        log = MindLog(folder / "log")
        with LocalStack(stack) as running:
            done = replay_kafka(log, running.kafka, limit=None, seed=SEED, window=16)
            time.sleep(2.0)  # the last snapshot of the models
            now_s = done.rows[-1].shown_at + 60.0
            users = sorted({row.user_id for row in done.rows})[:N_TRIALS]
            with gateway(running.kafka) as url, httpx.Client(base_url=url) as client:
                trials = [trial(Reader(client, user_id, now_s)) for user_id in users]
    seconds = sorted(waited for waited, _ in trials if waited is not None)
    print(
        f"{len(seconds)} of {len(trials)} slates changed after the click; "
        f"{sum(not is_stable for _, is_stable in trials)} changed without one"
    )
    p50, p99 = statistics.median(seconds), seconds[int(0.99 * len(seconds))]
    print(f"click to changed slate: p50 {p50:.3f} s, p99 {p99:.3f} s, longest {seconds[-1]:.3f} s")
    return 0 if verdict("p99 in seconds", p99, most=AT_MOST_S) else 1


if __name__ == "__main__":
    sys.exit(main())
