"""A log of random displays whose policies have a known value, in the layout of Yahoo! R6B.

A world has articles that come and go, each with a rate of its own that halves as it ages, and
readers of two tastes: an article of one taste is clicked the more by its readers and the less by
the others. Each display draws a reader, a pool of the articles of the moment, one of the pool
uniformly, and its click by the true chance. `chance` tells that chance for any article of any
display, so that the value of whatever a policy chose is known exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cherryrec.evaluation.logs.base import LoggedDisplay
from cherryrec.events import instant

__all__ = ["DisplayWorld", "write_displays"]

BEGIN_S = 1_317_513_600.0
_TASTE = 2
"""The reader's feature that is 1 for one of the two tastes."""


@dataclass(frozen=True, slots=True)
class DisplayWorld:
    """A generated log with the chance of every click, those that could not be seen included.

    Parameters
    ----------
    seed
        Decides everything.
    n_displays
        Displays; at least 1.
    n_articles
        Articles over the whole time; at least twice `largest_pool`.
    smallest_pool, largest_pool
        Articles to draw from, 1 or more; every size in between is as likely.
    hours
        The log lasts; an article is in pools for about a fifth of it.
    rate
        About how likely a click is, above 0, at most 0.25.

    Examples
    --------
    >>> world = DisplayWorld(seed=1, n_displays=100)
    >>> display = world.displays()[0]
    >>> len(world.displays()), 4 <= len(display.pool) <= 8, display.displayed in display.pool
    (100, True, True)
    >>> 0.0 < world.chance(display, display.pool[0]) < 1.0
    True
    """

    seed: int
    n_displays: int
    n_articles: int = 60
    smallest_pool: int = 4
    largest_pool: int = 8
    hours: float = 24.0
    rate: float = 0.08
    _rates: dict[str, tuple[float, float, bool]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 0])
        born = np.linspace(-0.2, 1.0, self.n_articles, endpoint=False) * self.hours * 3_600.0
        rates = np.minimum(self.rate * rng.lognormal(0.0, 0.7, self.n_articles), 0.5)
        leanings = rng.random(self.n_articles) < 0.5
        found = {
            f"id-{500_000 + number}": (BEGIN_S + begin, rate, taste)
            for number, begin, rate, taste in zip(
                rng.permutation(self.n_articles).tolist(),
                born.tolist(),
                rates.tolist(),
                leanings.tolist(),
                strict=True,
            )
        }
        object.__setattr__(self, "_rates", found)

    def chance(self, display: LoggedDisplay, article: str) -> float:
        """Return how likely the reader of a display clicks an article that is shown, 0 to 1."""
        begin, rate, taste = self._rates[article]
        age = max(display.shown_at - begin, 0.0) / (0.2 * self.hours * 3_600.0)
        likes = taste == any(number == _TASTE for number, _ in display.user)
        return rate * float(2.0**-age) * (1.4 if likes else 0.6)

    def displays(self) -> list[LoggedDisplay]:
        """Return the log."""
        rng = np.random.default_rng([self.seed, 1])
        step_s = self.hours * 3_600.0 / self.n_displays
        ids = list(self._rates)  # by birth
        born = [begin for begin, _, _ in self._rates.values()]
        found = []
        for n in range(self.n_displays):
            shown_at = float(int(BEGIN_S + n * step_s))
            n_born = bisect_right(born, shown_at)
            size = int(rng.integers(self.smallest_pool, self.largest_pool + 1))
            recent = ids[max(n_born - max(self.n_articles // 5, size), 0) : n_born]
            pool = tuple(recent[k] for k in rng.permutation(len(recent))[:size])
            user = ((1, 1.0), (_TASTE, 1.0)) if rng.random() < 0.5 else ((1, 1.0), (3, 1.0))
            drawn = pool[int(rng.integers(len(pool)))]
            shown = LoggedDisplay(str(n), shown_at, pool, drawn, False, user)
            is_clicked = bool(rng.random() < self.chance(shown, drawn))
            found.append(LoggedDisplay(str(n), shown_at, pool, drawn, is_clicked, user))
        return found


def write_displays(world: DisplayWorld, folder: str | Path) -> int:
    """Write a world's log as R6B's files of days; return its displays.

    Examples
    --------
    >>> import tempfile
    >>> from cherryrec.evaluation.logs import LogSource
    >>> temporary = tempfile.TemporaryDirectory()
    >>> write_displays(DisplayWorld(seed=1, n_displays=100), temporary.name)
    100
    >>> log = LogSource(Path(temporary.name)).open()
    >>> log.title, sum(1 for _ in log.displays())
    ('Yahoo! R6B', 100)
    >>> temporary.cleanup()
    """
    by_day: dict[str, list[str]] = {}
    for display in world.displays():
        day = f"{instant(display.shown_at):%Y%m%d}"
        user = " ".join(str(number) for number, _ in display.user)
        pool = " ".join(f"|{article}" for article in display.pool)
        line = f"{display.shown_at:.0f} {display.displayed} {int(display.is_clicked)} |user {user}"
        by_day.setdefault(day, []).append(f"{line} {pool}\n")
    Path(folder).mkdir(parents=True, exist_ok=True)
    for day, lines in by_day.items():
        path = Path(folder) / f"ydata-fp-td-clicks-v2_0.{day}"
        path.write_text("".join(lines), encoding="utf-8")
    return world.n_displays
