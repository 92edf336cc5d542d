"""Replay of a log of clicks alone: protocol C before each click, then the click.

Such a log tells neither what was shown nor when an article was published. Its first click is taken
for its publication: the article's message follows that click's request, with that time, so that
the article is live from the next request on and not before. What the log says of it (Adressa's
titles, Globo's sections) goes with that message; an article it says nothing of has no text and one
category, all alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from cherryrec.evaluation.logs.base import LoggedClick
from cherryrec.evaluation.mind_rows import MindArticle
from cherryrec.evaluation.replay.messages import INSTANT_S, article_of
from cherryrec.evaluation.replay.process import PARTITION, ReplayedSystem
from cherryrec.evaluation.retrieval import Moment, RetrievalJudge
from cherryrec.events import ArticlePublished, Click, instant, seconds

__all__ = ["ClickReplay"]


@dataclass(frozen=True, slots=True)
class _Delayed:
    """A click that becomes known at a time."""

    known_s: float
    moment: Moment
    click: Click


class ClickReplay(ReplayedSystem):
    """Runs a log of clicks through one system; parameters as for `ReplayedSystem`."""

    def run(
        self,
        clicks: Iterable[LoggedClick],
        retrieval: RetrievalJudge,
        progress: Callable[[int], None] | None = None,
        *,
        articles: Mapping[str, MindArticle] | None = None,
    ) -> None:
        """Replay clicks in time order, judging the catalogue before each.

        Parameters
        ----------
        clicks
            By time; those of one time follow each other by microseconds.
        retrieval
            Where ranks are kept.
        progress
            Called with 1 after each click.
        articles
            What the log says of articles, by id; None where it says nothing.
        """
        described = articles or {}
        delayed: deque[_Delayed] = deque()
        published: set[str] = set()
        last_s = 0.0
        for logged in clicks:
            last_s = max(logged.clicked_at, last_s + 2 * INSTANT_S)
            moment = _moment(logged, seconds(instant(last_s)))
            self._learn_known(delayed, moment.time_s, retrieval)
            profile = self.pipeline.users.profile(PARTITION, moment.user_id)
            self._check_times(moment.request, profile)
            self.pipeline.catalogue.sum_up()  # the requests that are judged are all there are
            retrieval.rank(self.pipeline, PARTITION, moment)
            if logged.article_id not in published:
                published.add(logged.article_id)
                self.send(_article(logged.article_id, described, moment.time_s))
            click = _click(logged, moment.time_s)
            delayed.append(_Delayed(moment.time_s + self.label_delay_s, moment, click))
            if self.label_delay_s == 0:
                self._learn_known(delayed, moment.time_s, retrieval)
            if progress is not None:
                progress(1)

    def _learn_known(self, delayed: deque[_Delayed], now: float, retrieval: RetrievalJudge) -> None:
        """Deliver the clicks that are known by `now`."""
        while delayed and delayed[0].known_s <= now:
            known = delayed.popleft()
            self._deliver([known.click], known.known_s)
            retrieval.learn(known.moment)


def _moment(logged: LoggedClick, time_s: float) -> Moment:
    """Return the request that is made just before a click."""
    return Moment(logged.click_id, logged.user_id, time_s, clicked=(logged.article_id,))


def _article(
    article_id: str, described: Mapping[str, MindArticle], time_s: float
) -> ArticlePublished:
    """Return the message of an article at its first click."""
    article = described.get(article_id) or MindArticle(article_id, "", None, "", "", "", ())
    return msgspec.structs.replace(article_of(article), published_at=instant(time_s))


def _click(logged: LoggedClick, time_s: float) -> Click:
    """Return a click's message."""
    return Click(
        event_id=logged.click_id,
        user_id=logged.user_id,
        article_id=logged.article_id,
        clicked_at=instant(time_s),
    )
