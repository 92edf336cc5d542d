"""`cherryrec explain REQUEST_ID`: why a recommendation is what it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.codec import decode
from cherryrec.errors import BadMessage, ModelError, ServiceError
from cherryrec.events import ArticlePublished, Recommendation
from cherryrec.topics import topic_named

if TYPE_CHECKING:
    from streams.config import KafkaConfig

__all__ = ["explain"]


@click.command()
@click.argument("request_id")
@click.option("--user", metavar="U", help="The user who asked: the search is quicker.")
@with_settings
def explain(settings: Settings, request_id: str, user: str | None) -> None:
    """Rebuild the exact score of every article of the slate that answered REQUEST_ID.

    Exit 1 if there is no such slate, or a score is not the sum of its contributions.
    """
    from cherryrec.cli.waterfall import plain_waterfall, rich_waterfall
    from cherryrec.pipeline.waterfall import TOLERANCE, difference

    slate = _found(settings.kafka, request_id, user)
    titles = titles_of(settings.kafka, {item.article_id for item in slate.slate})
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console(highlight=False)
        for part in rich_waterfall(slate, titles):
            console.print(part)
    else:
        for line in plain_waterfall(slate, titles):
            click.echo(line)
    wrong = [item.article_id for item in slate.slate if difference(item) > TOLERANCE]
    if wrong:
        msg = (
            f"contributions must sum to the score within {TOLERANCE:g}, they do not for "
            f"{', '.join(wrong)} of request {request_id!r}: the models that scored it are broken"
        )
        raise ModelError(msg)


def _found(kafka: KafkaConfig, request_id: str, user: str | None) -> Recommendation:
    """Find a recommendation on its topic; the last one, if it was answered twice."""
    import msgspec

    from streams.records import TopicReader

    topic = topic_named("recommendations")
    mark = msgspec.json.encode(request_id)
    found: Recommendation | None = None
    n_read = 0
    with TopicReader(kafka, topic.name) as reader:
        for record in reader.until_now():
            n_read += 1
            if record.value is None or mark not in record.value:
                continue
            if user is not None and record.key != user.encode():
                continue
            try:
                slate = decode(Recommendation, record.value, max_bytes=topic.max_message_bytes)
            except BadMessage:
                continue
            if slate.request_id == request_id:
                found = slate
    if found is None:
        of_user = f" of user {user!r}" if user is not None else ""
        msg = (
            f"no recommendation for request {request_id!r}{of_user} among the {n_read:,} on "
            f"{kafka.prefix}{topic.name}: they are kept for {topic.retention_s // 3_600} h, of "
            "each user perhaps only the newest; is the id right, and was the request answered?"
        )
        raise ServiceError(msg)
    return found


def titles_of(kafka: KafkaConfig, wanted: set[str]) -> dict[str, str]:
    """Return the titles of articles that are not retracted, from the `articles` topic."""
    from streams.records import TopicReader

    topic = topic_named("articles")
    keys = {article_id.encode(): article_id for article_id in wanted}
    titles: dict[str, str] = {}
    with TopicReader(kafka, topic.name) as reader:
        for record in reader.until_now():
            article_id = keys.get(record.key or b"")
            if article_id is None:
                continue
            titles.pop(article_id, None)
            if record.value is not None:
                try:
                    article = decode(
                        ArticlePublished, record.value, max_bytes=topic.max_message_bytes
                    )
                except BadMessage:
                    continue
                titles[article_id] = "".join(c if c.isprintable() else " " for c in article.title)
    return titles
