"""`python -m cherryrec.cli.supervise`: the background process that `cherryrec up` leaves."""

from __future__ import annotations

import logging
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli import main
from cherryrec.cli.options import cache_dir, with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import CherryRecError

if TYPE_CHECKING:
    from streams.config import KafkaConfig

__all__ = ["supervise"]

logger = logging.getLogger(__name__)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--workers", type=click.IntRange(1), default=1)
@click.option("--llm/--no-llm", default=False)
@click.option("--external-kafka", is_flag=True)
@click.option("--demo", is_flag=True)
@click.option("--page-port", type=int)
@with_settings
def supervise(
    settings: Settings,
    folder: Path,
    workers: int,
    llm: bool,
    external_kafka: bool,
    demo: bool,
    page_port: int | None,
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
            gateway_port=page_port,
            is_demo=demo,
        ),
        beside=partial(_news, folder, settings) if demo else None,
    )


def _news(folder: Path, settings: Settings, kafka: KafkaConfig, ending: threading.Event) -> None:
    """Fill a stack with generated news, then let readers come and read."""
    from kafka.errors import KafkaError

    from cherryrec.cli.demo_news import DemoNews

    now_s = time.time()
    news = DemoNews(folder / "news", n_users=200, n_impressions=600, seed=0, now_s=now_s)
    try:
        news.backfill(
            kafka,
            attribution_window_s=settings.core.feedback.attribution_window_s,
            now_s=now_s,
        )
    except (CherryRecError, KafkaError, OSError) as error:
        logger.warning("the news before now is not all there: %s", error)
    logger.info("readers come and read until the stack ends")
    news.go_on(kafka, ending)


if __name__ == "__main__":
    main(supervise)
