"""A reader's slates beside another ranking's, as a page and a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cherryrec.evaluation.leave_last_out.case_study import (
    Moments,
    category_spread,
    repetitions,
    title_distance,
)
from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut
from cherryrec.evaluation.markdown import escaped
from cherryrec.evaluation.plots import OTHERS, OURS, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["case_page", "draw_case"]


def case_page(
    data: LeaveLastOut, moments: Moments, *, name: str, other: str, notes: Sequence[str]
) -> str:
    """Return the page in Markdown.

    Parameters
    ----------
    data
        Titles and categories.
    moments
        In the order of time; one at least.
    name, other
        Of the system, and of the ranking beside it.
    notes
        How it came about, a sentence each.
    """
    return "\n".join(_lines(data, moments, name, other, notes)) + "\n"


def _lines(
    data: LeaveLastOut, moments: Moments, name: str, other: str, notes: Sequence[str]
) -> Iterator[str]:
    yield f"# One reader: {name} and {other} over time"
    yield ""
    yield from (f"- {note}" for note in notes)
    yield ""
    yield f"|  | {name} | {other} |"
    yield "|---|---:|---:|"
    ours, theirs = ([getattr(one, of) for one in moments] for of in ("ours", "other"))
    clicked = [one.clicked for one in moments]
    n = len(moments)
    hits = [
        f"{sum(code in slate for code, slate in zip(clicked, slates, strict=True))} of {n}"
        for slates in (ours, theirs)
    ]
    rows = {"slates that hold what was read then": hits}
    measures: dict[str, Callable[[list[tuple[int, ...]]], list[float]]] = {
        "repetition: share that stood on the slate before": repetitions,
        "pairs of two categories": lambda slates: [category_spread(data, one) for one in slates],
        "mean distance of two titles": lambda slates: [title_distance(data, one) for one in slates],
    }
    for what, measure in measures.items():
        rows[what] = [f"{_mean(measure(slates)):.2f}" for slates in (ours, theirs)]
    for what, shown in rows.items():
        yield f"| {what} | {shown[0]} | {shown[1]} |"
    yield ""
    yield "![Repetition and categories over the reader's clicks](case-study.png)"
    for one in moments:
        time = datetime.fromtimestamp(one.time_s, tz=UTC)
        yield ""
        yield f"## {time:%Y-%m-%d %H:%M:%S} UTC: {_title(data, one.clicked)}"
        yield ""
        yield f"| {name} | {other} |"
        yield "|---|---|"
        for place in range(max(len(one.ours), len(one.other))):
            cells = [
                _cell(data, slate[place], one.clicked) if place < len(slate) else ""
                for slate in (one.ours, one.other)
            ]
            yield f"| {cells[0]} | {cells[1]} |"


def draw_case(data: LeaveLastOut, moments: Moments, *, name: str, other: str, path: Path) -> None:
    """Draw repetition and the spread of categories at each of the moments."""
    at = np.arange(1, len(moments) + 1)

    def draw(axes: Axes) -> None:
        for of, title, colour in (("ours", name, OURS), ("other", other, OTHERS[0])):
            slates = [getattr(one, of) for one in moments]
            axes.plot(at[1:], repetitions(slates), "o-", color=colour, label=f"{title}, repetition")
            spread = [category_spread(data, slate) for slate in slates]
            axes.plot(at, spread, "s--", color=colour, label=f"{title}, pairs of two categories")
            hits = [
                n for n, one in zip(at, moments, strict=True) if one.clicked in getattr(one, of)
            ]
            axes.plot(hits, [1.03] * len(hits), "*", color=colour, label=f"{title}, read then")
        axes.set_xlabel("click of the reader")
        axes.set_ylabel("share")
        axes.set_ylim(-0.02, 1.08)
        axes.set_xticks(at)
        axes.legend(loc="center left", fontsize=8)

    detail = "the last clicks of one reader, each asked for just before it"
    save_picture(draw, f"{name} and {other}: one reader over time", detail, path)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _title(data: LeaveLastOut, code: int) -> str:
    return escaped(data.title(code) or data.articles[code])


def _cell(data: LeaveLastOut, code: int, clicked: int) -> str:
    """Return a title with its category, the one that was read in bold and marked."""
    text = f"{_title(data, code)} ({escaped(data.described[data.articles[code]].category)})"
    return f"**✓ {text}**" if code == clicked else text
