"""Which format a path has, and the reader of it.

Each format has signs; a path whose signs are all there has it. One that has none whole is refused
with the format it comes nearest to and what it lacks of that. The readers are imported when they
are asked for: that of parquet files needs an extra.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.logs.base import ClickLog, DisplayLog, ImpressionLog
from cherryrec.evaluation.logs.order import HELD_BYTES
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.zones import UTC_NAME

__all__ = ["FORMATS", "AnyLog", "LogSource", "of_slates", "recognised"]

AnyLog = ImpressionLog | ClickLog | DisplayLog


@dataclass(frozen=True, slots=True)
class Format:
    """A layout that logs have.

    Parameters
    ----------
    title
        As people write it.
    module, reader
        Where its reader stands: a class or a function of the path and `held_bytes`. The module has
        a function `signs` of a path.
    layout
        What its files are, in a few words.
    has_zone
        Whether its times may be without a zone, so that `zone` goes with it.
    has_titles
        Whether titles of another file can stand for its own.
    """

    title: str
    module: str
    reader: str
    layout: str
    has_zone: bool = False
    has_titles: bool = False

    def signs(self, path: Path) -> Signs:
        """Return the signs of a path."""
        found = self._module().signs(path)
        assert isinstance(found, Signs), "a module of a format tells its signs"
        return found

    def open(self, path: Path, **options: Any) -> AnyLog:
        """Return the reader of a path."""
        reader: Callable[..., AnyLog] = getattr(self._module(), self.reader)
        return reader(path, **options)

    def _module(self) -> Any:
        return import_module(f"cherryrec.evaluation.logs.{self.module}")


FORMATS = {
    "mind": Format(
        "MIND",
        "mind_splits",
        "open_mind",
        "behaviors.tsv and news.tsv, or a folder of them for each split",
        has_zone=True,
        has_titles=True,
    ),
    "ebnerd": Format(
        "EB-NeRD",
        "ebnerd",
        "EbnerdLog",
        "train, validation or test with behaviors.parquet and history.parquet, articles.parquet",
        has_zone=True,
    ),
    "globo": Format(
        "Globo.com", "globo", "GloboLog", "clicks/clicks_hour_*.csv and articles_metadata.csv"
    ),
    "adressa": Format(
        "Adressa", "adressa", "AdressaLog", "files of days, as one_week/20170101, of JSON lines"
    ),
    "r6a": Format("Yahoo! R6A", "yahoo_r6a", "YahooR6ALog", "ydata-fp-td-clicks-v1_0.*"),
    "r6b": Format("Yahoo! R6B", "yahoo_r6b", "YahooR6BLog", "ydata-fp-td-clicks-v2_0.*"),
    "plista": Format(
        "plista", "plista", "PlistaLog", "lines of impression or recommendation, six fields each"
    ),
    "clicks": Format(
        "clicks", "click_file", "ClickFiles", "*.csv with user_id, session_id, article_id, time_ms"
    ),
}
"""Name → format, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log as a command names it; `open` finds the reader.

    Parameters
    ----------
    path
        A file or a folder.
    format
        Out of `FORMATS`; None recognises it.
    zone
        That times without a zone are taken to be in, by its IANA name.
    titles
        A file of xMIND with other titles, for logs in MIND's format; None for the log's own.
    held_bytes
        About how much of the events are held at once while they are put in time order.
    """

    path: Path
    format: str | None = None
    zone: str = UTC_NAME
    titles: Path | None = None
    held_bytes: int = HELD_BYTES

    def open(self) -> AnyLog:
        """Return the reader.

        Raises
        ------
        LogError
            The path is of no known format, or what was said of it does not go with its format.
        """
        form = FORMATS[self.format or recognised(self.path)]
        options: dict[str, Any] = {"held_bytes": self.held_bytes}
        if form.has_zone:
            options["zone"] = self.zone
        elif self.zone != UTC_NAME:
            msg = f"--zone is of times without one, and those of {form.title} are UTC: leave it out"
            raise ConfigError(msg)
        if form.has_titles:
            options["titles"] = self.titles
        elif self.titles is not None:
            msg = f"--titles goes with MIND's article ids, got a log in the format of {form.title}"
            raise ConfigError(msg)
        return form.open(self.path, **options)

    def impressions(self) -> ImpressionLog:
        """Return the reader of a log of slates.

        Raises
        ------
        LogError
            The log has none, or as for `open`.
        """
        return of_slates(self.open())


def of_slates(log: AnyLog) -> ImpressionLog:
    """Return a log as one of slates.

    Raises
    ------
    LogError
        It has none.
    """
    if not isinstance(log, ImpressionLog):
        instead = (
            "what was shown at random is judged by `cherryrec off-policy`"
            if isinstance(log, DisplayLog)
            else "`cherryrec replay` ranks what was read from the whole catalogue"
        )
        msg = (
            f"a log of slates is needed, got {str(log.path)!r} in the format of {log.title}, "
            f"which records none: {instead}"
        )
        raise LogError(msg)
    return log


def recognised(path: Path) -> str:
    """Return the name of a path's format.

    Raises
    ------
    LogError
        It has none that is known; the message names the nearest.
    """
    found: dict[str, Signs] = {}
    for name, form in FORMATS.items():
        found[name] = form.signs(path)
        if found[name].are_all_there:
            return name
    nearest = max(found, key=lambda name: found[name].share)
    signs = found[nearest]
    if signs.present:
        guess = (
            f"the nearest is {nearest}, for {_listed(signs.present)} and without "
            f"{_listed(signs.lacking)}"
        )
    else:
        layouts = "; ".join(f"{name}: {form.layout}" for name, form in FORMATS.items())
        guess = f"none of its files is of one ({layouts})"
    msg = (
        f"a log must be in a known format, got {str(path)!r}: {guess}. --format says which it is, "
        "and then what is wrong with it"
    )
    raise LogError(msg)


def _listed(names: list[str]) -> str:
    """Join at most four names."""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more
