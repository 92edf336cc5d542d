"""Claim: a flood costs one worker no answer, no click and a bounded memory, and soon it is over.

One worker on a real Kafka, 500 articles, settings as on a site. First what waited for it while it
was down: requests past their deadline, and behind them a fresh one; what a late answer costs, next
to full ones in the same run. Then requests and clicks of as many readers at once, every twentieth
click sent again, and beside them a request every quarter second that tells when who asks is
answered in time again. Times are the broker's: from the record of a request to that of its answer.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks._report import header, spread, verdict
from benchmarks._system import Keyed, broker, fill, outcomes, topics, worker
from benchmarks._traffic import Traffic
from cherryrec.codec import decode, encode
from cherryrec.events import Click, Event, Recommendation, RecommendationRequest, instant
from cherryrec.topics import TopicNames, topic_named
from streams.config import KafkaConfig
from streams.stack import Child

SEED = 0
AS_ON_A_SITE = {"CHERRYREC_EVALUATOR_LATE_AFTER_S": "0"}
STALE_MS, DEADLINE_MS, NO_DEADLINE_MS = 200, 2_000, 600_000
PROBE_S, QUIET_S, STUCK_S = 0.25, 3.0, 300.0
ACCOUNTED = ("applied", "duplicate", "late")
AGAIN_EVERY, AGAIN_AFTER = 20, 7
AT_MOST_SHARE, AT_MOST_FRESH_S, AT_MOST_MIB, AT_MOST_RECOVERY_S = 0.25, 2.0, 256.0, 30.0

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What came of a fresh request behind late ones, and what a late one costs."""

    fresh_s: float
    behind_s: float
    late_share: float
    n_wrong: int
    late_ms: float
    full_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """What came of requests and clicks at once."""

    sent_s: float
    in_time: float
    late: float
    worst_s: float
    n_wrong: int
    clicks: Counter[str]
    grown_mib: float
    recovery_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: how often it was answered, after how long first, and whether as a late one."""

    n: int
    waited_s: float
    is_late: bool


def cpu_s(child: Child) -> float:
    """Return the seconds of processor that a process has had."""
    fields = Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(child: Child) -> float:
    """Return the memory of a process that is in use."""
    pages = int(Path(f"/proc/{child.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def request(name: str, user_id: str, deadline_ms: int) -> Keyed:
    """Ask for a slate now."""
    asked = RecommendationRequest(
        request_id=name, user_id=user_id, requested_at=instant(time.time()), deadline_ms=deadline_ms
    )
    return "requests", user_id, asked


def requests(kind: str, n: int, deadline_ms: int) -> Iterator[Keyed]:
    """Ask for a slate for each of some readers."""
    for number in range(n):
        yield request(f"{kind}{number}", f"U{number}", deadline_ms)


def flood(n_requests: int, n_clicks: int, n_articles: int) -> Iterator[Keyed]:
    """Yield requests of as many readers, and their clicks between them, some twice."""
    n_sent = 0
    for number, asked in enumerate(requests("flood", n_requests, DEADLINE_MS), start=1):
        yield asked
        while n_sent * n_requests < n_clicks * number:
            is_again = n_sent % AGAIN_EVERY == AGAIN_EVERY - 1
            name = n_sent - AGAIN_AFTER if is_again else n_sent
            click = Click(
                event_id=f"c{name}",
                user_id=f"U{name % n_requests}",
                article_id=f"N{name * 7 % n_articles}",
                clicked_at=instant(time.time()),
            )
            yield "clicks", click.user_id, click
            n_sent += 1


def records(kafka: KafkaConfig, topic: str, message: type[E]) -> Iterator[tuple[float, E]]:
    """Yield what lies on a topic, each with the broker's time of it."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, fetch_max_bytes=64 << 20)
    name = TopicNames(kafka.prefix)(topic)
    places = [TopicPartition(name, number) for number in range(kafka.partitions)]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    limit = topic_named(topic).max_message_bytes
    while any(consumer.position(place) < ends[place] for place in places):
        for batch in consumer.poll(1_000).values():
            for record in batch:
                yield record.timestamp / 1_000, decode(message, record.value, max_bytes=limit)
    consumer.close()


def all_answered(kafka: KafkaConfig) -> tuple[dict[str, float], dict[str, Answered]]:
    """Return when each request was sent, and what came of it."""
    sent_s = {one.request_id: s for s, one in records(kafka, "requests", RecommendationRequest)}
    found: dict[str, Answered] = {}
    for at_s, one in records(kafka, "recommendations", Recommendation):
        name = one.request_id
        first = Answered(0, at_s - sent_s[name], one.degraded == "request_late")
        known = found.get(name, first)
        found[name] = Answered(known.n + 1, known.waited_s, known.is_late)
    return sent_s, {name: found.get(name, Answered(0, float("inf"), False)) for name in sent_s}


def of_kind(kind: str, answered: dict[str, Answered]) -> list[Answered]:
    """Return those whose name begins with a word."""
    return [one for name, one in answered.items() if name.startswith(kind)]


def n_done(child: Child, topic: str) -> int:
    """Read how many records of a topic a worker is through with."""
    return outcomes(child, topic).total()


def wait_done(child: Child, topic: str, n: int) -> None:
    """Wait until a worker is through with records of a topic; give up on one that stands still."""
    give_up_s = time.monotonic() + STUCK_S
    while n_done(child, topic) < n and time.monotonic() < give_up_s:
        time.sleep(0.05)


def cost_ms(
    kafka: KafkaConfig,
    child: Child,
    asked: Sequence[Keyed],
    *,
    wait_s: float = 0.0,
    behind: str | None = None,
) -> float:
    """Return the milliseconds of processor a request costs a worker that finds them all there.

    `behind` asks for one more slate after the wait, behind all of them.
    """
    before = n_done(child, "requests")
    child.process.send_signal(signal.SIGSTOP)
    fill(kafka, asked)
    time.sleep(wait_s)
    if behind is not None:
        fill(kafka, [request(behind, "F", DEADLINE_MS)])
    spent_s = cpu_s(child)
    child.process.send_signal(signal.SIGCONT)
    wait_done(child, "requests", before + len(asked) + (behind is not None))
    return 1_000 * (cpu_s(child) - spent_s) / len(asked)


def after_an_outage(servers: str, prefix: str, asked: argparse.Namespace) -> Backlog:
    """Start a worker behind requests that are past their deadline."""
    kafka = topics(servers, prefix)
    traffic = Traffic(seed=SEED, n_articles=asked.articles)
    fill(kafka, (("articles", one.article_id, one) for one in traffic.articles()))
    with worker(kafka, AS_ON_A_SITE):
        pass
    fill(kafka, requests("old", asked.late, STALE_MS))
    time.sleep(2 * STALE_MS / 1_000)
    with worker(kafka, AS_ON_A_SITE) as child:
        fill(kafka, [request("fresh", "F", DEADLINE_MS)])
        wait_done(child, "requests", asked.late + 1)
        full = list(requests("full", asked.full, NO_DEADLINE_MS))
        cost_ms(kafka, child, full)  # the first are slower: caches and clocks warm up
        full = list(requests("again", asked.full, NO_DEADLINE_MS))
        full_ms = cost_ms(kafka, child, full)
        late = list(requests("late", asked.late, STALE_MS))
        late_ms = cost_ms(kafka, child, late, wait_s=2 * STALE_MS / 1_000, behind="behind")
    _, answered = all_answered(kafka)
    stale = of_kind("old", answered) + of_kind("late", answered)
    return Backlog(
        fresh_s=answered["fresh"].waited_s,
        behind_s=answered["behind"].waited_s,
        late_share=statistics.fmean(one.is_late for one in stale),
        n_wrong=sum(one.n != 1 for one in answered.values()),
        late_ms=late_ms,
        full_ms=full_ms,
    )


class Watch:
    """Asks for a slate every quarter second and looks at the memory of a worker, from a thread."""

    def __init__(self, kafka: KafkaConfig, child: Child) -> None:
        self.most_mib = self.before_mib = rss_mib(child)
        self._kafka = kafka
        self._child = child
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self._kafka.bootstrap_servers)
        names, number = TopicNames(self._kafka.prefix), 0
        while not self._stop.wait(PROBE_S):
            topic, key, event = request(f"probe{number}", f"P{number}", DEADLINE_MS)
            producer.send(names(topic), encode(event), key=key.encode())
            self.most_mib = max(self.most_mib, rss_mib(self._child))
            number += 1
        producer.close()


def all_at_once(servers: str, prefix: str, asked: argparse.Namespace) -> Flood:
    """Send requests and clicks at once to a worker that runs."""
    kafka = topics(servers, prefix)
    traffic = Traffic(seed=SEED, n_articles=asked.articles)
    fill(kafka, (("articles", one.article_id, one) for one in traffic.articles()))
    with worker(kafka, AS_ON_A_SITE) as child:
        fill(kafka, requests("warm", 200, NO_DEADLINE_MS))
        wait_done(child, "requests", 200)
        with Watch(kafka, child) as watch:
            began_s = time.monotonic()
            fill(kafka, flood(asked.requests, asked.clicks, asked.articles))
            took_s = time.monotonic() - began_s
            wait_done(child, "clicks", asked.clicks)
            wait_done(child, "requests", 200 + asked.requests)
            time.sleep(QUIET_S)
        wait_done(
            child, "requests", sum(1 for _ in records(kafka, "requests", RecommendationRequest))
        )
        clicks = outcomes(child, "clicks")
    sent_s, answered = all_answered(kafka)
    flooded = of_kind("flood", answered)
    done_s = max(at_s for name, at_s in sent_s.items() if name.startswith("flood"))
    return Flood(
        sent_s=took_s,
        in_time=statistics.fmean(is_in_time(one) for one in flooded),
        late=statistics.fmean(one.is_late for one in flooded),
        worst_s=max(one.waited_s for one in flooded),
        n_wrong=sum(one.n != 1 for one in answered.values()),
        clicks=clicks,
        grown_mib=watch.most_mib - watch.before_mib,
        recovery_s=recovery_s(sent_s, answered, done_s),
    )


def is_in_time(one: Answered) -> bool:
    """Whether a full answer came before the deadline."""
    return one.n > 0 and not one.is_late and one.waited_s <= DEADLINE_MS / 1_000


def recovery_s(sent_s: dict[str, float], answered: dict[str, Answered], done_s: float) -> float:
    """Return how long after the flood it took until every further probe was answered in time."""
    probes = sorted((at_s, name) for name, at_s in sent_s.items() if name.startswith("probe"))
    failed = [place for place, (_, name) in enumerate(probes) if not is_in_time(answered[name])]
    first = failed[-1] + 1 if failed else 0
    return max(0.0, probes[first][0] - done_s) if first < len(probes) else float("inf")


def print_backlog(runs: Sequence[Backlog], n_late: int) -> bool:
    """Print what came of late requests; return whether all that is promised holds."""
    print(f"## {n_late:,} requests past their deadline, and a fresh one when the worker is ready")
    print(f"answered after: {spread([one.fresh_s for one in runs], 2)} s")
    print(f"one that stands behind all of as many: {spread([one.behind_s for one in runs], 2)} s")
    print(f"answered as late: {spread([100 * one.late_share for one in runs], 1)} %")
    print(
        f"processor: late {spread([one.late_ms for one in runs], 2)} ms a request, "
        f"full {spread([one.full_ms for one in runs], 2)} ms"
    )
    worst_s = max(max(one.fresh_s, one.behind_s) for one in runs)
    ratio = statistics.median(one.late_ms / one.full_ms for one in runs)
    n_wrong = sum(one.n_wrong for one in runs)
    n_full = sum(one.late_share < 1.0 for one in runs)
    kept = [
        verdict("seconds to the fresh answer, worst", worst_s, most=AT_MOST_FRESH_S),
        verdict("processor of a late answer over a full one", ratio, most=AT_MOST_SHARE),
        verdict("requests lost or answered again", n_wrong, most=0.0),
        verdict("runs in which one was not answered as late", n_full, most=0.0),
    ]
    return all(kept)


def print_flood(runs: Sequence[Flood], n_requests: int, n_clicks: int) -> bool:
    """Print what came of the flood; return whether all that is promised holds."""
    print(f"## {n_requests:,} requests and {n_clicks:,} clicks at once")
    print(f"sent within: {spread([one.sent_s for one in runs], 1)} s")
    print(f"answered in time: {spread([100 * one.in_time for one in runs], 1)} %")
    print(f"answered as late: {spread([100 * one.late for one in runs], 1)} %")
    print(f"longest wait: {spread([one.worst_s for one in runs], 1)} s")
    print(f"answered in time again: {spread([one.recovery_s for one in runs], 1)} s after the last")
    print(f"memory: {spread([one.grown_mib for one in runs])} MiB more")
    print("clicks:", "; ".join(f"{dict(sorted(one.clicks.items()))}" for one in runs))
    again = n_clicks // AGAIN_EVERY
    n_off = sum(abs(n_clicks - sum(one.clicks[o] for o in ACCOUNTED)) for one in runs)
    worst_s = max(one.recovery_s for one in runs)
    n_twice = sum(abs(again - one.clicks["duplicate"]) for one in runs)
    kept = [
        verdict("requests lost or answered again", sum(o.n_wrong for o in runs), most=0.0),
        verdict("clicks unaccounted for", n_off, most=0.0),
        verdict("repeated clicks not found, or others taken for one", n_twice, most=0.0),
        verdict("MiB more, worst", max(one.grown_mib for one in runs), most=AT_MOST_MIB),
        verdict("seconds to recover, worst", worst_s, most=AT_MOST_RECOVERY_S),
    ]
    return all(kept)


def main() -> int:
    """Print both tables; exit 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--late", type=int, default=4_000, help="requests past their deadline")
    parser.add_argument("--full", type=int, default=1_000, help="full ones to compare with")
    parser.add_argument("--requests", type=int, default=20_000, help="requests at once")
    parser.add_argument("--clicks", type=int, default=100_000, help="clicks at once")
    parser.add_argument("--articles", type=int, default=500, help="of the catalogue")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    header(f"what a flood does to one worker, {asked.runs} runs", seed=SEED)
    with broker() as servers:
        outages = [after_an_outage(servers, f"late-{n}.", asked) for n in range(asked.runs)]
        holds = print_backlog(outages, asked.late)
        sys.stdout.flush()
        floods = [all_at_once(servers, f"flood-{n}.", asked) for n in range(asked.runs)]
        holds &= print_flood(floods, asked.requests, asked.clicks)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
