"""Yahoo! R6B: fifteen days of October 2011, readers with features, articles without.

`<unix s> id-560620 <0|1> |user 1 9 11 … |id-552077 |id-555224 …`: ids begin with `id-`, the
reader's words are the numbers (1 to 136) of the features that are 1.
"""

from __future__ import annotations

import re
from pathlib import Path

from cherryrec.evaluation.logs.base import LoggedDisplay
from cherryrec.evaluation.logs.lines import first_line
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.logs.yahoo import Features, YahooLog, blocks_of, day_files, display_of

__all__ = ["YahooR6BLog", "signs"]

_PREFIX = "ydata-fp-td-clicks-v2_0."
_ARTICLE = re.compile(r"id-\d+", re.ASCII)


class YahooR6BLog(YahooLog):
    r"""Displays of R6B; parameters as for `YahooLog`.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> path = Path(temporary.name) / "ydata-fp-td-clicks-v2_0.20111002"
    >>> _ = path.write_text("1317513291 id-560620 1 |user 9 1 |id-552077 |id-560620 \n")
    >>> display = next(YahooR6BLog(path).displays())
    >>> display.displayed, display.is_clicked, display.user, display.propensity
    ('id-560620', True, ((1, 1.0), (9, 1.0)), 0.5)
    >>> temporary.cleanup()
    """

    title = "Yahoo! R6B"
    prefix = _PREFIX

    def display(self, line: str, display_id: str) -> LoggedDisplay:
        """Read one line; `ValueError` says what is wrong with it."""
        head, blocks = blocks_of(line)
        user: Features = ()
        pool: list[str] = []
        for name, text in blocks:
            if name == "user":
                words = text.split()
                if not all(word.isascii() and word.isdigit() for word in words):
                    msg = f"the reader's features must be numbers, got {' '.join(words)[:60]!r}"
                    raise ValueError(msg)
                user = tuple((number, 1.0) for number in sorted(map(int, set(words))))
            elif text or not _ARTICLE.fullmatch(name):
                msg = f"article must be id- and a number, got {f'{name} {text}'[:60]!r}"
                raise ValueError(msg)
            else:
                pool.append(name)
        return display_of(head, tuple(pool), user, None, display_id)


def signs(path: Path) -> Signs:
    """Say what of R6B's layout there is."""
    files = day_files(path, _PREFIX)
    text = first_line(files)
    return Signs(
        {
            f"files {_PREFIX}*": bool(files) and (path.is_dir() or "|user" in text),
            "the block |user": "|user" in text,
            "articles |id-…": "|id-" in text,
        }
    )
