"""Logs of clicks alone: who opened what and when, without slates and without text.

`base` says what every reader of such a log offers, `click_file` reads files of columns, one click a
row, `opening` finds out which kind of log a path is. A log of another layout gets a reader of its
own beside them.
"""

from __future__ import annotations

from cherryrec.evaluation.clicks.base import ClickLog, LoggedClick
from cherryrec.evaluation.clicks.click_file import ClickFiles
from cherryrec.evaluation.clicks.opening import open_clicks

__all__ = ["ClickFiles", "ClickLog", "LoggedClick", "open_clicks"]
