"""What the two Yahoo! Front Page logs share: files of days, blocks behind bars, a uniform draw.

A line is the time in unix seconds, the displayed article, whether it was clicked, then blocks that
begin with a bar: the reader's features, and the articles of the pool. The displayed article was
drawn uniformly at random from the pool, so its propensity is one over the pool's size. There is no
text and no reader's id.

References
----------
Li et al. (2011), Unbiased Offline Evaluation of Contextual-bandit-based News Article Recommendation
Algorithms, WSDM, https://doi.org/10.1145/1935826.1935878.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import DisplayLog, LoggedDisplay, check_id
from cherryrec.evaluation.logs.lines import standing_once, text_lines
from cherryrec.evaluation.logs.order import HELD_BYTES
from cherryrec.evaluation.zones import EPOCH

__all__ = ["Blocks", "YahooLog", "blocks_of", "day_files", "display_of", "display_size"]

Features = tuple[tuple[int, float], ...]
Blocks = tuple[str, list[tuple[str, str]]]
"""What stands before the first bar, and the name and the rest of each block behind one."""


class YahooLog(DisplayLog):
    """A log of displays drawn at random; a subclass knows how a line is spelled.

    Parameters
    ----------
    path
        A file, or a folder with the files of days, plain or gzipped.
    held_bytes
        About how much of the displays are held at once.
    """

    zone = EPOCH
    prefix: str
    """How the names of its files begin."""

    def __init__(self, path: str | Path, *, held_bytes: int = HELD_BYTES) -> None:
        super().__init__(path, held_bytes=held_bytes)

    def files(self) -> Sequence[tuple[str, Path]]:
        """Return the files of days, by name."""
        found = standing_once(day_files(self.path, self.prefix), self.path)
        if not found:
            msg = (
                f"a log of {self.title} must hold {self.prefix}*, got {str(self.path)!r} without "
                "any: pass the folder they are in, or one file"
            )
            raise LogError(msg)
        return [(path.name, path) for path in found]

    def displays(self, limit: int | None = None) -> Iterator[LoggedDisplay]:
        """Yield displays in time order, those of one time as the files have them; at most `limit`.

        Raises
        ------
        LogError
            A file cannot be read to its end, or no line can be read.
        """
        rows = self._in_order(
            self._placed(self.files(), text_lines, self._display),
            LoggedDisplay,
            key=lambda display: display.shown_at,
            size=display_size,
        )
        yield from self._some(
            (row.event for row in rows), limit, wanted="a display that can be read"
        )

    @abstractmethod
    def display(self, line: str, display_id: str) -> LoggedDisplay:
        """Read one line; `ValueError` says what is wrong with it."""

    def _display(self, text: str, name: str, line: int) -> LoggedDisplay:
        """Read one line of a file."""
        return self.display(text, f"{name}:{line}")


def day_files(path: Path, prefix: str) -> list[Path]:
    """Return the files of days of a folder by name, or a file itself."""
    if path.is_file():
        return [path]
    day = re.compile(rf"{re.escape(prefix)}\d{{8}}(\.gz)?")
    return sorted(
        file for file in path.glob(f"{prefix}*") if day.fullmatch(file.name) and file.is_file()
    )


def blocks_of(text: str) -> Blocks:
    """Part a line at its bars; `ValueError` where there is not one block of the reader.

    Examples
    --------
    >>> blocks_of("1317513291 id-560620 0 |user 1 9 |id-552077 |id-560620")
    ('1317513291 id-560620 0', [('user', '1 9'), ('id-552077', ''), ('id-560620', '')])
    """
    head, *blocks = text.split("|")
    parted = [block.strip().partition(" ") for block in blocks]
    if (n_readers := sum(name == "user" for name, _, _ in parted)) != 1:
        msg = f"line must have a block |user, got {n_readers}"
        raise ValueError(msg)
    return head.strip(), [(name, rest) for name, _, rest in parted if name]


def display_of(
    head: str,
    pool: tuple[str, ...],
    user: Features,
    features: tuple[Features, ...] | None,
    display_id: str,
) -> LoggedDisplay:
    """Return a display, its head being time, displayed article and click.

    Raises
    ------
    ValueError
        The head is none, the displayed article is not in the pool, or an article is there twice.
    """
    words = head.split()
    if len(words) != 3 or words[2] not in {"0", "1"}:
        msg = f"line must begin with time, article and 0 or 1, got {head[:60]!r}"
        raise ValueError(msg)
    time_s = float(words[0]) if words[0].isascii() and words[0].isdigit() else 0.0
    if not EARLIEST.timestamp() <= time_s < LATEST.timestamp():
        msg = f"time must be unix seconds of {EARLIEST.year} on, got {words[0][:60]!r}"
        raise ValueError(msg)
    if words[1] not in pool:
        msg = f"displayed article must be in the pool, got {words[1][:60]!r} beside {len(pool)}"
        raise ValueError(msg)
    check_id("article", max(pool, key=len))
    if len(set(pool)) < len(pool):
        msg = f"articles of the pool must differ, got one of {len(pool)} twice"
        raise ValueError(msg)
    return LoggedDisplay(display_id, time_s, pool, words[1], words[2] == "1", user, features)


def display_size(display: LoggedDisplay) -> int:
    """Return about how many bytes a display takes in memory."""
    n_features = sum(len(one) for one in display.features or ())
    return 500 + 60 * len(display.pool) + 120 * (n_features + len(display.user))
