"""The tables of docs/features.md, made of what the columns say of themselves."""

from __future__ import annotations

import re

from cherryrec.errors import ConfigError
from cherryrec.features.blocks import BLOCKS
from cherryrec.features.column import Block, Column

__all__ = ["page_with_tables", "table_of"]

_MARKED = re.compile(r"(<!-- features: (\w+) -->\n).*?(<!-- /features -->)", re.DOTALL)
_HEAD = "| feature | definition | range | source | cold |\n|---|---|---|---|---|\n"


def table_of(block: Block) -> str:
    """Return the columns of a block as a table in Markdown, a line each.

    Examples
    --------
    >>> article = next(block for block in BLOCKS if block.name == "article")
    >>> print(table_of(article).splitlines()[-1])
    | `is_first_shown` | whether no impression has shown it yet | 0 or 1 | attention | 1 |
    """
    return _HEAD + "".join(_row(column) for column in block.columns)


def page_with_tables(page: str) -> str:
    """Return a page with the table of each block between its marks, in place of what is there.

    Parameters
    ----------
    page
        Markdown, in which `<!-- features: NAME -->` and `<!-- /features -->` stand around the place
        of each block's table.

    Raises
    ------
    ConfigError
        The marks are not those of all blocks, in their order.
    """
    names, marked = [block.name for block in BLOCKS], _MARKED.findall(page)
    if [name for _, name, _ in marked] != names:
        found = ", ".join(name for _, name, _ in marked) or "none"
        msg = (
            f"the page must have a place for each of {', '.join(names)} in this order, "
            f"`<!-- features: {names[0]} -->` before and `<!-- /features -->` behind, got {found}"
        )
        raise ConfigError(msg)
    tables = iter(table_of(block) for block in BLOCKS)
    return _MARKED.sub(lambda mark: mark[1] + next(tables) + mark[3], page)


def _row(column: Column) -> str:
    sources = ", ".join(source.name for source in column.sources)
    cells = (f"`{column.name}`", column.formula, str(column.range), sources, _cold(column))
    return f"| {' | '.join(cells)} |\n"


def _cold(column: Column) -> str:
    if column.cold is None:
        return "as for anyone"
    value = f"{round(column.cold, 3):g}".replace("-", "−")
    return f"{value}: {column.cold_because}" if column.cold_because else value
