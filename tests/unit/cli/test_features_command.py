"""`cherryrec features`: tables that were lost or changed are written again, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cherryrec.cli import cli
from cherryrec.errors import ConfigError
from cherryrec.features import ALL_FEATURES

PAGE = Path(__file__).parents[3] / "docs" / "features.md"


def test_lost_tables_are_written_again(tmp_path: Path) -> None:
    page = tmp_path / "features.md"
    page.write_text(re.sub(r"^\|.*_.*\n", "", PAGE.read_text(), flags=re.MULTILINE))

    result = CliRunner().invoke(cli, ["features", str(page)], catch_exceptions=False)

    assert result.output == f"{len(ALL_FEATURES)} features are in {page}\n"
    assert tables(page) == tables(PAGE)


def tables(page: Path) -> list[str]:
    return re.findall(r"<!-- features: .*?<!-- /features -->", page.read_text(), re.DOTALL)


def test_a_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PAGE must be a text file that can be written"):
        CliRunner().invoke(cli, ["features", str(tmp_path / "no.md")], catch_exceptions=False)
