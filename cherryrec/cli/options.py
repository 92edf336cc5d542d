"""Options that many commands share, and the settings they make."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import platformdirs

from cherryrec.cli.settings import CACHE_VARIABLE, Settings, load_settings

__all__ = ["cache_dir", "has_llm", "kafka_options", "note", "settings_from", "with_settings"]

DEFAULT_FILE = Path("cherryrec.toml")


def cache_dir() -> Path:
    """Return where jars and models are kept between runs."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("cherryrec"))


def has_llm(settings: Settings) -> bool:
    """Whether torch and the small model are here."""
    if find_spec("torch") is None:
        return False
    from gpu_worker.small_model import small_model_path

    return small_model_path(Path(settings.gpu.model_cache_dir)) is not None


def note(line: str) -> None:
    """Print a line beside what is printed, which may be a progress bar."""
    click.echo(line, err=True)


def settings_from(
    config: Path | None, bootstrap_servers: str | None = None, prefix: str | None = None
) -> Settings:
    """Load the settings of this process: file, environment, options."""
    file = config or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    kafka = {"bootstrap_servers": bootstrap_servers, "prefix": prefix}
    return load_settings(file, os.environ, {"kafka": kafka})


def kafka_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config, --bootstrap-servers and --prefix."""
    for option in (
        click.option("--prefix", help="Put before every topic name."),
        click.option("--bootstrap-servers", metavar="HOST:PORT", help="The Kafka cluster."),
        click.option(
            "--config",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            envvar="CHERRYREC_CONFIG",
            help="Settings file; default: cherryrec.toml if it is there.",
        ),
    ):
        command = option(command)
    return command


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config, --bootstrap-servers and --prefix; hand the command its `settings`."""

    @kafka_options
    @functools.wraps(command)
    def wrapped(
        config: Path | None, bootstrap_servers: str | None, prefix: str | None, **rest: Any
    ) -> Any:
        return command(settings=settings_from(config, bootstrap_servers, prefix), **rest)

    return wrapped
