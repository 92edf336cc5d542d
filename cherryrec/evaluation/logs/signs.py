"""By what a format is recognised: signs that a path has, and signs that it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Signs"]


@dataclass(frozen=True, slots=True)
class Signs:
    """What of a format a path has.

    Parameters
    ----------
    found
        Each sign in words, and whether it is there; never empty.

    Examples
    --------
    >>> signs = Signs({"behaviors.parquet": True, "history.parquet": False})
    >>> signs.are_all_there, signs.share, signs.lacking
    (False, 0.5, ['history.parquet'])
    """

    found: Mapping[str, bool]

    @property
    def are_all_there(self) -> bool:
        """Whether the path has this format."""
        return all(self.found.values())

    @property
    def share(self) -> float:
        """The share of the signs that are there."""
        return sum(self.found.values()) / len(self.found)

    @property
    def present(self) -> list[str]:
        """The signs that are there."""
        return [name for name, is_there in self.found.items() if is_there]

    @property
    def lacking(self) -> list[str]:
        """The signs that are not there."""
        return [name for name, is_there in self.found.items() if not is_there]
