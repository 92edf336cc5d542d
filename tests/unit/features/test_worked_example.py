"""The worked example of docs/architecture.md: a feature that is three lines in its block's file."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import numpy as np

from cherryrec.features.blocks import exposure
from cherryrec.features.column import Block, Inputs
from cherryrec.features.page import table_of
from cherryrec.knrs import select
from cherryrec.reader import Reader
from cherryrec.title_fit import TitleFits
from tests.unit.features.worked.world import CANDIDATES, KNRS, NOW, worlds
from tests.worlds import request

PAGE = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text(encoding="utf-8")
EXAMPLE = PAGE[PAGE.index("## Adding a feature") : PAGE.index("## Adding a member")]
COLUMN, PLACE, VALUE, WORKED = re.findall(r"```python\n(.*?)\s*```", EXAMPLE, re.DOTALL)


def with_example() -> Block:
    """The block of exposures with the page's lines where they belong."""
    source = Path(exposure.__file__).read_text(encoding="utf-8")
    for line, before in (
        (f"{COLUMN.strip()},", '    Column(\n        "seen_in_last"'),
        (PLACE, "\n\n@compiled"),
        (VALUE, "                break"),
    ):
        assert source.count(before) == 1
        indent = " " * (len(before.lstrip("\n")) - len(before.lstrip()))
        source = source.replace(before, f"{indent}{line.strip()}\n{before}")
    module = ModuleType("worked_example")
    exec(compile(source, "<worked example>", "exec"), module.__dict__)
    block: Block = module.BLOCK
    return block


def test_the_example_is_one_column_more_with_the_values_of_its_test() -> None:
    block, world = with_example(), worlds()[0]
    reader = Reader.of(world.profile, world.catalogue, world.exposures)
    asked = request("r", NOW, candidates=CANDIDATES)
    selection = select(world.catalogue, reader, asked, KNRS)
    inputs = Inputs(world.catalogue, reader, world.slates, selection, NOW, TitleFits())

    found, before = (np.zeros((4, len(one.columns))) for one in (block, exposure.BLOCK))
    block.fill(inputs, found)
    exposure.BLOCK.fill(inputs, before)

    place = block.names.index("seen_this_week")
    ((_, wanted),) = eval(f"{{{WORKED}}}").items()
    ids = [world.catalogue.ids[row] for row in selection.rows]
    assert [found[ids.index(name), place] for name in CANDIDATES] == [*map(float, wanted)]
    assert (np.delete(found, place, axis=1) == before).all()
    assert "| `seen_this_week` | 2^(−t / 3 days) | 0 to 1 | exposures |" in table_of(block)
