"""What a click tells everybody: what its reader had read before it."""

from __future__ import annotations

from cherryrec.events import Click, CoRead, seconds
from cherryrec.pipeline.effects import Send
from cherryrec.profile import Profile
from cherryrec.text import stable_hash

__all__ = ["co_reads_of"]


def co_reads_of(profile: Profile, click: Click, *, n_reads: int) -> list[Send]:
    """Say which reads a click came after, the newest first; it may be the reader's first.

    Parameters
    ----------
    profile
        The reader's, the click in it.
    click
        The click.
    n_reads
        How many reads, the newest first; above 0.
    """
    clicked_s = seconds(click.clicked_at)
    before = [
        visit.article_id
        for visit in reversed(profile.history)
        if visit.clicked_s <= clicked_s and visit.article_id != click.article_id
    ]
    pair = CoRead(
        event=stable_hash(click.event_id) >> 1,
        article_id=click.article_id,
        reads=tuple(before[:n_reads]),
        clicked_at=click.clicked_at,
    )
    return [Send("co-reads", click.article_id, pair)]
