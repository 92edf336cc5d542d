"""Settings of networks as TOML: a table for each, by its name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import msgspec

from cherryrec.errors import ConfigError
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.registry import NETWORKS

__all__ = ["configs_text", "load_configs"]


def configs_text(configs: Mapping[str, NetworkConfig]) -> str:
    """Return TOML that `load_configs` reads; what is None is left out.

    Examples
    --------
    >>> lines = configs_text({"narm": NetworkConfig(dropout=0.3)}).splitlines()
    >>> lines[0], lines[5]
    ('[narm]', 'dropout = 0.3')
    """
    tables = []
    for name, config in configs.items():
        settings = {key: value for key, value in asdict(config).items() if value is not None}
        tables.append("\n".join([f"[{name}]", *(f"{k} = {v}" for k, v in settings.items())]))
    return "\n\n".join(tables) + "\n"


def load_configs(path: Path) -> dict[str, NetworkConfig]:
    """Read the settings of networks; what a table does not name has its default.

    Raises
    ------
    ConfigError
        The file cannot be read, or a network or a setting is unknown or cannot be.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{str(path)!r} must be a TOML file of networks' settings, got {error}"
        raise ConfigError(msg) from error
    return {name: _config(name, table, path) for name, table in tables.items()}


def _config(name: str, table: Any, path: Path) -> NetworkConfig:
    """Read one table."""
    if name not in NETWORKS or not isinstance(table, dict):
        msg = f"{str(path)!r} must have tables of {', '.join(NETWORKS)}, got {name!r}"
        raise ConfigError(msg)
    known = [field.name for field in fields(NetworkConfig)]
    unknown = [key for key in table if key not in known]
    if unknown:
        msg = f"[{name}] of {str(path)!r} must have some of {', '.join(known)}, got {unknown[0]!r}"
        raise ConfigError(msg)
    try:
        return msgspec.convert(table, NetworkConfig)
    except msgspec.ValidationError as error:
        msg = f"[{name}] of {str(path)!r}: {error}"
        raise ConfigError(msg) from error
