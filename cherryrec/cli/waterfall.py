"""The exact score of every article of a slate: contributions by size, and their sum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cherryrec.events import Recommendation, Recommended
from cherryrec.pipeline.waterfall import STAGES, TOLERANCE, difference, steps

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["plain_waterfall", "rich_waterfall"]


def plain_waterfall(slate: Recommendation, titles: Mapping[str, str]) -> Iterator[str]:
    """Yield the explanation as lines of plain text.

    Parameters
    ----------
    slate
        The recommendation.
    titles
        Article id → title; those without one are shown by their id alone.
    """
    yield from _head(slate)
    for item in slate.slate:
        yield ""
        yield _heading(item, titles)
        width = max((len(name) for name in item.contributions), default=0)
        for name, value, running in steps(item):
            yield f"    {name:{width}}  {value:+.9f}  = {running:+.9f}"
        yield f"    {_verdict(item)}"


def rich_waterfall(slate: Recommendation, titles: Mapping[str, str]) -> Iterator[RenderableType]:
    """Yield the same as tables for a terminal."""
    from rich.table import Table
    from rich.text import Text

    for line in _head(slate):
        yield Text(line)
    for item in slate.slate:
        yield Text(f"\n{_heading(item, titles)}", style="bold")
        table = Table()
        table.add_column("feature")
        for column in ("contribution", "so far"):
            table.add_column(column, justify="right")
        for name, value, running in steps(item):
            style = "green" if value > 0 else "red"
            table.add_row(name, Text(f"{value:+.6f}", style=style), f"{running:+.6f}")
        yield table
        yield Text(_verdict(item))


def _head(slate: Recommendation) -> Iterator[str]:
    """Say what holds for the whole slate."""
    yield f"request {slate.request_id} of user {slate.user_id}"
    yield f"requested at {slate.requested_at.isoformat()}, {len(slate.slate)} articles"
    yield f"ranked by: {STAGES[slate.stage] if slate.stage else 'what is popular'}"
    yield f"degraded: {slate.degraded or 'no'}"
    yield f"versions: {_pairs(slate.versions)}"
    timings = {name: f"{ms:.1f} ms" for name, ms in slate.timings_ms.items()}
    yield f"timings: {_pairs(timings)}"
    if slate.dropped:
        yield f"candidates that are in no catalogue: {', '.join(slate.dropped)}"


def _heading(item: Recommended, titles: Mapping[str, str]) -> str:
    title = titles.get(item.article_id)
    evaluation = "none" if item.evaluation is None else f"{item.evaluation:.4f}"
    return (
        f"{item.position + 1}. {item.article_id}{f' “{title}”' if title else ''}: "
        f"score {item.score:+.6f}, news value {item.news_value:.4f}, evaluation {evaluation}"
        f"{', on trial' if item.is_trial else ''}"
    )


def _verdict(item: Recommended) -> str:
    gap = difference(item)
    total = math.fsum(item.contributions.values())
    if gap <= TOLERANCE:
        return f"sum {total:+.9f} = score {item.score:+.9f} (within {TOLERANCE:g})"
    return f"sum {total:+.9f} IS NOT score {item.score:+.9f}: they differ by {gap:.3g}"


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items())) or "none"
