"""A worker for the integration tests: counts events by key, as if each came once.

Run as a script with one JSON argument. Its state is `count last_offset`; what it does is told by
the events' values: `raise` fails the agent, `oversize` sends what no broker takes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from streams.engine import (
    EngineSettings,
    FastProducer,
    Gates,
    HealthServer,
    Metrics,
    Watchdog,
    create_faust_app,
    raw_topic,
    run_worker,
    state_table,
    take_batches,
)


def main() -> int:
    options = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    app = create_faust_app(
        EngineSettings(
            group=options["group"],
            bootstrap_servers=options["bootstrap_servers"],
            data_dir=Path(options["data_dir"]),
            partitions=options["partitions"],
            session_timeout_s=6.0,
            max_message_bytes=options.get("max_message_bytes", 17 << 20),
        )
    )
    source = options["topic"]
    producer = FastProducer(app)
    gates = Gates(tables="are being recovered")
    metrics = Metrics()

    async def show(partitions: frozenset[int]) -> None:
        state = {
            f"{partition}:{key.decode()}": value.decode()
            for partition in sorted(partitions)
            for key, value in table.items(partition)
        }
        gates.open("tables")
        print(json.dumps({"recovered": state}), flush=True)

    table = state_table(app, "counts", on_recovered=show)
    health = HealthServer(gates, metrics)
    watchdog = Watchdog(app, stall_s=options.get("stall_s", 60.0), metrics=metrics)

    @app.agent(raw_topic(app, source))
    async def count(stream: Any) -> None:
        print(json.dumps({"health": health.port}), flush=True)
        async for batch in take_batches(stream, max_events=options.get("max_events", 200)):
            for event in batch:
                message = event.message
                if message.value == b"raise":
                    msg = "told to"
                    raise RuntimeError(msg)
                if message.value == b"hang":
                    await asyncio.sleep(3600)
                if message.value == b"oversize":
                    await producer.send(source + "-out", key=b"k", value=b"x" * (2 << 20))
                    continue
                before = table.get(message.partition, message.key)
                n, last = map(int, before.split()) if before else (0, -1)
                if message.offset > last:
                    after = b"%d %d" % (n + 1, message.offset)
                    await table.put(message.partition, message.key, after)
                    metrics.count("source", "applied")
                else:
                    metrics.count("source", "duplicate")
                await producer.send(source + "-out", key=message.key, value=message.value)

    return run_worker(app, health, watchdog)


if __name__ == "__main__":
    sys.exit(main())
