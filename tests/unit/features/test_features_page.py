"""docs/features.md: a row for every feature, in order, with nothing left blank."""

from __future__ import annotations

import re
from pathlib import Path

from cherryrec.features import FEATURES

PAGE = Path(__file__).parents[3] / "docs" / "features.md"
ROW = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)


def test_the_page_names_exactly_the_features_in_order() -> None:
    assert tuple(name for name, _ in ROW.findall(PAGE.read_text())) == FEATURES


def test_every_row_says_definition_range_source_and_cold_value() -> None:
    for name, rest in ROW.findall(PAGE.read_text()):
        cells = [cell.strip() for cell in rest.split("|")]
        assert len(cells) == 4, name
        assert all(cells), name
