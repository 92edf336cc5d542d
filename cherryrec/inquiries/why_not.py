"""Where one article fell out of a slate: asked of the selection and the ranking themselves."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.events import (
    OTHERS,
    Compared,
    Fate,
    Recommended,
    Standing,
    WhyNot,
    instant,
    seconds,
)
from cherryrec.inquiries.subject import Subject
from cherryrec.inquiries.words import in_words
from cherryrec.knrs import SIGNALS, Considered, Place
from cherryrec.pipeline import Preview
from cherryrec.pipeline.explanation import EVERY

__all__ = ["N_COMPARED", "why_not"]

N_COMPARED = 12
"""Reasons that are named of each standing: those that differ most."""

_LEAST = 1e-12


def why_not(subject: Subject) -> tuple[WhyNot, Preview]:
    """Return where the article of an inquiry fell out, and the answer that it fell out of.

    Raises
    ------
    BadMessage
        A part to be left out has no such name.
    """
    seen: list[Considered] = []
    got = subject.preview(is_changed=subject.is_changed, observe=seen.append)
    considered = seen[0] if seen else None
    assert subject.inquiry.article_id is not None, "an inquiry of this kind names an article"
    article_id = subject.inquiry.article_id
    if article_id in got.kept:
        found = _ranked(article_id, got, subject, considered)
    else:
        found = _fallen(article_id, subject, considered)
    sentence = in_words(
        found,
        now=seconds(subject.request.requested_at),
        max_age_s=subject.pipeline.catalogue.config.max_age_s,
        is_other_history=subject.history is not None,
    )
    return msgspec.structs.replace(found, sentence=sentence), got


def _fallen(article_id: str, subject: Subject, considered: Considered | None) -> WhyNot:
    """Say where an article fell out before the ranking."""
    catalogue, now = subject.pipeline.catalogue, seconds(subject.request.requested_at)
    row = catalogue.row_of.get(article_id)

    def fell(fate: Fate, at_s: float | None = None) -> WhyNot:
        at = None if at_s is None or not at_s > 0.0 else instant(at_s)
        return WhyNot(article_id=article_id, fate=fate, sentence="", at=at)

    until_s = catalogue.embargo.until_s(article_id)
    if until_s is not None:
        return fell("embargoed", until_s)
    if row is None:
        return fell("unknown")
    if catalogue.retracted[row]:
        return fell("retracted")
    is_excluded = article_id in subject.request.exclude
    if considered is None:  # given candidates all go on, but for those left out
        return fell("excluded" if is_excluded else "not_a_candidate")
    if not _holds(considered.live, row):
        if not catalogue.alive[row]:
            return fell("not_published")
        born = float(catalogue.born(np.array([row]))[0])
        return fell("too_old", born) if now - born > 0.0 else fell("not_published")
    place = considered.place(row)
    if place is None:
        if is_excluded:
            return fell("excluded")
        if subject.history is not None:
            return fell("read")
        past_clicks = subject.profile.history
        return fell("read", max(p.clicked_s for p in past_clicks if p.article_id == article_id))
    return _with_place(fell("not_kept"), place, considered)


def _ranked(
    article_id: str, got: Preview, subject: Subject, considered: Considered | None
) -> WhyNot:
    """Say where an article stands that was kept, or given."""
    catalogue, slate = subject.pipeline.catalogue, got.recommendation.slate
    whole = got.whole(EVERY).slate
    at = next(item.position for item in whole if item.article_id == article_id)
    shown = next((item for item in slate if item.article_id == article_id), None)
    n_places = min(subject.request.slate_size, len(whole))
    # Beside the last one that goes on; one that goes on itself, beside the first that does not.
    beside = whole[min(n_places - 1 if at >= n_places else n_places, len(whole) - 1)]
    ranked = Standing(
        rank=at + 1,
        n=len(whole),
        n_places=n_places,
        value=whole[at].score,
        other_id=beside.article_id if beside is not whole[at] else None,
        other_value=beside.score if beside is not whole[at] else None,
        compared=_contributions(whole[at], beside),
    )
    fate: Fate = "in_slate" if shown else "outranked" if at >= n_places else "displaced"
    found = WhyNot(
        article_id=article_id,
        fate=fate,
        sentence="",
        source=whole[at].source,
        ranked=ranked,
        position=shown.position if shown else None,
    )
    place = considered and considered.place(catalogue.row_of[article_id])
    return _with_place(found, place, considered) if considered and place else found


def _with_place(found: WhyNot, place: Place, considered: Considered) -> WhyNot:
    """Say where an article stood among those that KnRS looked at."""
    differences = place.differences
    apart = place.signals[0] - place.signals[1]
    sizes = np.abs(apart if differences is None else differences)
    names = [signal.name for signal in SIGNALS]
    first = [k for k in np.argsort(-sizes, kind="stable")[:N_COMPARED].tolist() if sizes[k]]
    compared = tuple(
        Compared(
            name=names[k],
            own=float(place.signals[0, k]),
            other=float(place.signals[1, k]),
            difference=None if differences is None else float(differences[k]),
        )
        for k in first
    )
    other = None if place.other is None else considered.chooser.catalogue.ids[place.other]
    kept = Standing(
        rank=place.rank,
        n=len(considered.rows),
        n_places=considered.n_own,
        value=float(place.strengths[0]),
        other_id=other,
        other_value=None if other is None else float(place.strengths[1]),
        compared=compared,
    )
    return msgspec.structs.replace(
        found,
        kept=kept,
        is_within_reach=place.is_within_reach,
        n_reserved=len(considered.kept) - considered.n_own,
    )


def _contributions(own: Recommended, other: Recommended) -> tuple[Compared, ...]:
    """Compare all contributions of two articles of one ranking."""
    names = dict.fromkeys((*own.contributions, *other.contributions))
    compared = []
    for name in names:
        pair = own.contributions.get(name, 0.0), other.contributions.get(name, 0.0)
        if name == OTHERS and max(map(abs, pair)) < _LEAST:  # all are named: a rounding
            continue
        compared.append(
            Compared(name=name, own=pair[0], other=pair[1], difference=pair[0] - pair[1])
        )
    largest = sorted(compared, key=lambda one: (-abs(one.difference or 0.0), one.name))
    return tuple(one for one in largest[:N_COMPARED] if one.difference)


def _holds(rows: NDArray[np.intp], row: int) -> bool:
    """Whether a row is among rows that rise."""
    at = int(np.searchsorted(rows, row))
    return at < len(rows) and bool(rows[at] == row)
