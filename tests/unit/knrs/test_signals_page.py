"""The page of signals names those of the code, in order, and which of them are of views."""

from __future__ import annotations

import re
from pathlib import Path

from cherryrec.knrs import SIGNALS

PAGE = Path(__file__).parents[3] / "docs" / "signals.md"


def test_the_page_names_exactly_the_signals_in_order() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]

    assert names == [signal.name for signal in SIGNALS]


def test_the_page_says_which_signals_are_of_views() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    said: set[str] = set()
    for row in rows:
        cells = row.split("|")
        names = re.findall(r"`(\w+)`", cells[1])
        of_views = cells[-2].strip()
        said |= {*names} if of_views == "yes" else {*re.findall(r"`(\w+)`", of_views)}

    assert said == {signal.name for signal in SIGNALS if signal.is_of_views}
