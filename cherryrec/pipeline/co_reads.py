"""What a click tells everybody: what its reader had read before it."""

from __future__ import annotations

from cherryrec.co_reads import CoReads, CoReadsConfig
from cherryrec.events import Click, CoRead, seconds
from cherryrec.pipeline.effects import Send
from cherryrec.profile import Profile
from cherryrec.text import stable_hash

__all__ = ["co_reads_of", "count_co_read"]


def co_reads_of(profile: Profile, click: Click, config: CoReadsConfig) -> list[Send]:
    """Say which reads a click came after, the newest first; it may be the reader's first.

    Parameters
    ----------
    profile
        The reader's, the click in it.
    click
        The click.
    config
        How many reads are told, the newest first, and how long a pause begins a session.
    """
    clicked_s = seconds(click.clicked_at)
    before = [
        past
        for past in reversed(profile.history)
        if past.clicked_s <= clicked_s and past.article_id != click.article_id
    ]
    pair = CoRead(
        event=stable_hash(click.event_id) >> 1,
        article_id=click.article_id,
        reads=tuple(past.article_id for past in before[: config.n_reads]),
        clicked_at=click.clicked_at,
        begins_session=not before or clicked_s - before[0].clicked_s > config.session_gap_s,
    )
    return [Send("co-reads", click.article_id, pair)]


def count_co_read(co_reads: CoReads, pair: CoRead) -> None:
    """Count a click into the pairs, whichever worker told of it."""
    co_reads.add(
        pair.event,
        pair.article_id,
        pair.reads,
        time_s=seconds(pair.clicked_at),
        begins_session=pair.begins_session,
    )
