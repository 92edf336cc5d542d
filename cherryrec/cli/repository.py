"""The checkout this package runs from: benchmarks and the compose file are in no wheel."""

from __future__ import annotations

from pathlib import Path

import cherryrec
from cherryrec.errors import ConfigError

__all__ = ["in_repository"]


def in_repository(name: str) -> Path:
    """Return the path of a file or folder of the checkout.

    Raises
    ------
    ConfigError
        There is no such thing beside the package: it was installed from a wheel.
    """
    root = Path(cherryrec.__file__).resolve().parents[1]
    path = root / name
    if not (root / "pyproject.toml").is_file() or not path.exists():
        msg = (
            f"{name} must be beside the package, there is none in {root}: "
            "a wheel does not have it, clone the repository and install it with `make setup`"
        )
        raise ConfigError(msg)
    return path
