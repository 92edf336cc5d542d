"""What a shown request teaches once it is labelled."""

from __future__ import annotations

import numpy as np

from cherryrec.contrasts import contrasts_of
from cherryrec.events import Example, instant
from cherryrec.open_requests import Frozen, OpenRequest

__all__ = ["example_of", "n_clicked"]


def n_clicked(entry: OpenRequest, frozen: Frozen) -> int:
    """Count the exposures of an example of this request that were clicked."""
    return len({*entry.exposed} & {*frozen.articles} & {*entry.clicked})


def example_of(
    entry: OpenRequest, frozen: Frozen, *, user_id: str, feature_set: str
) -> Example | None:
    """Label a shown request by its clicks; None where it was not shown or nothing was clicked.

    Its id names how many clicks it knows of: one that a later click corrects is another example,
    and the same labels sent again are the same.
    """
    place = {article: index for index, article in enumerate(frozen.articles)}
    shown = [article for article in entry.exposed if article in place]
    clicked = tuple(article in entry.clicked for article in shown)
    if not any(clicked) or entry.shown_s is None:
        return None
    kept = np.array([place[article] for article in shown], np.intp)
    contrasts = contrasts_of(frozen, shown, is_given=entry.is_given)
    return Example(
        example_id=f"{entry.request_id}:{sum(clicked)}",
        user_id=user_id,
        shown_at=instant(entry.shown_s),
        articles=tuple(shown),
        clicked=clicked,
        feature_set=feature_set,
        features=frozen.feature_array()[kept].tobytes(),
        metrics=frozen.metric_array()[kept].tobytes(),
        evaluator=entry.evaluator,
        temperature=entry.temperature,
        origin=entry.origin,
        signals=frozen.signal_array()[kept].tobytes(),
        scores=np.frombuffer(frozen.scores, "<f4")[kept].tobytes() if frozen.scores else b"",
        others=contrasts.others,
        rivals=contrasts.rivals,
    )
