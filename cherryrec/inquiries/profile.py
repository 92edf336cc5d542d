"""A user's profile as an editor can read it: names and times, no vectors."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import Catalogue
from cherryrec.catalogue.interned import Interned
from cherryrec.events import Interest, ReadArticle, ReaderProfile, instant
from cherryrec.exposures import Exposures
from cherryrec.inquiries.subject import Subject
from cherryrec.open_requests import OpenRequests
from cherryrec.profile import PastClick, Profile
from cherryrec.profile.category_records import counts_of

__all__ = ["reader_profile"]

Floats = NDArray[np.float64]


def reader_profile(subject: Subject) -> ReaderProfile:
    """Return what is known of the user of an inquiry, its last `n_history` reads among it."""
    profile, requests, catalogue = subject.profile, subject.requests, subject.pipeline.catalogue
    reader, exposures = subject.reader(), requests.exposures
    newest = profile.history[::-1][: subject.inquiry.n_history]
    return ReaderProfile(
        is_known=profile != Profile() or requests != OpenRequests(),
        role=profile.role,
        fields=profile.fields,
        collections=profile.collections,
        categories=_interests(
            profile.categories, catalogue.categories, reader.category_lift, exposures
        ),
        subcategories=_interests(
            profile.subcategories, catalogue.subcategories, reader.subcategory_lift
        ),
        history=tuple(_read(past, catalogue) for past in newest),
        n_history=len(profile.history),
        n_clicks=profile.n_clicks,
        n_slates=exposures.n_slates,
        n_open=len(requests.entries),
        clicked_at=instant(profile.newest_s) if profile.newest_s else None,
        shown_at=instant(exposures.newest_s) if exposures.newest_s else None,
        updated_at=instant(profile.updated_s) if profile.updated_s else None,
    )


def _interests(
    packed: bytes, names: Interned, lifts: Floats, exposures: Exposures | None = None
) -> tuple[Interest, ...]:
    """Name what was read, most first; a name that the catalogue does not know is left out."""
    keys, reads = counts_of(packed)
    n_reads = dict(zip(keys.tolist(), reads.tolist(), strict=True))
    shown = exposures.category_records() if exposures is not None else ()
    labelled = {int(one["key"]): (float(one["clicks"]), float(one["expected"])) for one in shown}
    codes = {int(key): code for code, key in enumerate(names.all_keys[: len(names)]) if code}
    total = float(reads.sum())
    found = []
    for key in {**n_reads, **labelled}:
        if key not in codes:
            continue
        clicks, expected = labelled.get(key, (None, None))
        interest = Interest(
            name=names.name(codes[key]),
            n_reads=int(n_reads.get(key, 0.0)),
            share=n_reads.get(key, 0.0) / total if total else 0.0,
            lift=float(lifts[codes[key]]),
            n_clicks=clicks,
            n_expected=expected,
        )
        found.append(interest)
    return tuple(sorted(found, key=lambda one: (-one.n_reads, -(one.n_clicks or -inf), one.name)))


def _read(past: PastClick, catalogue: Catalogue) -> ReadArticle:
    row = catalogue.row_of.get(past.article_id)
    code = 0 if row is None else int(catalogue.category[row])
    return ReadArticle(
        article_id=past.article_id,
        category=catalogue.categories.name(code),
        clicked_at=instant(past.clicked_s) if past.clicked_s else None,
        dwell_s=past.dwell_s,
    )
