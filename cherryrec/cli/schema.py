"""`cherryrec schema DIR`: the messages described for other languages."""

from __future__ import annotations

from pathlib import Path

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ConfigError

__all__ = ["schema"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@with_settings
def schema(settings: Settings, folder: Path) -> None:
    """Write a JSON Schema of every message and an AsyncAPI 3.0 document into DIR.

    Files of the same names are replaced. The same version writes the same bytes.
    """
    from cherryrec.schemas import schema_files

    files = schema_files(settings.kafka.prefix)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
    except OSError as error:
        msg = f"DIR must be writable, {str(folder)!r} is not: {error}"
        raise ConfigError(msg) from error
    click.echo(f"{len(files) - 1} JSON Schemas and asyncapi.json are in {folder}")
