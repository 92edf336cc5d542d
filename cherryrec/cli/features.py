"""`cherryrec features PAGE`: the tables of features, written into their page."""

from __future__ import annotations

from pathlib import Path

import click

from cherryrec.errors import ConfigError

__all__ = ["features"]


@click.command()
@click.argument("page", metavar="PAGE", type=click.Path(dir_okay=False, path_type=Path))
def features(page: Path) -> None:
    """Write the tables of features into PAGE, each between its marks.

    PAGE is docs/features.md; what stands between the marks is replaced. The same version writes the
    same bytes.
    """
    from cherryrec.features import ALL_FEATURES, page_with_tables

    try:
        written = page_with_tables(page.read_text(encoding="utf-8"))
        page.write_text(written, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"PAGE must be a text file that can be written, {str(page)!r} is not: {error}"
        raise ConfigError(msg) from error
    click.echo(f"{len(ALL_FEATURES)} features are in {page}")
