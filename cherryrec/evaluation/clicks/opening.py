"""Which kind of log a path is."""

from __future__ import annotations

from pathlib import Path

from cherryrec.evaluation.clicks.base import ClickLog
from cherryrec.evaluation.clicks.click_file import ClickFiles

__all__ = ["open_clicks"]


def open_clicks(path: Path) -> ClickLog | None:
    """Return a log of clicks alone, or None where the path is a folder of impressions, or nothing.

    A file is one of clicks; a folder is where it holds no `behaviors.tsv` but files of commas.

    Examples
    --------
    >>> open_clicks(Path("no-such-folder")) is None
    True
    """
    if path.is_file():
        return ClickFiles(path)
    if any((path / name).exists() for name in ("behaviors.tsv", "behaviors.tsv.gz")):
        return None
    if any(path.glob("*.csv")) or any(path.glob("*.csv.gz")):
        return ClickFiles(path)
    return None
