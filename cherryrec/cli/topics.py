"""`cherryrec topics create|check`."""

from __future__ import annotations

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ServiceError

__all__ = ["topics"]


@click.group()
def topics() -> None:
    """Create the topics, check that they are as they must be, or repair their settings."""


@topics.command()
@with_settings
def create(settings: Settings) -> None:
    """Create the topics that are not there; leave the others as they are."""
    from streams.admin import check_topics, create_topics

    created = create_topics(settings.kafka)
    for name in created:
        click.echo(f"created {name}")
    click.echo(f"{len(created)} topics created on {settings.kafka.bootstrap_servers}")
    others = [one for one in check_topics(settings.kafka) if one.topic not in created]
    if others:
        click.echo(
            f"{len(others)} settings of topics that were there are not as they must be: "
            "`cherryrec topics check` names them, `cherryrec topics repair` sets them",
            err=True,
        )


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
            "they must be; missing topics: run `cherryrec topics create`, the rest: "
            "`cherryrec topics repair`"
        )
        raise ServiceError(msg)
    click.echo("all topics are as they must be")


@topics.command()
@with_settings
def repair(settings: Settings) -> None:
    """Set what is not as it must be on topics that are there; exit 1 if something is left.

    Settings alone are changed: no partition count, and nothing that makes Kafka delete records.
    """
    from streams.admin import repair_topics

    done, left = repair_topics(settings.kafka)
    for one in done:
        click.echo(f"{one.topic}: {one.setting} set to {one.wanted}, was {one.got}")
    click.echo(f"{len(done)} settings set on {settings.kafka.bootstrap_servers}")
    for one in left:
        click.echo(f"left: {one}")
    if left:
        msg = (
            f"{len(left)} things on {settings.kafka.bootstrap_servers} were left as they are: "
            "missing topics: run `cherryrec topics create`; a partition count needs a new prefix; "
            "what would delete records is to be set with Kafka's own tools"
        )
        raise ServiceError(msg)
