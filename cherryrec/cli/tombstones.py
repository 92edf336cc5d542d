"""`cherryrec erase USER` and `cherryrec retract ARTICLE`: messages without a value."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.events import instant
from cherryrec.topics import TOPICS, Topic

if TYPE_CHECKING:
    from streams.config import KafkaConfig

__all__ = ["erase", "retract"]

_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.argument("user")
@_yes_option
@with_settings
def erase(settings: Settings, user: str, yes: bool) -> None:
    """Erase USER: profile, open requests, last recommendation. Says what time alone can erase."""
    from streams.records import TopicWriter

    kafka = settings.kafka
    place = f"{kafka.prefix}* on {kafka.bootstrap_servers}"
    if not yes:
        click.confirm(f"erase user {user!r} from {place}? This cannot be undone", abort=True)
    n_slates = _n_values(kafka, "recommendations", user)
    with TopicWriter(kafka, "profile-updates") as writer:
        writer.tombstone(user)
    click.echo(
        f"erased: profile and open requests of {user!r}, by a tombstone on "
        f"{kafka.prefix}profile-updates that the stream workers follow at once"
    )
    if n_slates:
        with TopicWriter(kafka, "recommendations") as writer:
            writer.tombstone(user)
        click.echo(
            f"erased: {n_slates:,} recommendation{'s' if n_slates > 1 else ''}, by a tombstone on "
            f"{kafka.prefix}recommendations"
        )
    else:
        click.echo(f"nothing of the user on {kafka.prefix}recommendations")
    for line in _remains(kafka):
        click.echo(line)


@click.command()
@click.argument("article")
@_yes_option
@with_settings
def retract(settings: Settings, article: str, yes: bool) -> None:
    """Take ARTICLE out of every later slate. Publishing it again brings it back."""
    from cherryrec.cli.explain import titles_of
    from streams.records import TopicWriter

    kafka = settings.kafka
    if not yes:
        title = titles_of(kafka, {article}).get(article)
        named = f"{article!r} “{title}”" if title else f"{article!r}, which is not published,"
        click.confirm(f"retract article {named} on {kafka.bootstrap_servers}?", abort=True)
    with TopicWriter(kafka, "articles") as writer:
        writer.tombstone(article)
    click.echo(
        f"retracted: {article!r}, by a tombstone on {kafka.prefix}articles; it is in no slate that "
        "is made from now on. Slates that were sent already still name it"
    )


def _n_values(kafka: KafkaConfig, topic: str, user: str) -> int:
    """Count the values of a user on a topic that no tombstone follows."""
    from streams.records import TopicReader

    n = 0
    with TopicReader(kafka, topic) as reader:
        for record in reader.until_now():
            if record.key == user.encode():
                n = 0 if record.value is None else n + 1
    return n


def _remains(kafka: KafkaConfig) -> Iterator[str]:
    """Say what a tombstone does not erase, and until when it is there."""
    now = instant(time.time())
    yield "not erased, but gone by themselves (Kafka deletes whole segments, so somewhat later):"
    for topic in _retained():
        until = (now + timedelta(seconds=topic.retention_s)).strftime("%Y-%m-%d %H:%M UTC")
        yield f"  events on {kafka.prefix}{topic.name}: until {until}"
    yield (
        "  earlier values on compacted topics and in the tables' changelogs: about a day, until "
        "Kafka's log cleaner has passed"
    )
    yield (
        "cannot be unlearned: what the models' weights and the articles' counters took from the "
        "user's impressions and clicks; it names no user, and fades as they go on learning"
    )
    yield "not stopped: events the site sends of this user from now on begin a new profile"


def _retained() -> list[Topic]:
    """Return the topics that hold events of users for a time, whatever is erased."""
    return [topic for topic in TOPICS if topic.cleanup == "delete" and topic.key != "partition"]
