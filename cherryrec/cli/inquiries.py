"""`cherryrec profile`, `what-if` and `why-not`: a running system asked about one reader."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

import click

from cherryrec.cli.answers import profile_lines, what_if_lines, why_not_lines
from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.codec import encode
from cherryrec.events import Inquiry, InquiryAnswer, InquiryKind, instant

__all__ = ["profile", "what_if", "why_not"]

_wait_option = click.option(
    "--wait", "wait_s", type=click.FloatRange(min=0.1), default=10.0, help="Seconds to wait."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as it came.")
_size_option = click.option(
    "--size", "slate_size", type=click.IntRange(1, 100), default=10, help="Places of the slate."
)
_exclude_option = click.option(
    "--exclude", multiple=True, metavar="ARTICLE", help="Leave an article out."
)
_history_option = click.option(
    "--history", metavar="A,B", help="As if just these had been read, the oldest first."
)
_without_option = click.option(
    "--without", multiple=True, metavar="PART", help="Leave out a part, as features:exposure."
)


@click.command()
@click.argument("user")
@click.option("--last", "n_history", type=click.IntRange(0, 1_000), default=10, help="Reads shown.")
@_wait_option
@_json_option
@with_settings
def profile(settings: Settings, user: str, n_history: int, wait_s: float, as_json: bool) -> None:
    """Say what is known of USER: interests, what the site says, the last reads, counts."""
    answer = _asked(settings, user, "profile", wait_s, n_history=n_history)
    _print(answer, profile_lines(answer), as_json=as_json)


@click.command()
@click.argument("user")
@_history_option
@_without_option
@_exclude_option
@_size_option
@_wait_option
@_json_option
@with_settings
def what_if(
    settings: Settings,
    user: str,
    history: str | None,
    without: tuple[str, ...],
    exclude: tuple[str, ...],
    slate_size: int,
    wait_s: float,
    as_json: bool,
) -> None:
    """Say what USER would be shown now, and with another history or without a part.

    Nothing is kept of it. Parts are those of `cherryrec replay --ablate`; a wrong one is answered
    with those there are.
    """
    changed = {"history": None if history is None else _ids(history), "without": without}
    conditions = {"exclude": exclude, "slate_size": slate_size}
    answer = _asked(settings, user, "what_if", wait_s, **changed, **conditions)
    _print(answer, what_if_lines(answer), as_json=as_json)


@click.command()
@click.argument("user")
@click.argument("article")
@_exclude_option
@_size_option
@_wait_option
@_json_option
@with_settings
def why_not(
    settings: Settings,
    user: str,
    article: str,
    exclude: tuple[str, ...],
    slate_size: int,
    wait_s: float,
    as_json: bool,
) -> None:
    """Say at which step ARTICLE falls out of the slate that USER would be shown now."""
    conditions = {"exclude": exclude, "slate_size": slate_size}
    answer = _asked(settings, user, "why_not", wait_s, article_id=article, **conditions)
    _print(answer, why_not_lines(answer), as_json=as_json)


def _asked(
    settings: Settings, user: str, kind: InquiryKind, wait_s: float, **fields: Any
) -> InquiryAnswer:
    from streams.inquiring import ask

    inquiry = Inquiry(
        inquiry_id=f"cli-{uuid.uuid4().hex}",
        user_id=user,
        asked_at=instant(time.time()),
        kind=kind,
        **fields,
    )
    return ask(settings.kafka, inquiry, wait_s=wait_s)


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _print(answer: InquiryAnswer, lines: Iterable[str], *, as_json: bool) -> None:
    for line in [encode(answer).decode()] if as_json else lines:
        click.echo("".join(c if c.isprintable() else " " for c in line))
