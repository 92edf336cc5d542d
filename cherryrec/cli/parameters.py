"""Kinds of values that options take: durations, names of baselines, formats of logs."""

from __future__ import annotations

import re
from importlib.util import find_spec

import click

from cherryrec.errors import ConfigError

__all__ = [
    "Amounts",
    "BaselineNames",
    "Duration",
    "LogFormat",
    "Names",
    "NetworkNames",
    "Numbers",
    "Shares",
]

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


class Duration(click.ParamType):
    """Seconds, or a number with s, m, h or d."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read `30m` as 1800 seconds."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value))
        if found is None:
            self.fail(f"wanted a duration such as 0, 90s or 30m, got {value!r}", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


class BaselineNames(click.ParamType):
    """`none`, `standard`, `all`, or names separated by commas."""

    name = "baselines"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Read the names, in the order of the tables."""
        from cherryrec.evaluation.baselines import baseline_names

        try:
            return baseline_names(str(value))
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class LogFormat(click.ParamType):
    """The name of a log's format."""

    name = "format"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Refuse what is no format, with those there are."""
        from cherryrec.evaluation.logs import FORMATS

        if value not in FORMATS:
            self.fail(f"wanted one of {', '.join(FORMATS)}, got {value!r}", param, ctx)
        return str(value)


class Names(click.ParamType):
    """Names separated by commas; `all` is none of them named."""

    name = "names"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Read `a,b` as two names."""
        if isinstance(value, tuple):
            return value
        names = tuple(one.strip() for one in str(value).split(","))
        if not all(names) or len(set(names)) < len(names):
            self.fail(f"wanted names separated by commas, each once, got {value!r}", param, ctx)
        return () if names == ("all",) else names


class NetworkNames(click.ParamType):
    """`none`, `all`, or names of networks separated by commas; they need torch."""

    name = "networks"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Read the names; all are those of protocol B."""
        from cherryrec.cli.networks import NETWORKS

        if value == "none" or isinstance(value, tuple):
            return value if isinstance(value, tuple) else ()
        names = NETWORKS if value == "all" else Names().convert(value, param, ctx)
        if unknown := [name for name in names if name not in NETWORKS]:
            wanted = f"none, all, or some of {', '.join(NETWORKS)}"
            self.fail(f"wanted {wanted}, got {', '.join(unknown)}", param, ctx)
        if find_spec("torch") is None:
            self.fail("needs torch, which is not installed: pip install 'cherryrec[llm]'")
        return names


class Numbers(click.ParamType):
    """Whole numbers of at least 0 separated by commas, each once."""

    name = "numbers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read `0,1,2` as three numbers."""
        if isinstance(value, tuple):
            return value
        parts = [one.strip() for one in str(value).split(",")]
        if not all(one.isdecimal() for one in parts) or len(set(parts)) < len(parts):
            self.fail(f"wanted whole numbers as 0,1,2, each once, got {value!r}", param, ctx)
        return tuple(int(one) for one in parts)


class Amounts(click.ParamType):
    """Numbers of at least 0 separated by commas, each once."""

    name = "amounts"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Read `0,0.001,1e-2` as three numbers."""
        if isinstance(value, tuple):
            return value
        try:
            amounts = tuple(float(one) for one in str(value).split(","))
        except ValueError:
            amounts = ()
        if not amounts or len(set(amounts)) < len(amounts) or not all(a >= 0 for a in amounts):
            self.fail(f"wanted numbers as 0,0.001,1e-2, each once, got {value!r}", param, ctx)
        return amounts


class Shares(click.ParamType):
    """Three percentages that make 100, as shares: `60/10/30`."""

    name = "shares"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Read `60/10/30` as 0.6, 0.1 and 0.3."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)", str(value))
        shares = tuple(float(one) / 100.0 for one in found.groups()) if found else ()
        if not shares or abs(sum(shares) - 1.0) > 1e-9:
            self.fail(f"wanted three percentages that make 100, as 60/10/30, got {value!r}")
        return shares
