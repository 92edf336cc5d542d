"""`python -m cherryrec.cli.supervise`: the background process that `cherryrec up` leaves."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from cherryrec.cli import main
from cherryrec.cli.options import cache_dir, with_settings
from cherryrec.cli.settings import Settings

__all__ = ["supervise"]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--workers", type=click.IntRange(1), default=1)
@click.option("--llm/--no-llm", default=False)
@click.option("--external-kafka", is_flag=True)
@with_settings
def supervise(
    settings: Settings, folder: Path, workers: int, llm: bool, external_kafka: bool
) -> None:
    """Start the stack in FOLDER and hold it until SIGTERM."""
    from streams.stack import StackSettings
    from streams.stack import supervise as hold

    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("aiokafka", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    hold(
        StackSettings(
            folder=folder,
            cache_dir=cache_dir(),
            kafka=settings.kafka,
            starts_kafka=not external_kafka,
            n_workers=workers,
            has_evaluator=llm,
        )
    )


if __name__ == "__main__":
    main(supervise)
