"""The table of protocol D, as plain text, in Markdown, and as values for JSON."""

from __future__ import annotations

from math import isnan
from typing import Any

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.markdown import escaped
from cherryrec.evaluation.random_logs.estimates import ESTIMATORS
from cherryrec.evaluation.random_logs.results import Results, Row
from cherryrec.evaluation.values import interval_values
from cherryrec.events import instant

__all__ = ["page", "table", "values"]

_HEADS = ("matches", "clicks", "effective n", *ESTIMATORS, "lift")


def table(results: Results) -> str:
    """Return the table as plain text: click-through rates in percent, with 95 % intervals."""
    widths = (10, 8, 12, *(20 for _ in ESTIMATORS), 18)
    width = max(16, *(len(row.name) for row in results.rows))
    titled = zip(_HEADS, widths, strict=True)
    lines = [
        log_line(results),
        "click-through rate in percent [95 % interval]; lift is SNIPS over the rate of the log",
        f"{'policy':<{width}}" + "".join(f"{head:>{n}}" for head, n in titled),
    ]
    for row in results.rows:
        cells = zip(_cells(row), widths, strict=True)
        lines.append(f"{row.name:<{width}}" + "".join(f"{cell:>{n}}" for cell, n in cells))
    return "\n".join([*lines, *results.notes])


def log_line(results: Results) -> str:
    """Return a log's numbers."""
    fewest, most = results.pool
    pools = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return (
        f"{results.n_displays:,} displays of {results.n_articles:,} articles in pools of {pools}, "
        f"{instant(results.first_s):%Y-%m-%d %H:%M} to {instant(results.last_s):%Y-%m-%d %H:%M} "
        f"UTC; {_rate(results.logged)} % of what was displayed was clicked; the oddest article is "
        f"{results.deviation:.1f} standard deviations away from a uniform draw"
    )


def page(results: Results) -> str:
    """Return the report in Markdown."""
    lines = [
        f"# Protocol D, replay of a random log: {results.log_name}",
        "",
        log_line(results) + ".",
        "",
        "Click-through rate in percent with 95 % intervals, as the mean over the log of what the "
        "policy of the moment is worth; each policy learns from its own matches alone. Lift is "
        "SNIPS over the rate of the log, which is that of a random choice.",
        "",
        f"Command: `{results.command}`",
        "",
        "| policy | " + " | ".join(_HEADS) + " |",
        "|---|" + "---:|" * len(_HEADS),
        *(f"| {escaped(row.name)} | " + " | ".join(_cells(row)) + " |" for row in results.rows),
        "",
        *(f"- {escaped(note)}" for note in results.notes),
    ]
    return "\n".join(lines) + "\n"


def values(results: Results) -> dict[str, Any]:
    """Return all that was measured as values for JSON; rates from 0 to 1."""
    return {
        "protocol": "D",
        "log": results.log_name,
        "command": results.command,
        "seed": results.seed,
        "displays": results.n_displays,
        "articles": results.n_articles,
        "first_s": results.first_s,
        "last_s": results.last_s,
        "pool": list(results.pool),
        "deviation": results.deviation,
        **interval_values({"logged": results.logged}),
        "policies": {
            row.name: {
                "matches": row.n_matched,
                "clicks": row.n_clicks,
                "effective_n": row.effective_n,
                "mean_weight": row.mean_weight,
                **interval_values({one.estimator: one.rate for one in row.estimates}),
                **interval_values({"lift": row.lift}),
            }
            for row in results.rows
        },
        "notes": list(results.notes),
    }


def _cells(row: Row) -> tuple[str, ...]:
    """Return what stands in a policy's row."""
    return (
        f"{row.n_matched:,}",
        f"{row.n_clicks:,}",
        f"{row.effective_n:,.0f}",
        *(_rate(one.rate) for one in row.estimates),
        _bracketed(row.lift),
    )


def _rate(rate: Interval) -> str:
    """Return a rate in percent."""
    return _bracketed(Interval(*(100.0 * end for end in rate)))


def _bracketed(interval: Interval) -> str:
    """Return a number with its ends, where it has any."""
    mean, low, high = interval
    if isnan(mean):
        return "none"
    return f"{mean:.2f}" if isnan(low) else f"{mean:.2f} [{low:.2f}, {high:.2f}]"
