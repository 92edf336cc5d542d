"""Claim: a million readers take at most 0.8 GiB of a worker's disk, and its memory stays flat.

Readers are folded by the pipeline (`_readers`: 2,000 of them, 9 clicks each on average) and put
into the changelogs of a real Kafka, each state under as many other ids as there are to be readers:
clicking a million readers together takes days of a worker. A worker, as a site would start it,
builds its tables of them and works on sessions of them; what it writes to its changelogs is counted
by kind of event. Its files are measured when it has stopped, as it leaves them and compacted, its
memory after the first 100,000 readers (the first half of fewer) and after all. Another number of
readers: `python -m benchmarks.user_state 1000000`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import rocksdict

from benchmarks._changelogs import Weigher, fill_changelogs, keep_changelogs
from benchmarks._processes import memory_mib
from benchmarks._readers import Kept, Session, Site, changelog_records, folded, reader_id
from benchmarks._report import header, verdict
from benchmarks._system import Keyed, broker, counts, fill, stream_worker, topics
from streams.config import KafkaConfig
from streams.stack import Child

SEED = 0
N_READERS, N_FIRST = 100_000, 100_000
N_FOLDED = 2_000
N_SESSIONS = 1_500
SESSION_S = 900.0
GIB_A_MILLION, MEMORY_RATIO = 0.8, 1.1


def disk_bytes(folder: Path) -> int:
    """Sum up what the files of a folder take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def compact(tables: Path) -> None:
    """Have each partition's files merged, as RocksDB does by itself in time."""
    for current in sorted(tables.rglob("CURRENT")):
        folder = str(current.parent)
        options, columns = rocksdict.Options.load_latest(folder)
        db = rocksdict.Rdict(folder, options, columns)
        db.compact_range(None, None)
        db.close()


def work(kafka: KafkaConfig, child: Child, sessions: Sequence[Session]) -> dict[str, float]:
    """Have a worker take sessions, one kind of event after the other; return the bytes of each."""
    phases: dict[str, list[Keyed]] = {
        "requests": [("requests", one.request.user_id, one.request) for one in sessions],
        "impressions": [("impressions", one.request.user_id, one.impression) for one in sessions],
        "clicks": [("clicks", c.user_id, c) for one in sessions for c in one.clicks],
    }
    weigher, written = Weigher(kafka), {}
    for name, events in phases.items():
        before = counts(child, [name])
        fill(kafka, events)
        while counts(child, [name]) < before + len(events):
            time.sleep(0.1)
        time.sleep(1.0)
        written[name] = weigher.bytes_since() / len(events)
    weigher.close()
    return written


def measure(
    kafka: KafkaConfig, folder: Path, sessions: Sequence[Session]
) -> tuple[float, dict[str, float]]:
    """Have a worker build its tables and work; return its memory and what it wrote an event."""
    with stream_worker(kafka, folder) as child:
        written = work(kafka, child, sessions)
        return memory_mib(child.process.pid), written


def main(arguments: Sequence[str]) -> int:
    """Print the figures; exit 1 where the claim does not hold."""
    n_readers = int(arguments[0]) if arguments else N_READERS
    header(f"what {n_readers:,} readers take, folded of {N_FOLDED:,}", seed=SEED)
    site = Site(seed=SEED)
    articles = list(site.articles())
    kept = folded(site, articles, N_FOLDED)
    print(f"a reader as stored: {sizes(kept)}", flush=True)
    memories = []
    with broker() as servers, tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as name:
        kafka, folder = topics(servers, "users."), Path(name)
        keep_changelogs(kafka)
        fill(kafka, (("articles", a.article_id, a) for a in articles))
        first = 0
        for n in (min(N_FIRST, n_readers // 2), n_readers):
            records = changelog_records(kept, range(first, n), n_partitions=kafka.partitions)
            fill_changelogs(kafka, records)
            first, tables = n, folder / f"tables-{n}"
            memory, written = measure(kafka, tables, drawn(site, n))
            memories.append(memory)
            left = disk_bytes(tables)
            compact(tables)
            gib = disk_bytes(tables) / n * 1e6 / 2**30
            print(
                f"{n:,} readers: {gib:.3f} GiB a million of them, {left / n * 1e6 / 2**30:.3f} "
                f"before compaction; memory {memory:,.0f} MiB",
                flush=True,
            )
            told = ", ".join(f"{value:,.0f} of {what}" for what, value in written.items())
            print(f"    changelog bytes an event: {told}", flush=True)
    holds = verdict("GiB of a million readers", gib, most=GIB_A_MILLION)
    ratio = memories[1] / memories[0]
    return (
        0 if verdict("memory over that after the first", ratio, most=MEMORY_RATIO) and holds else 1
    )


def drawn(site: Site, n_readers: int) -> list[Session]:
    """Draw sessions of the last minutes, their clicks not ahead of now, by readers of all."""
    step, start_s = max(n_readers // N_SESSIONS, 1), time.time() - SESSION_S
    return [
        site.session(reader_id(k * step % n_readers), start_s + 0.01 * k) for k in range(N_SESSIONS)
    ]


def sizes(kept: Sequence[Kept]) -> str:
    """Say what is kept of a reader on average, in bytes, before it is compressed."""
    profiles = sum(len(one.profile or b"") for one in kept) / len(kept)
    requests = sum(len(one.requests or b"") for one in kept) / len(kept)
    frozen = sum(len(value) for one in kept for _, value in one.frozen) / len(kept)
    return (
        f"{profiles:,.0f} bytes of profile, {requests:,.0f} of open requests and exposures, "
        f"{frozen:,.0f} of what is frozen"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
