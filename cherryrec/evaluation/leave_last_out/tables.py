"""The tables of protocol B, as plain text, in Markdown, and as values for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.leave_last_out.dataset import Statistics
from cherryrec.evaluation.leave_last_out.metrics import METRIC_TITLES, METRICS, N_RETRIEVED
from cherryrec.evaluation.leave_last_out.pictures import PICTURE
from cherryrec.evaluation.leave_last_out.results import KEPT, Intervals, Results
from cherryrec.evaluation.markdown import bracketed, escaped
from cherryrec.evaluation.values import interval_values

__all__ = ["page", "statistics_line", "table", "values"]

LEAKS = (
    "The split is by user: what others read after a user's test article may be in training. The "
    "numbers compare rankings and do not say what serving would give; protocol C does."
)

_NO_HIT = (
    "Where no user's article was found, [0.00, 0.00] is what resampling gives; the 95 % bound is "
    "3 / users."
)


def statistics_line(statistics: Statistics) -> str:
    """Return a dataset's numbers, those of the paper's Table 2 first.

    Examples
    --------
    >>> statistics_line(Statistics(2, 3, 6, 3.0, 3.0, 3, 1.0, 0.0)).split(";")[0]
    '2 users, 3 articles, 6 interactions, length 3.0 (median 3, longest 3), density 1.00e+00'
    """
    one = statistics
    return (
        f"{one.n_users:,} users, {one.n_articles:,} articles, {one.n_interactions:,} interactions, "
        f"length {one.mean_length:.1f} (median {one.median_length:g}, longest {one.max_length}), "
        f"density {one.density:.2e}; {100 * one.unseen_share:.1f} % of the users have a test "
        "article that is in nobody's training"
    )


def table(results: Results) -> str:
    """Return the tables as plain text, in hundredths."""
    parts = _parts(results)
    width = max(24, *(len(part.title) for part in parts), *(len(r.name) for r in results.rows))
    blocks = [
        (part.title, part.metrics, {row.name: getattr(row, part.of) for row in results.rows}, "")
        for part in parts
    ]
    if results.gains:
        blocks.append((f"{results.reference} minus", METRICS, dict(results.gains), "+"))
    tables = []
    for title, metrics, rows, sign in blocks:
        lines = [f"{title:<{width}}" + "".join(f"{METRIC_TITLES[one]:>24}" for one in metrics)]
        for name, found in rows.items():
            cells = "".join(f"{_cell(found.get(one), sign=sign):>24}" for one in metrics)
            lines.append(f"{name:<{width}}{cells}")
        tables.append("\n".join(lines))
    for title, heads, rows_of in _served_tables(results):
        wide = max(width, *(len(name) for name, _ in rows_of))
        lines = [f"{title:<{wide}}" + "".join(f"{head:>24}" for head in heads)]
        for name, found_of in rows_of:
            cells = "".join(f"{_cell(one, sign=sign):>24}" for one, sign in found_of)
            lines.append(f"{name:<{wide}}{cells}")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def page(results: Results) -> str:
    """Return the report in Markdown."""
    lines = [
        f"# Protocol B, leave-last-out: {results.log_name}",
        "",
        statistics_line(results.statistics) + ".",
        "",
        f"Each user's {'last' if results.split == 'test' else 'second to last'} article is asked "
        f"for among all articles they have not read; {N_RETRIEVED} are retrieved and ranked. "
        "Metrics in hundredths, with 95 % bootstrap intervals over users "
        f"(seed {results.seed}). {LEAKS}",
        "",
        f"Command: `{results.command}`",
    ]
    for part in _parts(results):
        lines += ["", f"## {part.title[0].upper()}{part.title[1:]}", "", part.what, ""]
        lines.append(_heads("ranking", part.metrics))
        lines += [_line(r.name, getattr(r, part.of), part.metrics) for r in results.rows]
    if results.gains:
        lines += ["", f"## {results.reference} minus each other, all users", ""]
        lines.append(_heads("ranking", METRICS))
        lines += [_line(name, gain, METRICS, sign="+") for name, gain in results.gains.items()]
    for title, heads, rows_of in _served_tables(results):
        lines += ["", f"## {title[0].upper()}{title[1:]}", "", _WHAT[title], ""]
        lines.append(f"| {' | '.join(['', *heads])} |\n|---|{'---:|' * len(heads)}")
        for name, found_of in rows_of:
            cells = " | ".join(bracketed(one, sign=sign) for one, sign in found_of)
            lines.append(f"| {escaped(name)} | {cells} |")
    if results.ablations:
        lines += ["", f"![whole minus each part]({PICTURE})"]
    lines += ["", "## How the rows came about", ""]
    lines += [f"- {sentence}" for sentence in _sentences(results)]
    return "\n".join(lines) + "\n"


def values(results: Results) -> dict[str, Any]:
    """Return every number, for JSON."""
    one = results.statistics
    return {
        "protocol": "B",
        "log": results.log_name,
        "command": results.command,
        "split": results.split,
        "seed": results.seed,
        "statistics": {name: getattr(one, name) for name in one.__slots__},
        "rows": [
            {
                "name": row.name,
                **{part.of: interval_values(getattr(row, part.of)) for part in _parts(results)},
                "n_retrieved": row.n_retrieved,
                "n_seeds": row.n_seeds,
                "wall_s": row.wall_s,
                "notes": list(row.notes),
            }
            for row in results.rows
        ],
        "reference": results.reference,
        "reference_minus": {name: interval_values(gain) for name, gain in results.gains.items()},
        "n_unseen": results.n_unseen,
        "n_users": results.n_users,
        "notes": list(results.notes),
        "left_out": dict(results.left_out),
        "kept": [
            {"name": row.name, **interval_values({"recall@20": row.twenty, KEPT: row.kept})}
            | ({} if row.behind is None else interval_values({"knrs_minus": row.behind}))
            for row in results.kept
        ],
        "ablations": {row.part: interval_values(row.gains) for row in results.ablations},
    }


_KEPT_TITLE, _ABLATION_TITLE = "what is kept", "whole minus the system without"

_WHAT = {
    _KEPT_TITLE: "How often the next article is among the first: twenty, and as many as KnRS keeps "
    "at that user's request, a twentieth of what is live then. A fitted list ranks articles that "
    "are not live yet, too.",
    _ABLATION_TITLE: "CherryRec minus itself without each part, user by user, in hundredths. "
    "Weights are those learned without the part; `kept` is recall among all that KnRS keeps. "
    "`knrs:news-value` orders by KnRS's signals alone, `order:signals` by the news value alone.",
}

_Line = tuple[str, list[tuple[Interval | None, str]]]


def _served_tables(results: Results) -> Iterator[tuple[str, tuple[str, ...], list[_Line]]]:
    """Yield title, heads and rows, each cell with its sign, of what the system alone has."""
    if results.kept:
        lines: list[_Line] = [
            (row.name, [(row.twenty, ""), (row.kept, ""), (row.behind, "+")])
            for row in results.kept
        ]
        yield _KEPT_TITLE, ("Recall@20", "recall of as many", "KnRS minus it"), lines
    if results.ablations:
        names = (*METRICS, KEPT)
        lines = [(row.part, [(row.gains[n], "+") for n in names]) for row in results.ablations]
        yield _ABLATION_TITLE, tuple(METRIC_TITLES.get(name, name) for name in names), lines


class _Part(NamedTuple):
    """One table: its title, the attribute of the rows, its metrics, and what it is of."""

    title: str
    of: str
    metrics: tuple[str, ...]
    what: str


def _parts(results: Results) -> tuple[_Part, ...]:
    """Return the tables that there are."""
    reference = results.reference
    of_reference = _Part(
        f"retrieved by {reference}",
        "reference_retrieved",
        METRICS,
        f"The same users for every ranking: those whose article is among the {N_RETRIEVED} of "
        f"{reference}. It favours {reference}, which alone is sure to have retrieved it.",
    )
    return (
        _Part("all users", "users", METRICS, f"{results.n_users:,} users. {_NO_HIT}"),
        _Part(
            "own retrieval subset",
            "retrieved",
            METRICS[:-1],
            f"The effective retrieval subset: for each ranking the users whose article is among "
            f"its own {N_RETRIEVED}: "
            + ", ".join(f"{row.name} {row.n_retrieved:,.0f}" for row in results.rows)
            + ". Each row is of other users, so that rows are not to be compared.",
        ),
        *([of_reference] if reference is not None else []),
        _Part(
            "unseen in training",
            "unseen",
            METRICS,
            f"The {results.n_unseen:,} users whose article is in nobody's training.",
        ),
    )


def _sentences(results: Results) -> Iterator[str]:
    """Say what was run, for how long, and what was not."""
    yield from results.notes
    for row in results.rows:
        seeds = f"{row.n_seeds} seeds, mean per user; " if row.n_seeds > 1 else ""
        yield "; ".join([f"{row.name}: {seeds}{row.wall_s:.1f} s", *row.notes])
    for name, why in results.left_out.items():
        yield f"{name} was not run: {why}"


def _heads(first: str, metrics: tuple[str, ...]) -> str:
    titles = " | ".join(METRIC_TITLES[one] for one in metrics)
    return f"| {first} | {titles} |\n|---|{'---:|' * len(metrics)}"


def _line(name: str, found: Intervals, metrics: tuple[str, ...], *, sign: str = "") -> str:
    cells = " | ".join(bracketed(found.get(metric), sign=sign) for metric in metrics)
    return f"| {escaped(name)} | {cells} |"


def _cell(interval: Interval | None, *, sign: str = "") -> str:
    """Return `mean [low, high]` in hundredths; without ends where users are too few."""
    if interval is None or np.isnan(interval.mean):
        return "-"
    mean, low, high = (100 * end for end in interval)
    if np.isnan(low):
        return f"{mean:{sign}.2f}"
    return f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"
