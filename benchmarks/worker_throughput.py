"""Claim: a stream worker takes at least 60 % of the events a second that an idle agent takes.

One worker on a real Kafka, clicks and impressions of 37 candidates, next to a plain Faust agent
that does nothing with the same events, in the same run. They are of no request of ours, and counted
only: what learning from the site's own slates costs, `site_slates` measures.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence

from benchmarks._report import header, spread, verdict
from benchmarks._system import Keyed, broker, counts, fill, reference, topics, worker
from benchmarks._traffic import Traffic

SEED = 0
N_EVENTS = 20_000
N_RUNS = 3
AT_LEAST = 0.6
COUNTED_ONLY = {"CHERRYREC_FEEDBACK_LEARN_FROM": '["request"]'}
MIXES: dict[str, tuple[str, ...]] = {
    "impressions": ("impressions",),
    "clicks": ("clicks",),
    "both": ("impressions", "clicks"),
}


def events(names: Sequence[str]) -> list[Keyed]:
    """Draw the events of a mix, the topics taking turns."""
    traffic = Traffic(seed=SEED)
    drawn: list[Keyed] = []
    for number in range(N_EVENTS):
        topic = names[number % len(names)]
        event = traffic.impression(number) if topic == "impressions" else traffic.click(number)
        drawn.append((topic, event.user_id, event))
    return drawn


def idle_rate(servers: str, prefix: str, names: Sequence[str]) -> float:
    """Measure the reference, in events a second."""
    kafka = topics(servers, prefix)
    fill(kafka, events(names))
    with reference(kafka, names, n=N_EVENTS) as process:
        assert process.stdout is not None, "stdout is a pipe"
        for line in process.stdout:
            if line.startswith("done "):
                return float(line.split()[1])
    message = "the reference ended early"
    raise SystemExit(message)


def worker_rate(servers: str, prefix: str, names: Sequence[str]) -> float:
    """Measure our worker, in events a second: it knows articles and readers, and events wait."""
    kafka = topics(servers, prefix)
    traffic = Traffic(seed=SEED)
    fill(kafka, (("articles", a.article_id, a) for a in traffic.articles()))
    with worker(kafka, COUNTED_ONLY) as child:
        fill(kafka, (("profile-updates", p.user_id, p) for p in traffic.profiles()))
        while counts(child, ["profile-updates"]) < traffic.n_users:
            time.sleep(0.1)
    fill(kafka, events(names))
    with worker(kafka, COUNTED_ONLY) as child:
        n_first, started_s = 0.0, 0.0
        while True:
            n_done, now_s = counts(child, names), time.perf_counter()
            if not n_first:
                n_first, started_s = n_done, now_s
            elif n_done >= N_EVENTS:
                return (n_done - n_first) / (now_s - started_s)
            time.sleep(0.05)


def main() -> int:
    """Print the table; exit 1 where the claim does not hold."""
    header(f"one worker against an idle Faust agent, {N_EVENTS:,} events, {N_RUNS} runs", seed=SEED)
    holds = True
    with broker() as servers:
        for mix, names in MIXES.items():
            ours, idle = [], []
            for run in range(N_RUNS):
                idle.append(idle_rate(servers, f"idle-{mix}-{run}.", names))
                ours.append(worker_rate(servers, f"ours-{mix}-{run}.", names))
            print(f"{mix}: worker {spread(ours)} events/s, idle agent {spread(idle)} events/s")
            ratio = statistics.median(o / i for o, i in zip(ours, idle, strict=True))
            holds &= verdict(f"{mix}, worker over idle agent", ratio, at_least=AT_LEAST)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
