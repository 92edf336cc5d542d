"""Claim: open requests leave clicks at least half of their rate, and at most 8 KB of state a click.

One worker on a real Kafka. Every reader has 16 open requests of 300 candidates each; half of the
clicks are on what such a request showed, half on something else. Beside it, in the same run, the
same clicks of readers without any.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

from benchmarks._changelogs import Weigher
from benchmarks._report import header, spread, verdict
from benchmarks._system import Keyed, broker, counts, fill, topics, worker
from benchmarks._traffic import Traffic
from cherryrec.events import Click, Impression, RecommendationRequest, instant

SEED = 0
N_USERS, N_OPEN, N_CANDIDATES, N_SHOWN = 100, 16, 300, 10
N_CLICKS = 20_000
N_RUNS = 3
AT_LEAST, AT_MOST_BYTES = 0.5, 8_000.0


def opened(traffic: Traffic) -> Iterator[Keyed]:
    """Yield 16 requests of each reader, and the impression of each answer."""
    for number in range(N_USERS * N_OPEN):
        user, name = f"U{number % N_USERS}", f"r{number}"
        some = [f"N{k % traffic.n_articles}" for k in range(number, number + N_CANDIDATES)]
        at = instant(traffic.start_s + 0.01 * number)
        asked = RecommendationRequest(
            request_id=name, user_id=user, requested_at=at, candidates=tuple(some)
        )
        shown = Impression(
            impression_id=f"i{number}",
            user_id=user,
            articles=tuple(some[:N_SHOWN]),
            shown_at=at,
            request_id=name,
        )
        yield "requests", user, asked
        yield "impressions", user, shown


def clicks(traffic: Traffic) -> Iterator[Keyed]:
    """Yield clicks, every second one on an article of the reader's newest slates."""
    for number in range(N_CLICKS):
        user = number % N_USERS
        newest = user + N_USERS * (N_OPEN - 1 - number // N_USERS % 4)
        place = newest + (number // 2 % N_SHOWN) if number % 2 else number * 7
        click = Click(
            event_id=f"c{number}",
            user_id=f"U{user}",
            article_id=f"N{place % traffic.n_articles}",
            clicked_at=instant(traffic.start_s + 60.0 + 0.005 * number),
        )
        yield "clicks", click.user_id, click


def rate(servers: str, prefix: str, *, has_open: bool) -> tuple[float, float]:
    """Measure clicks a second and bytes of changelog a click."""
    kafka = topics(servers, prefix)
    weigher = Weigher(kafka)
    traffic = Traffic(seed=SEED)
    fill(kafka, (("articles", a.article_id, a) for a in traffic.articles()))
    with worker(kafka) as child:
        if has_open:
            fill(kafka, opened(traffic))
            while counts(child, ["requests", "impressions"]) < 2 * N_USERS * N_OPEN:
                time.sleep(0.1)
            time.sleep(1.0)
    weigher.skip()
    fill(kafka, clicks(traffic))
    with worker(kafka) as child:
        n_first, started_s = 0.0, 0.0
        while True:
            n_done, now_s = counts(child, ["clicks"]), time.perf_counter()
            if not n_first:
                n_first, started_s = n_done, now_s
            elif n_done >= N_CLICKS:
                break
            time.sleep(0.05)
    written = weigher.bytes_since() / N_CLICKS
    weigher.close()
    return (n_done - n_first) / (now_s - started_s), written


def main() -> int:
    """Print both; exit 1 where the claim does not hold."""
    what = f"{N_USERS} readers with {N_OPEN} open requests of {N_CANDIDATES} candidates"
    header(f"{N_CLICKS:,} clicks of {what}, {N_RUNS} runs", seed=SEED)
    with broker() as servers:
        runs = [
            [rate(servers, f"{kind}-{run}.", has_open=kind == "open") for kind in ("none", "open")]
            for run in range(N_RUNS)
        ]
    for place, kind in enumerate(("no open requests", "open requests")):
        rates, sizes = zip(*(run[place] for run in runs), strict=True)
        print(f"{kind}: {spread(rates)} clicks/s, {spread(sizes)} changelog bytes a click")
    ratio = statistics.median(both[1][0] / both[0][0] for both in runs)
    size = statistics.median(both[1][1] for both in runs)
    holds = verdict("clicks/s with open requests over without", ratio, at_least=AT_LEAST)
    print(f"changelog bytes a click: {size:,.0f}, at most {AT_MOST_BYTES:,.0f}")
    return 0 if holds and size <= AT_MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
