"""docs/features.md: its tables are those of the columns, which leave nothing unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.errors import ConfigError
from cherryrec.features import BLOCKS, page_with_tables

PAGE = (Path(__file__).parents[3] / "docs" / "features.md").read_text(encoding="utf-8")
COLUMNS = [column for block in BLOCKS for column in block.columns]


def test_the_tables_are_those_of_the_columns() -> None:
    assert page_with_tables(PAGE) == PAGE, "run `cherryrec features docs/features.md`"


def test_every_column_says_what_it_is_and_where_from() -> None:
    for column in COLUMNS:
        assert column.formula, column.name
        assert column.sources, column.name
        assert "|" not in column.formula + column.cold_because, column.name


def test_the_cold_value_of_a_column_is_in_its_range() -> None:
    for column in COLUMNS:
        if column.cold is not None:
            assert column.range.low <= column.cold <= column.range.high, column.name


@pytest.mark.parametrize(
    "page",
    ["# Nothing", PAGE.replace("<!-- features: slate -->", ""), PAGE.replace(": slate", ": plate")],
)
def test_a_page_without_a_place_for_each_block_is_refused(page: str) -> None:
    with pytest.raises(ConfigError, match=r"a place for each of knrs, reading, .* got "):
        page_with_tables(page)
