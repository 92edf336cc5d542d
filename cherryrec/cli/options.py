"""Options that many commands share, and the settings they make."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import platformdirs

from cherryrec.cli.settings import CACHE_VARIABLE, Settings, load_settings

__all__ = ["cache_dir", "settings_from", "with_settings"]

DEFAULT_FILE = Path("cherryrec.toml")


def cache_dir() -> Path:
    """Return where jars and models are kept between runs."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("cherryrec"))


def settings_from(
    config: Path | None, bootstrap_servers: str | None = None, prefix: str | None = None
) -> Settings:
    """Load the settings of this process: file, environment, options."""
    file = config or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    kafka = {"bootstrap_servers": bootstrap_servers, "prefix": prefix}
    return load_settings(file, os.environ, {"kafka": kafka})


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config, --bootstrap-servers and --prefix; hand the command its `settings`."""

    @click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar="CHERRYREC_CONFIG",
        help="Settings file; default: cherryrec.toml if it is there.",
    )
    @click.option("--bootstrap-servers", metavar="HOST:PORT", help="The Kafka cluster.")
    @click.option("--prefix", help="Put before every topic name.")
    @functools.wraps(command)
    def wrapped(
        config: Path | None, bootstrap_servers: str | None, prefix: str | None, **rest: Any
    ) -> Any:
        return command(settings=settings_from(config, bootstrap_servers, prefix), **rest)

    return wrapped
