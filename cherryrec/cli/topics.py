"""`cherryrec topics create|check`."""

from __future__ import annotations

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ServiceError

__all__ = ["topics"]


@click.group()
def topics() -> None:
    """Create the topics, or check that they are as they must be."""


@topics.command()
@with_settings
def create(settings: Settings) -> None:
    """Create the topics that are not there; leave the others as they are."""
    from streams.admin import create_topics

    created = create_topics(settings.kafka)
    for name in created:
        click.echo(f"created {name}")
    click.echo(f"{len(created)} topics created on {settings.kafka.bootstrap_servers}")


@topics.command()
@with_settings
def check(settings: Settings) -> None:
    """Name every topic setting that is not as it must be; exit 1 if there is one."""
    from streams.admin import check_topics

    mismatches = check_topics(settings.kafka)
    for mismatch in mismatches:
        click.echo(str(mismatch))
    if mismatches:
        msg = (
            f"{len(mismatches)} topic settings on {settings.kafka.bootstrap_servers} are not as "
            "they must be; missing topics: run `cherryrec topics create`"
        )
        raise ServiceError(msg)
    click.echo("all topics are as they must be")
