"""The features VaNS sees, in order, and the name of that order.

A feature's meaning never changes under a name: a new meaning is a new name, a changed list is a
new `FEATURE_SET`. Snapshots carry the names of theirs: what they and examples of another set have
in common with this one is taken by name.
"""

from __future__ import annotations

from zlib import crc32

from cherryrec.slates import EVIDENCE as SLATE

__all__ = [
    "CONTEXT",
    "EVALUATION",
    "FEATURES",
    "FEATURE_SET",
    "GATED",
    "GATING",
    "HALF_LIVES_S",
    "column",
]

HALF_LIVES_S = (600.0, 3_600.0, 21_600.0, 86_400.0)
"""The half-lives of attention that the features are named after, in seconds."""

KNRS = ("news_value", "relevance", "credibility", "timeliness", "attention", "novelty")
READING = (
    "text_interest",
    "text_recent_30",
    "text_recent_5",
    "text_last",
    "text_nearest",
    "category_lift",
    "category_lift_5",
    "category_share",
    "category_share_5",
    "subcategory_lift",
    "subcategory_lift_5",
    "subcategory_share",
    "subcategory_share_5",
    "category_last",
    "entity_overlap",
    "is_named",
    "times_read",
    "text_top_3",
    "text_words",
    "token_recent_30",
    "token_recent_5",
    "token_last",
    "token_nearest",
    "token_top_3",
    "category_lift_ever",
    "subcategory_lift_ever",
    "subcategory_lift_most",
    "category_preference",
)
EXPOSURE = ("seen_times", "seen_clicks", "seen_lately", "seen_today", "seen_in_last")
ATTENTION = (
    "ctr_10m",
    "ctr_1h",
    "ctr_6h",
    "ctr_24h",
    "ctr_all",
    "views_10m",
    "views_1h",
    "views_6h",
    "views_24h",
    "clicks_10m",
    "clicks_1h",
    "clicks_6h",
    "clicks_24h",
    "click_velocity",
    "view_velocity",
    "ctr_velocity",
    "readers",
    "category_ctr_1h",
    "category_ctr_24h",
    "category_clicks_24h",
)
ARTICLE = ("age", "is_first_shown")
GATING = (
    "evaluation_if_0",
    "evaluation_if_1_5",
    "evaluation_if_6_20",
    "evaluation_if_over_20",
)
EVALUATION = ("evaluation", "has_evaluation", "evaluation_logit", *GATING)
CONTEXT = (
    "context_history",
    "context_slate",
    "context_shown",
    "context_idle",
    "context_day_sin",
    "context_day_cos",
)

FEATURES: tuple[str, ...] = (
    *KNRS,
    *READING,
    *EXPOSURE,
    *ATTENTION,
    *SLATE,
    *ARTICLE,
    *EVALUATION,
    *CONTEXT,
)
"""Column names of a feature matrix, in order. See docs/features.md for each one's definition."""

FEATURE_SET = f"v2-{len(FEATURES)}-{crc32(','.join(FEATURES).encode()):08x}"
"""Names this order of columns."""

GATED = frozenset({"evaluation_logit", *GATING})
"""Columns that are 0 in all slates but those they are for."""

_COLUMN = {name: index for index, name in enumerate(FEATURES)}


def column(name: str) -> int:
    """Return the column of a feature.

    Examples
    --------
    >>> column("news_value")
    0
    """
    return _COLUMN[name]
