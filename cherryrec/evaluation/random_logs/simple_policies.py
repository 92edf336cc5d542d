"""What any policy must beat: chance, the newest article, the one clicked most often.

Ties go by a hash of display and article, so that neither ids nor the order of a pool decide.
"""

from __future__ import annotations

from cherryrec.evaluation.random_logs.policy import Question
from cherryrec.text import stable_hash

__all__ = ["NewestPolicy", "PopularPolicy", "RandomPolicy"]


class RandomPolicy:
    """Draws anew what the log drew: its estimates must agree with the log's own rate.

    Parameters
    ----------
    seed
        Of the draws.

    Examples
    --------
    >>> question = Question("1", 60.0, ("a", "b"))
    >>> RandomPolicy(seed=3).choose(question) == RandomPolicy(seed=3).choose(question)
    True
    """

    name = "random"

    def __init__(self, *, seed: int = 0) -> None:
        self._salt = f"random {seed}"

    def choose(self, question: Question) -> str:
        """Return each article of the pool with the same chance."""
        return min(question.pool, key=lambda article: _tie(question, article, self._salt))

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        """Chance has no memory."""


class NewestPolicy:
    """Chooses the article that came into the pools last.

    Pools are known before each display, whatever was displayed: first sight in one stands for
    publication. Holds one time for each article of the log.

    Examples
    --------
    >>> policy = NewestPolicy()
    >>> policy.choose(Question("1", 60.0, ("a",))), policy.choose(Question("2", 90.0, ("a", "b")))
    ('a', 'b')
    """

    name = "newest"

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def choose(self, question: Question) -> str:
        """Return the article that was first seen last."""
        for article in question.pool:
            self._since.setdefault(article, question.asked_at)
        return max(question.pool, key=lambda a: (self._since[a], _tie(question, a)))

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        """First sights are all it goes by."""


class PopularPolicy:
    """Chooses by smoothed click-through rate, of its own displays alone, recent ones before others.

    An article with decayed clicks c and displays n has (c + 1) / (n + `prior_displays`): one that
    was never displayed stands high enough to be tried. Holds three numbers for each article.

    Parameters
    ----------
    half_life_s
        Seconds for a display to halve; above 0.
    prior_displays
        Displays that the one click of the start counts for; above 0.

    Examples
    --------
    A click of one display is 2 / 21, none of none 1 / 20, none of one 1 / 21:

    >>> policy = PopularPolicy(prior_displays=20.0)
    >>> question = Question("1", 60.0, ("a", "b", "c"))
    >>> policy.learn(question, "b", is_clicked=True)
    >>> policy.learn(question, "c", is_clicked=False)
    >>> policy.choose(question), policy.choose(Question("2", 60.0, ("a", "c")))
    ('b', 'a')
    """

    name = "popular"

    def __init__(self, *, half_life_s: float = 86_400.0, prior_displays: float = 20.0) -> None:
        self._half_life_s = half_life_s
        self._prior = prior_displays
        self._counts: dict[str, tuple[float, float, float]] = {}  # clicks, displays, as of

    def choose(self, question: Question) -> str:
        """Return the article with the highest rate."""
        return max(question.pool, key=lambda a: (self._rate(a, question), _tie(question, a)))

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        """Count a display and its click."""
        clicks, shown = self._decayed(chosen, question.asked_at)
        self._counts[chosen] = (clicks + is_clicked, shown + 1.0, question.asked_at)

    def _rate(self, article: str, question: Question) -> float:
        clicks, shown = self._decayed(article, question.asked_at)
        return (clicks + 1.0) / (shown + self._prior)

    def _decayed(self, article: str, now: float) -> tuple[float, float]:
        clicks, shown, as_of = self._counts.get(article, (0.0, 0.0, now))
        kept: float = 2.0 ** (-max(now - as_of, 0.0) / self._half_life_s)
        return clicks * kept, shown * kept


def _tie(question: Question, article: str, salt: str = "") -> int:
    """Return what decides between equals."""
    return stable_hash(f"{salt} {question.display_id} {article}")
