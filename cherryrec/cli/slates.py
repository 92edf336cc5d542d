"""A slate as lines of text: what is in it, and why."""

from __future__ import annotations

from collections.abc import Mapping

from cherryrec.events import OTHERS, Recommendation, Recommended

__all__ = ["reasons", "slate_lines"]

_TITLE_WIDTH = 44


def slate_lines(recommendation: Recommendation, titles: Mapping[str, str]) -> list[str]:
    """Return a line an article: position, title, score, and its largest contributions.

    Parameters
    ----------
    recommendation
        The slate.
    titles
        Article id → text to show; the id where there is none.
    """
    lines = [f"   {'article':{_TITLE_WIDTH}}   score  CnLE  because"]
    for item in recommendation.slate:
        title = titles.get(item.article_id, item.article_id)[:_TITLE_WIDTH]
        evaluation = "   -" if item.evaluation is None else f"{item.evaluation:4.2f}"
        lines.append(
            f"{item.position + 1:2d} {title:{_TITLE_WIDTH}}  {item.score:+6.2f}  {evaluation}  "
            f"{reasons(item)}"
        )
    if recommendation.degraded is not None:
        lines.append(f"   degraded: {recommendation.degraded}")
    return lines


def reasons(item: Recommended, n: int = 3) -> str:
    """Return the n contributions that weigh most, as text.

    Examples
    --------
    >>> reasons(
    ...     Recommended(
    ...         article_id="a",
    ...         position=0,
    ...         score=0.5,
    ...         news_value=0.4,
    ...         contributions={"age": -0.25, "ctr_1h": 0.75},
    ...     )
    ... )
    'ctr_1h +0.75, age -0.25'
    """
    named = [pair for pair in item.contributions.items() if pair[0] != OTHERS]
    largest = sorted(named, key=lambda pair: (-abs(pair[1]), pair[0]))[:n]
    return ", ".join(f"{name} {value:+.2f}" for name, value in largest)
