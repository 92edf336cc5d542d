"""`cherryrec kafka fetch|run`: Apache Kafka for machines without Docker."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from cherryrec.cli.options import cache_dir

__all__ = ["kafka"]


@click.group()
def kafka() -> None:
    """Fetch or run a local Apache Kafka, one node on loopback."""


@kafka.command()
def fetch() -> None:
    """Fetch Kafka's jars from Maven Central into the cache, once."""
    from streams.broker import fetch_kafka

    click.echo(f"Kafka's jars are in {fetch_kafka(cache_dir())}")


@kafka.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/kafka"),
    show_default=True,
    help="For data, settings and log.",
)
def run(folder: Path) -> None:
    """Run Kafka until Ctrl-C, on a free port."""
    from streams.broker import LocalKafka, fetch_kafka

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with LocalKafka(fetch_kafka(cache_dir()), folder) as broker:
        click.echo(f"bootstrap servers: {broker.bootstrap_servers} (log: {broker.log_file})")
        ended.wait()
