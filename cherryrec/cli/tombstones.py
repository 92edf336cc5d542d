"""`cherryrec erase USER` and `cherryrec retract ARTICLE`: messages without a value."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ServiceError
from cherryrec.events import instant
from cherryrec.topics import retained_topics

if TYPE_CHECKING:
    from streams.config import KafkaConfig

__all__ = ["erase", "retract"]

_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.argument("user")
@_yes_option
@click.option("--verify", is_flag=True, help="Erase nothing: look for USER in every store.")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --verify, search this too: a stack's folder, a worker's data_dir, logs.",
)
@with_settings
def erase(
    settings: Settings, user: str, yes: bool, verify: bool, folders: tuple[Path, ...]
) -> None:
    """Erase USER: profile, open requests, last recommendation. Says what time alone can erase.

    With --verify, after an erasure: searches every topic of the prefix and the folders given by
    bytes, and reports what is left and until when; exit 1 if anything is left that time alone does
    not remove.
    """
    from streams.records import TopicWriter

    kafka = settings.kafka
    if verify:
        _verify(kafka, user, [*folders, *filter(Path.is_dir, [settings.stream.data_dir])])
        return
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


def _verify(kafka: KafkaConfig, user: str, folders: list[Path]) -> None:
    """Report where a user's id is left.

    Raises
    ------
    ServiceError
        Something is left that does not go by itself.
    """
    from cherryrec.cli.progress import progress_bar
    from streams.remains import N_STORES, pattern_of, remains_in_files, remains_on_topics

    pattern = pattern_of(user)
    with progress_bar("searching", N_STORES) as looked:
        found = list(remains_on_topics(kafka, pattern, looked))
    found += remains_in_files(folders, pattern, found.copy())
    for one in found:
        until = "does not go by itself"
        if one.until_s is not None:
            until = f"gone by {instant(one.until_s):%Y-%m-%d %H:%M} UTC"
        click.echo(f"{one.store}: {one.n:,}, {one.what}: {until}")
    searched = ", ".join(str(folder) for folder in folders) or "no folder (--folder)"
    click.echo(f"searched: {N_STORES} topics under {kafka.prefix!r}; {searched}")
    click.echo(
        "not searched, as they hold no id: weights of models, counters of articles, hashes of "
        "impressions and clicks, the gpu workers' scores; the marker of an erasure is a hash"
    )
    if left := sum(one.until_s is None for one in found):
        msg = (
            f"nothing of user {user!r} must be left but what goes by itself, {left} of "
            f"{len(found)} stores hold more: erase the user again if a line says `not erased`, "
            "else delete the file"
        )
        raise ServiceError(msg)
    click.echo(f"nothing of {user!r} is left but what is named above, with its time")


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
    for topic in retained_topics():
        until = (now + timedelta(seconds=topic.retention_s)).strftime("%Y-%m-%d %H:%M UTC")
        yield f"  events on {kafka.prefix}{topic.name}: until {until}"
    yield (
        "  earlier values on compacted topics and in the tables' changelogs: within a day, while a "
        "stream worker runs, as Kafka compacts them; --verify says where anything is left"
    )
    yield (
        "cannot be unlearned: what the models' weights and the articles' counters took from the "
        "user's impressions and clicks; it names no user, and fades as they go on learning"
    )
    yield "not stopped: events the site sends of this user from now on begin a new profile"
