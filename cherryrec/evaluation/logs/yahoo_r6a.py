"""Yahoo! R6A: ten days of May 2009, articles with features.

`<unix s> <article> <0|1> |user 2:f … 6:f 1:1.000000 |<article> 2:f … 1:1.000000 |…`: ids are bare
numbers, features are parsed by their number, as the constant 1 stands last. An article without
features is left out of the pool; a line whose displayed article is left out so is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from pathlib import Path

from cherryrec.evaluation.logs.base import LoggedDisplay
from cherryrec.evaluation.logs.lines import first_line
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.logs.yahoo import Features, YahooLog, blocks_of, day_files, display_of

__all__ = ["YahooR6ALog", "signs"]

_PREFIX = "ydata-fp-td-clicks-v1_0."
_LONGEST_KEPT = 1_024
"""Characters of an article's features beyond which they are read anew: six take about 70."""

_FEATURE = re.compile(r"\d{1,9}:[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class YahooR6ALog(YahooLog):
    r"""Displays of R6A; parameters as for `YahooLog`.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> path = Path(temporary.name) / "ydata-fp-td-clicks-v1_0.20090501"
    >>> _ = path.write_text(
    ...     "1241160900 109510 0 |user 2:0.5 1:1.000000 |109498 2:0.25 1:1.000000 "
    ...     "|109510 2:0.75 1:1.000000 |109511\n"
    ... )
    >>> display = next(YahooR6ALog(path).displays())
    >>> display.displayed, display.pool, display.propensity, display.features[1]
    ('109510', ('109498', '109510'), 0.5, ((1, 1.0), (2, 0.75)))
    >>> temporary.cleanup()
    """

    title = "Yahoo! R6A"
    prefix = _PREFIX

    def display(self, line: str, display_id: str) -> LoggedDisplay:
        """Read one line; `ValueError` says what is wrong with it."""
        head, blocks = blocks_of(line)
        user: Features = ()
        pool: dict[str, Features] = {}
        for name, text in blocks:
            if name == "user":
                user = _features(text)
            elif features := _of_article(text):
                if name in pool:
                    msg = f"articles of the pool must differ, got {name[:60]!r} twice"
                    raise ValueError(msg)
                pool[name] = features
        return display_of(head, tuple(pool), user, tuple(pool.values()), display_id)


def signs(path: Path) -> Signs:
    """Say what of R6A's layout there is."""
    files = day_files(path, _PREFIX)
    text = first_line(files)
    return Signs(
        {
            f"files {_PREFIX}*": bool(files) and (path.is_dir() or "|user" in text),
            "the block |user": "|user" in text,
            "features n:value": "1:1.0" in text,
        }
    )


def _of_article(text: str) -> Features:
    """Read the features of an article, which come again and again; a reader's hardly ever do."""
    return _kept_features(text) if len(text) <= _LONGEST_KEPT else _features(text)


@lru_cache(maxsize=1_024)
def _kept_features(text: str) -> Features:
    """Read the features of a block, or return those that it had before."""
    return _features(text)


def _features(text: str) -> Features:
    """Read the features of a block, by number."""
    found = tuple(sorted(_feature(word) for word in text.split()))
    if len({number for number, _ in found}) < len(found):
        msg = f"features must be named once each, got {text[:60]!r}"
        raise ValueError(msg)
    return found


def _feature(word: str) -> tuple[int, float]:
    """Read `n:value`."""
    number, _, value = word.partition(":")
    if not _FEATURE.fullmatch(word) or not isfinite(float(value)):
        msg = f"feature must be a number, a colon and a finite value, got {word[:60]!r}"
        raise ValueError(msg)
    return int(number), float(value)
