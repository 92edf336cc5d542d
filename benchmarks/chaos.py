"""Claim: whatever dies, sleeps or fails, what is left is what a run without it leaves.

Each seed draws traffic and a schedule of faults over a real Kafka, two stream workers, a learner
and a gpu worker with a scripted model: SIGKILL and SIGSTOP of any of them at any moment, the broker
killed (for 5 s, in few seeds 40 s), local tables deleted, a disk that is full for a while, the
second worker killed while the first recovers; duplicates, disorder inside and beyond the allowed
lateness, poison, wrong clocks, compressed and transactional writers. When all is quiet again state,
labels, counters and model must equal the fold of the same records by the pure core, every request
is answered, every record accounted for, and of an erased reader nothing is left (`_chaos/checks`).

    python -m benchmarks.chaos --seed 17        one, again
    python -m benchmarks.chaos --seeds 0-99 --out chaos.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks._chaos.checks import divergences
from benchmarks._chaos.faults import STREAMS, Fault, Storm, draw_faults
from benchmarks._chaos.fold import ENVIRONMENT
from benchmarks._chaos.system import PARTS, ChaosSystem
from benchmarks._chaos.traffic import DISORDER_S, WINDOW_S, Traffic
from benchmarks._chaos.writers import Writers
from benchmarks._report import header
from cherryrec.cli.options import cache_dir
from cherryrec.codec import decode
from cherryrec.errors import ServiceError
from cherryrec.events import Recommendation
from cherryrec.placement import partition_of
from cherryrec.topics import topic_named
from streams.broker import LocalKafka, fetch_kafka
from tests.integration.system import PARTITIONS

STORM_S = 12.0
STEP_S = 0.03


def storm(
    servers: str,
    seed: int,
    folder: Path,
    *,
    broker: LocalKafka | None = None,
    lasts_s: float = STORM_S,
    faults: Sequence[Fault] | None = None,
    kill_share: float = 0.3,
) -> dict[str, Any]:
    """Play one seed on a broker; return what was done and what came of it.

    `broker` is what runs at `servers`, where it may die; `faults` go before those drawn;
    `kill_share` is how likely a part is killed in each step after the storm.
    """
    rng = random.Random(seed)
    prefix = f"chaos{seed}-{int(time.time())}."
    system = ChaosSystem(servers, prefix, folder, ENVIRONMENT, broker=broker)
    writers = Writers(system, random.Random(seed + 1))
    traffic = Traffic(writers, rng)
    if faults is None:
        faults = draw_faults(random.Random(seed + 2), lasts_s=lasts_s)
    result: dict[str, Any] = {"seed": seed, "faults": [str(fault) for fault in faults]}
    began_s = time.monotonic()
    answers = system.consumer()
    try:
        traffic.prepare()
        writers.flush()
        for part in PARTS:
            system.start_part(part)
        system.wait_ready()
        system.wait_for(system.is_all_committed, "histories are applied")
        answers.assign(system._places("recommendations"))
        weather = Storm(system, faults)
        _blow(system, traffic, weather, answers, lasts_s)
        result["storm_s"] = round(time.monotonic() - began_s, 1)
        erased = _calm(system, traffic, writers, answers, rng, kill_share=kill_share)
        found, counts = divergences(system, traffic.asked, erased)
        result |= counts
        result["diverged"] = found
    except ServiceError as error:
        weather = Storm(system, [])
        result["diverged"] = {"stuck": str(error)}
    finally:
        answers.close(autocommit=False)
        writers.close()
        system.end()
    result["exits"] = sorted({f"{name} {code}" for name, code in system.exits})
    result["recovery_s"] = [(part, round(taken, 2)) for part, taken in system.recovered]
    result["recovery_s"] += [("broker", round(taken, 2)) for taken in weather.broker_back_s]
    result["took_s"] = round(time.monotonic() - began_s, 1)
    return result


def _blow(
    system: ChaosSystem, traffic: Traffic, weather: Storm, answers: Any, lasts_s: float
) -> None:
    """Send while faults are played, until both are over."""
    weather.start()
    end_s = time.monotonic() + lasts_s
    while time.monotonic() < end_s or not weather.is_over:
        if time.monotonic() < end_s:
            traffic.step()
        _take(answers, traffic, wait_s=STEP_S)
    weather.end()


def _calm(
    system: ChaosSystem,
    traffic: Traffic,
    writers: Writers,
    answers: Any,
    rng: random.Random,
    *,
    kill_share: float,
) -> list[str]:
    """Wait for all, end windows, correct labels, erase readers: with a kill in each, perhaps."""
    users = _a_user_of_each_partition(system)
    system.wait_ready()

    def is_answered() -> bool:
        _take(answers, traffic, wait_s=0.2)
        return all(asked.answers for asked in traffic.asked.values())

    system.wait_for(is_answered, "every request is answered")
    traffic.finish()
    writers.flush()
    quiet_s = traffic.now_s
    for after_s in (0.0, DISORDER_S + 30.0, WINDOW_S + 30.0):  # nothing, slates, clicks alone
        traffic.settle(quiet_s + after_s, users)
        writers.flush()
        _perhaps_kill(system, rng, kill_share)
        system.wait_for(system.is_all_committed, "all is applied")
        if after_s:
            traffic.correct()
            writers.flush()
            _perhaps_kill(system, rng, kill_share)
            system.wait_for(system.is_all_committed, "corrections are applied")
    erased = traffic.erase()
    writers.flush()
    time.sleep(rng.uniform(0.0, 1.5))
    _perhaps_kill(system, rng, kill_share)
    system.wait_for(system.is_all_committed, "erasures are applied")
    system.wait_ready()
    _take(answers, traffic, wait_s=0.5)
    time.sleep(1.0)  # the last flush of the counters
    for name in ("learner", *STREAMS):
        child = system.parts[name]
        system.is_down.add(name)
        child.process.send_signal(signal.SIGCONT)
        child.stop(30.0)
    return erased


def _perhaps_kill(system: ChaosSystem, rng: random.Random, share: float) -> None:
    if rng.random() < share:
        part = rng.choice((*STREAMS, "learner"))
        system.kill_part(part)
        system.start_part(part)


def _a_user_of_each_partition(system: ChaosSystem) -> list[str]:
    """Find whose events end the windows of a partition; one that lies elsewhere is moved there."""
    found: dict[int, str] = {}
    for topic in ("requests", "impressions", "clicks", "profile-updates"):
        for record in system.records(topic):
            if record.key is not None and partition_of(record.key, PARTITIONS) == record.partition:
                found.setdefault(record.partition, record.key.decode(errors="replace"))
    assert len(found) == PARTITIONS, "every partition has a user of the storm"
    return [found[number] for number in sorted(found)]


def _take(answers: Any, traffic: Traffic, *, wait_s: float) -> None:
    """Hand on what has been answered."""
    limit = topic_named("recommendations").max_message_bytes
    for records in answers.poll(timeout_ms=int(1_000 * wait_s)).values():
        for record in records:
            if record.value is not None:
                traffic.take(decode(Recommendation, record.value, max_bytes=limit))


def _described(result: dict[str, Any]) -> str:
    counts = f"{result.get('in', 0):,} in, {result.get('dead_lettered', 0)} dead letters"
    verdict = ", ".join(result["diverged"]) or "equal"
    return (
        f"{result['seed']:4d} | {'; '.join(result['faults'])} | {counts}, "
        f"{result.get('answered_again', 0)} of {result.get('requests', 0)} answered again | "
        f"{result['took_s']:.0f} s | {verdict}"
    )


def _recoveries(results: list[dict[str, Any]]) -> None:
    """Print how long each part takes from its start to its readiness."""
    by_part: dict[str, list[float]] = {}
    for result in results:
        for part, taken in result["recovery_s"]:
            by_part.setdefault(part, []).append(taken)
    for part, taken in sorted(by_part.items()):
        print(
            f"{part}: ready {statistics.median(taken):.1f} s after its start (median of "
            f"{len(taken)}), at worst {max(taken):.1f} s"
        )


def main() -> int:
    """Print a line for each seed and what diverged; exit 1 where one did."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", default="0-9", help="first-last")
    parser.add_argument("--out", type=Path, help="JSON lines are added to this file")
    parser.add_argument("--folder", type=Path, help="for logs and tables; kept where one diverged")
    asked = parser.parse_args()
    first, _, last = asked.seeds.partition("-")
    seeds = [asked.seed] if asked.seed is not None else range(int(first), int(last or first) + 1)
    header("what is left after a storm is what a run without one leaves", seed=min(seeds))
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="cherryrec-chaos-"))
    results = []
    with LocalKafka(fetch_kafka(cache_dir()), folder / "kafka") as broker:
        for seed in seeds:
            servers = broker.bootstrap_servers
            result = storm(servers, seed, folder / str(seed), broker=broker)
            results.append(result)
            print(_described(result), flush=True)
            for name, said in result["diverged"].items():
                print(f"       {name}: {said}", flush=True)
            if asked.out is not None:
                with asked.out.open("a") as lines:
                    lines.write(json.dumps(result) + "\n")
            if not result["diverged"]:
                shutil.rmtree(folder / str(seed), ignore_errors=True)
    diverged = [result["seed"] for result in results if result["diverged"]]
    _recoveries(results)
    print(f"{len(results)} seeds, {len(diverged)} diverged: {diverged}; logs in {folder}")
    return 1 if diverged else 0


if __name__ == "__main__":
    sys.exit(main())
