"""The reference: plain Faust as its manual shows it, doing nothing, or sending back what it gets.

A process of its own, so that it is measured as a worker is. Prints `ready` when its first rebalance
is over, and `done EVENTS_PER_SECOND` when it has seen `n` events, the first hundred apart.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from typing import Any

import faust

from streams.engine import raw_topic, run_worker

__all__ = ["reference_app"]

_N_WARM = 100


def reference_app(arguments: argparse.Namespace) -> Any:
    """Build the app: one agent a topic, concurrency 1, events taken one by one."""
    app = faust.App(
        arguments.group,
        broker=f"kafka://{arguments.bootstrap_servers}",
        store="memory://",
        datadir=arguments.data_dir,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        worker_redirect_stdouts=False,
    )
    target = raw_topic(app, arguments.echo) if arguments.echo else None
    seen, started = 0, 0.0

    async def work(stream: Any) -> None:
        nonlocal seen, started
        async for event in stream.events():
            if target is not None:
                await target.send(key=event.key, value=event.value)
            seen += 1
            if seen == _N_WARM:
                started = time.perf_counter()
            if seen == arguments.n:
                rate = (seen - _N_WARM) / (time.perf_counter() - started)
                print(f"done {rate:.1f}", flush=True)

    async def say_ready(*_: Any, **__: Any) -> None:
        print("ready", flush=True)

    app.on_rebalance_complete.connect(say_ready, weak=False)
    for topic in arguments.topics:
        app.agent(raw_topic(app, topic), name=f"reference-{topic}")(work)
    return app


def main() -> None:
    """Run the worker until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="+")
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--echo", help="topic to send every event to")
    parser.add_argument("--n", type=int, default=sys.maxsize)
    logging.basicConfig(level=logging.WARNING)
    sys.exit(run_worker(reference_app(parser.parse_args())))


if __name__ == "__main__":
    main()
