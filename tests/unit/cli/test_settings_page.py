"""docs/settings.md: its table is the code's, and every setting is described on its own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from cherryrec.cli.settings import SECTIONS
from cherryrec.cli.table import configuration_table

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_that_of_the_code() -> None:
    found = re.search(r"<!-- settings -->\n(.*?)<!-- /settings -->", PAGE, re.DOTALL)

    assert found is not None, "the page has a table"
    assert found[1].strip() == configuration_table().strip(), (
        "put what `cherryrec config table` prints between the marks"
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_no_two_settings_of_a_section_share_a_description(section: str) -> None:
    rows = re.findall(rf"^\| `{section}\.[^|.]*\|[^|]*\| (.*) \|$", PAGE, re.MULTILINE)

    assert [text for text, n in Counter(rows).items() if n > 1] == []
