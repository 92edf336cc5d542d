"""Commands that train networks run as those of the core's tests do."""

from __future__ import annotations

from tests.unit.cli.conftest import run

__all__ = ["run"]
