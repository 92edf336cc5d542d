"""The feedback join: open requests + impressions + clicks → labelled examples.

`join` says whose an impression or a click is, `windows` when a request is labelled and when it
ends, `examples` what it teaches. A slate is labelled soon after it was shown, and again by each
click that comes later, as long as its window and the correction after it: models and slate evidence
learn of a click when it comes, and the counts end as they would in hindsight. An impression without
any click teaches a listwise learner nothing and makes no example.
"""

from __future__ import annotations

from cherryrec.feedback.config import FeedbackConfig
from cherryrec.feedback.examples import example_of, n_clicked
from cherryrec.feedback.join import (
    MAX_UNNAMED,
    entry_of,
    is_known,
    labelled,
    name_of,
    note_click,
    note_impression,
    note_opened,
    opened_with,
    settled,
    shown_by,
    without_request,
)
from cherryrec.feedback.windows import (
    UNSHOWN_S,
    ended,
    ends_s,
    is_correctable,
    labelled_s,
    last_s,
)

__all__ = [
    "MAX_UNNAMED",
    "UNSHOWN_S",
    "FeedbackConfig",
    "ended",
    "ends_s",
    "entry_of",
    "example_of",
    "is_correctable",
    "is_known",
    "labelled",
    "labelled_s",
    "last_s",
    "n_clicked",
    "name_of",
    "note_click",
    "note_impression",
    "note_opened",
    "opened_with",
    "settled",
    "shown_by",
    "without_request",
]
