"""How long after a click its reader's slate is another one: what both ways to ask share."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks._report import header, verdict
from cherryrec.cli.options import cache_dir
from cherryrec.cli.running import replay_kafka
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from streams.config import KafkaConfig
from streams.stack import LocalStack, StackSettings

__all__ = ["SLATE_SIZE", "Reader", "Readers", "measure"]

SLATE_SIZE = 10
_SEED = 0
_N_TRIALS = 100
_GIVE_UP_S = 5.0


class Reader(Protocol):
    """One reader of the log, who asks for slates and clicks."""

    def slate(self) -> list[str]:
        """Ask for a slate; return its articles."""

    def click(self, article_id: str) -> None:
        """Click an article; returns when Kafka has acknowledged it."""


Readers = Callable[[KafkaConfig, float], AbstractContextManager[Callable[[str], Reader]]]
"""From the cluster and an event time in epoch seconds, what makes a reader of a user's id."""


def trial(reader: Reader) -> tuple[float | None, bool]:
    """Return the seconds from click to changed slate (None: it did not), and whether it was stable.

    The article clicked is the last of the slate. What has been read is in no later one, so that the
    next slate is another as soon as the click is known.
    """
    before = reader.slate()
    is_stable = reader.slate() == before
    started_s = time.perf_counter()
    reader.click(before[-1])
    while time.perf_counter() - started_s < _GIVE_UP_S:
        if reader.slate() != before:
            return time.perf_counter() - started_s, is_stable
    return None, is_stable


def measure(what: str, readers: Readers, *, most_s: float) -> int:
    """Print the figures of a hundred readers; return 1 where the claim does not hold.

    It does not where a slate has not changed after the click either: that one took for ever.
    """
    header(f"seconds from {what}, {_N_TRIALS} readers", seed=_SEED)
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as name:
        folder = Path(name)
        generate_log(folder / "log", n_users=2 * _N_TRIALS, n_impressions=1_000, seed=_SEED)
        environment = {
            "CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S": "0",
            "CHERRYREC_STREAM_TICK_S": "0",
            "CHERRYREC_TRIALS_EVERY": "0",  # each request draws its own trials, clicked or not
        }
        stack = StackSettings(folder=folder, cache_dir=cache_dir(), environment=environment)
        log = MindLog(folder / "log")
        with LocalStack(stack) as running:
            done = replay_kafka(log, running.kafka, limit=None, seed=_SEED, window=16)
            time.sleep(2.0)  # the last snapshot of the models
            users = sorted({row.user_id for row in done.rows})[:_N_TRIALS]
            with readers(running.kafka, done.rows[-1].shown_at + 60.0) as reader_of:
                trials = [trial(reader_of(user_id)) for user_id in users]
    seconds = sorted(_GIVE_UP_S if waited is None else waited for waited, _ in trials)
    n_changed = sum(waited is not None for waited, _ in trials)
    n_unstable = sum(not is_stable for _, is_stable in trials)
    print(
        f"{n_changed} of {len(trials)} slates changed after the click; {n_unstable} without one; "
        f"one that did not counts as {_GIVE_UP_S:g} s"
    )
    p50, p99 = statistics.median(seconds), seconds[int(0.99 * len(seconds))]
    print(f"click to changed slate: p50 {p50:.3f} s, p99 {p99:.3f} s, longest {seconds[-1]:.3f} s")
    return 0 if verdict("p99 in seconds", p99, most=most_s) else 1
