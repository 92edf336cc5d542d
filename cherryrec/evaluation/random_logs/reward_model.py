"""What a click is worth before it is seen: the model that the doubly robust estimator leans on.

It is no policy: it chooses nothing, so it may learn from every display, the matched and the others,
but only after the display was judged. An estimate made with a model of the past stays unbiased
however wrong the model is; a good one makes it narrower.
"""

from __future__ import annotations

__all__ = ["ArticleRates"]


class ArticleRates:
    """Click-through rate of each article, shrunk towards the rate of all.

    An article with c clicks of n displays, at a rate of all of m, has (c + k m) / (n + k), where k
    is `prior_displays`. Holds two counts for each article of the log.

    Parameters
    ----------
    prior_displays
        Displays that the rate of all counts for; above 0.

    Examples
    --------
    Two displays, one click, m = 1 / 2; the article clicked has (1 + 10 / 2) / (1 + 10), another
    has m:

    >>> rates = ArticleRates(prior_displays=10.0)
    >>> rates.learn("a", is_clicked=True)
    >>> rates.learn("b", is_clicked=False)
    >>> round(rates.predict("a"), 4) == round(6 / 11, 4), rates.predict("c")
    (True, 0.5)
    """

    def __init__(self, *, prior_displays: float = 100.0) -> None:
        self._prior = prior_displays
        self._counts: dict[str, tuple[int, int]] = {}  # clicks, displays
        self._n_clicks = self._n_displays = 0

    def predict(self, article: str) -> float:
        """Return the expected click-through rate, 0 to 1; 0 before the first display."""
        rate = self._n_clicks / self._n_displays if self._n_displays else 0.0
        clicks, shown = self._counts.get(article, (0, 0))
        return (clicks + self._prior * rate) / (shown + self._prior)

    def learn(self, article: str, *, is_clicked: bool) -> None:
        """Count a display and its click."""
        clicks, shown = self._counts.get(article, (0, 0))
        self._counts[article] = (clicks + is_clicked, shown + 1)
        self._n_clicks += is_clicked
        self._n_displays += 1
