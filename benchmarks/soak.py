"""Claim: hours of traffic with workers killed leave no request unanswered and no process larger.

A real Kafka, two stream workers and a learner, as `cherryrec up` starts them, its keeper starting
again what is killed with SIGKILL. Readers ask, see slates and click them, beside the site's own
slates. Told are unanswered requests and those answered twice, the milliseconds to an answer apart
from the seconds around a kill, and what every process holds, by quarter.

    python -m benchmarks.soak                   ten minutes, with all other benchmarks
    python -m benchmarks.soak --minutes 120 --requests 100 --events 500 --kill-every 600
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks._report import header, verdict
from benchmarks._soak.load import Load
from benchmarks._soak.readers import Readers
from benchmarks._soak.table import Table
from benchmarks._soak.watch import Watch
from cherryrec.cli.options import cache_dir
from streams.stack import LocalStack, StackSettings

SEED = 0
N_WORKERS = 2
GIVE_UP_S = 120.0
FLAT = 1.1
SLOWER = 1.5
BEHIND_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long, how much, and who is killed how often (seconds); `seed` is of all that is drawn."""

    minutes: float = 10.0
    requests_per_s: float = 20.0
    events_per_s: float = 80.0
    kill_every_s: float = 120.0
    killed: tuple[str, ...] = ("stream-1",)
    sample_every_s: float = 5.0
    n_readers: int = 5_000
    seed: int = SEED


async def soak(stack: LocalStack, plan: Plan, note: Callable[[str], None] = print) -> Table:
    """Send to a stack that runs, kill its workers, look at its processes; return what was seen."""
    readers = Readers(n_readers=plan.n_readers, seed=plan.seed)
    load = Load(
        stack.kafka,
        readers,
        requests_per_s=plan.requests_per_s,
        events_per_s=plan.events_per_s,
    )
    watch = Watch(
        stack,
        lambda: load.passed_s,
        killed=plan.killed,
        kill_every_s=plan.kill_every_s,
        sample_every_s=plan.sample_every_s,
    )
    lasts_s = 60.0 * plan.minutes
    table = Table(load, watch, lasts_s)
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(watch.look()), tasks.create_task(table.tell(note))]
        killing = tasks.create_task(watch.kill(lasts_s))
        await load.run(lasts_s, give_up_s=GIVE_UP_S)
        await killing
        for task in beside:
            task.cancel()
    return table


def verdicts(table: Table) -> bool:
    """Print what holds; return whether all does."""
    first, *_, last = table.quarters()
    load, watch = table.load, table.watch
    n_restarts = sum(watch.restarts.values())
    back_s = sorted(kill.ready_s - kill.at_s for kill in watch.kills)
    print("\n".join(["", *table.lines(), ""]))
    print(
        f"{load.n_requests:,} requests and {load.n_events:,} events, {len(watch.kills)} kills, "
        f"ready again after {', '.join(f'{taken:.0f}' for taken in back_s)} s; "
        f"{load.n_answered_again:,} requests were answered again"
    )
    for failure in load.failures[:3]:
        print(f"a message was not sent: {failure}")
    holds = [
        verdict("requests without an answer", load.n_unanswered, most=0),
        verdict("messages that were not sent", len(load.failures), most=0),
        verdict("dead letters", table.n_dead, most=0),
        verdict("restarts beyond the kills", n_restarts - len(watch.kills), most=0),
    ]
    examples_per_s = max(table.n_learned / table.lasts_s, 1e-9)
    holds.append(
        verdict("seconds the learner is behind", last.n_behind / examples_per_s, most=BEHIND_S)
    )
    for name, grown in table.growth().items():
        for what, ratio in grown.items():
            if name != "kafka":
                holds.append(verdict(f"{what} of {name}, last quarter / first", ratio, most=FLAT))
    for n, percentile in enumerate(("p50", "p99")):
        ratio = last.calm_ms[n] / first.calm_ms[n]
        holds.append(verdict(f"calm {percentile}, last quarter / first", ratio, most=SLOWER))
    return all(holds)


def main() -> int:
    """Print a line each minute and the table by quarter; exit 1 where the claim does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    whole = Plan()
    parser.add_argument("--minutes", type=float, default=whole.minutes)
    parser.add_argument("--requests", type=float, default=whole.requests_per_s, help="a second")
    parser.add_argument("--events", type=float, default=whole.events_per_s, help="a second")
    parser.add_argument("--kill-every", type=float, default=whole.kill_every_s, help="seconds")
    parser.add_argument(
        "--kill", action="append", help="a part that is killed, in turns; default stream-1"
    )
    parser.add_argument("--readers", type=int, default=whole.n_readers)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, help="for logs and tables; kept if it does not hold")
    asked = parser.parse_args()
    plan = Plan(
        minutes=asked.minutes,
        requests_per_s=asked.requests,
        events_per_s=asked.events,
        kill_every_s=asked.kill_every,
        killed=tuple(asked.kill or whole.killed),
        n_readers=asked.readers,
        seed=asked.seed,
    )
    header(
        f"{plan.minutes:g} minutes of {plan.requests_per_s:g} requests/s and "
        f"{plan.events_per_s:g} events/s, {' and '.join(plan.killed)} killed every "
        f"{plan.kill_every_s:g} s",
        seed=plan.seed,
    )
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="cherryrec-soak-"))
    settings = StackSettings(folder=folder, cache_dir=cache_dir(), n_workers=N_WORKERS)
    with LocalStack(settings, note=_note) as stack:
        table = asyncio.run(soak(stack, plan, _note))
    if not verdicts(table):
        print(f"logs and tables are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _note(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
