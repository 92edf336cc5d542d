"""Claim: a worker's tables come back at 1,000 readers a second or more.

Readers as in `user_state`, put into the changelogs of a real Kafka. A worker starts without files,
so that its tables are rebuilt from the changelogs, and again on the files it has left; from both
the time of a worker that has no readers to keep is taken off, what is left is the tables'. Then two
workers share the partitions and one is killed: how long requests of its readers go unanswered,
where the other has files of its partitions from before, and where it has none. Other sizes:
`python -m benchmarks.recovery 20000 1000000`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks._changelogs import fill_changelogs
from benchmarks._readers import Kept, Site, changelog_records, folded, reader_id
from benchmarks._report import header, verdict
from benchmarks._system import broker, fill, stream_worker, topics
from cherryrec.codec import decode, encode
from cherryrec.events import Recommendation
from cherryrec.topics import TopicNames
from streams.config import KafkaConfig
from streams.stack import Child

SEED = 0
SIZES = (50_000,)
N_FOLDED = 300
SESSION_S = 10.0
AT_LEAST_A_SECOND = 1_000.0


def started_s(kafka: KafkaConfig, tables: Path) -> float:
    """Measure how long a worker takes from its start until it is ready; end it again."""
    started = time.perf_counter()
    with stream_worker(kafka, tables):
        return time.perf_counter() - started


async def unanswered_s(
    kafka: KafkaConfig, site: Site, victim: Child, users: Sequence[str]
) -> float:
    """Kill a worker; return how long it takes until each of some readers has an answer."""
    names = TopicNames(kafka.prefix)
    consumer = AIOKafkaConsumer(
        names("recommendations"), bootstrap_servers=kafka.bootstrap_servers, fetch_max_wait_ms=50
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    await consumer.start()
    await producer.start()
    waiting = set(users)
    try:
        victim.kill()
        killed = time.perf_counter()
        for user in users:
            request = site.session(user, time.time()).request
            await producer.send(names("requests"), encode(request), key=user.encode())
        async with asyncio.timeout(300.0):
            async for record in consumer:
                waiting.discard(decode(Recommendation, record.value).user_id)
                if not waiting:
                    return time.perf_counter() - killed
    finally:
        await consumer.stop()
        await producer.stop()
    raise AssertionError


def takeover_s(kafka: KafkaConfig, site: Site, folder: Path, *, has_files: bool) -> float:
    """Measure how long readers of a killed worker wait for the one that is left.

    The one that started first had all partitions: it has files of those that the second took.
    """
    first, second = folder / "first", folder / "second"
    with (
        stream_worker(kafka, first, name="stream-0") as a,
        stream_worker(kafka, second, name="stream-1") as b,
    ):
        time.sleep(5.0)
        a.wait_ready(300.0)
        victim = b if has_files else a
        users = [reader_id(number) for number in range(64)]
        return asyncio.run(unanswered_s(kafka, site, victim, users))


def measure(servers: str, site: Site, kept: Sequence[Kept], n: int, folder: Path) -> float:
    """Print one size; return readers a second without files."""
    kafka = topics(servers, f"recovery-{n}.")
    fill(kafka, (("articles", a.article_id, a) for a in site.articles()))
    nothing = started_s(kafka, folder / "nothing")
    records = changelog_records(kept, range(n), n_partitions=kafka.partitions)
    n_bytes = fill_changelogs(kafka, records)
    without = started_s(kafka, folder / "tables")
    having = started_s(kafka, folder / "tables")
    rate = n / max(without - nothing, 1e-3)
    print(
        f"{n:,} readers, {n_bytes / 2**20:,.0f} MiB of changelog: ready after {nothing:.1f} s "
        f"without readers, {without:.1f} s without files, {having:.1f} s with them; "
        f"{rate:,.0f} readers a second",
        flush=True,
    )
    for has_files in (True, False):
        waited = takeover_s(kafka, site, folder / f"two-{has_files}", has_files=has_files)
        print(
            f"    a killed worker's readers wait {waited:.1f} s for the other "
            f"{'with' if has_files else 'without'} files, {SESSION_S:g} s of it the session",
            flush=True,
        )
    return rate


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit 1 where the claim does not hold."""
    sizes = [int(one) for one in arguments] or SIZES
    header(f"recovery of a worker of {', '.join(f'{n:,}' for n in sizes)} readers", seed=SEED)
    site = Site(seed=SEED)
    kept = folded(site, site.articles(), N_FOLDED)
    with broker() as servers, tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as name:
        rates = [measure(servers, site, kept, n, Path(name) / str(n)) for n in sizes]
    rate = rates[-1]
    return 0 if verdict("readers a second", rate, at_least=AT_LEAST_A_SECOND) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
