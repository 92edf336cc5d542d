"""What workers refuse is no part of a log: its rows pass the codec before either engine runs.

Without that a row would rank in one process and be a dead letter through Kafka, and the two engines
would judge different logs.
"""

from __future__ import annotations

from dataclasses import replace

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.evaluation.replay.messages import (
    article_of,
    clicks_of,
    impression_of,
    profile_of,
    request_of,
)
from cherryrec.events import Event, instant

__all__ = ["check_article", "check_impression"]

_AT_ONCE = 1_000
"""What one import holds; the articles of the whole history are sent, whatever is imported."""


def check_article(article: MindArticle) -> None:
    """Refuse an article whose message workers would refuse.

    Raises
    ------
    ValueError
        With the codec's reason.

    Examples
    --------
    >>> check_article(  # doctest: +ELLIPSIS
    ...     MindArticle("N1", "news" * 100, None, "", "", "", ())
    ... )
    Traceback (most recent call last):
    ...
    ValueError: ArticlePublished refused by the codec: Expected `str` of length <= 256 ...
    """
    _check(article_of(article))


def check_impression(row: MindImpression) -> None:
    """Refuse a row of which workers would refuse a message: its request, slate, history or clicks.

    Raises
    ------
    ValueError
        With the codec's reason.

    Examples
    --------
    >>> check_impression(  # doctest: +ELLIPSIS
    ...     MindImpression("1", "U" * 300, 1.6e9, (), ("N1",), None)
    ... )
    Traceback (most recent call last):
    ...
    ValueError: RecommendationRequest refused by the codec: Expected `str` of length <= 256 ...
    """
    time = instant(row.shown_at)
    _check(request_of(row, time))
    _check(impression_of(row, time))
    for first in range(0, len(row.history), _AT_ONCE):
        _check(profile_of(replace(row, history=row.history[first : first + _AT_ONCE]), time))
    for click in clicks_of(row, time):
        _check(click)


def _check(event: Event) -> None:
    """Encode and decode a message."""
    try:
        decode(type(event), encode(event))
    except (BadMessage, UnicodeEncodeError, ValueError) as error:
        message = f"{type(event).__name__} refused by the codec: {error}"
        raise ValueError(message) from error
