"""What schemathesis has to know of the gateway beside its document; it reads this as its hooks."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies as st

__all__ = ["map_body"]

_TIMES = st.builds(
    lambda year, day, hour, zone: f"{year}-03-{day:02}T{hour:02}:30:00{zone}",
    st.integers(1991, 2020),  # of any later one it may be said that it is to come
    st.integers(1, 28),
    st.integers(0, 23),
    st.sampled_from(("Z", "+01:00", "-05:30")),
)
schemathesis.openapi.format("date-time", _TIMES)


@schemathesis.hook
def map_body(_: Any, body: Any) -> Any:
    """Write 5.0 as 5, which JSON Schema calls an integer too, and a propensity an article."""
    if isinstance(body, dict):
        kept = {name: map_body(_, one) for name, one in body.items()}
        chances, articles = kept.get("propensities"), kept.get("articles")
        if (
            isinstance(chances, list)
            and isinstance(articles, list)
            and all(map(_is_chance, chances))
        ):
            kept["propensities"] = [0.5] * len(articles)
        return kept
    if isinstance(body, list):
        return [map_body(_, one) for one in body]
    if isinstance(body, float) and body.is_integer():
        return int(body)
    return body


def _is_chance(value: Any) -> bool:
    """Whether it may stand among propensities; what may not is left for the gateway to refuse."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 1.0
