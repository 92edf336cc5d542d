"""CherryRec as a policy: the first of the slate that it makes of a pool.

Articles are published just before the first pool that holds them, without text, as the log has
none. The log names no readers: each display is a reader of its own, without history, who is
forgotten after it, so that memory does not grow with the log. Of a choice that was displayed the
system is sent the impression of that one article and its click, by the messages that a site would
send; of any other choice it is sent nothing, and the request is forgotten with its reader.

Every pool is given, so that nobody asks what KnRS would keep of a catalogue: for that it draws next
to nothing to learn from, which is a third of what a request costs and changes no choice.
"""

from __future__ import annotations

from dataclasses import replace

from cherryrec.evaluation.random_logs.policy import Question
from cherryrec.evaluation.replay.messages import INSTANT_S, UNKNOWN
from cherryrec.evaluation.replay.process import ReplayedSystem
from cherryrec.events import (
    ArticlePublished,
    Click,
    Impression,
    RecommendationRequest,
    instant,
    seconds,
)
from cherryrec.pipeline import PipelineConfig
from cherryrec.system import PARTITION

__all__ = ["OurPolicy"]


class OurPolicy:
    """The whole system in this process, asked for one article of a pool.

    Parameters
    ----------
    config
        Settings of the pipeline; absent, the defaults.

    Examples
    --------
    >>> policy = OurPolicy()
    >>> question = Question("1", 1.2e9, ("a", "b"))
    >>> chosen = policy.choose(question)
    >>> chosen in question.pool
    True
    >>> policy.learn(question, chosen, is_clicked=True)
    """

    name = "CherryRec"

    def __init__(self, config: PipelineConfig | None = None) -> None:
        config = config or PipelineConfig()
        knrs = replace(config.knrs, rivals_share=0.0, n_others=1)
        self.system = ReplayedSystem(replace(config, knrs=knrs))
        self._published: set[str] = set()
        self._last_s = 0.0
        self._reader: str | None = None

    def choose(self, question: Question) -> str:
        """Return the article that the system places first."""
        self._forget_last()
        self._last_s = max(question.asked_at, self._last_s + 2 * INSTANT_S)
        time = instant(self._last_s)
        self._last_s = seconds(time)
        for article in question.pool:
            if article not in self._published:
                self._published.add(article)
                self.system.send(
                    ArticlePublished(
                        article_id=article,
                        title="",
                        category=UNKNOWN,
                        published_at=instant(self._last_s - INSTANT_S),
                    )
                )
        request = RecommendationRequest(
            request_id=question.display_id,
            user_id=question.display_id,
            requested_at=time,
            slate_size=1,
            candidates=question.pool,
        )
        self._reader = question.display_id
        slate = self.system.recommend(request).slate
        assert slate, "every article of the pool was sent, so that one is placed"
        return slate[0].article_id

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        """Send the display and its click."""
        time = instant(self._last_s)
        self.system.send(
            Impression(
                impression_id=question.display_id,
                user_id=question.display_id,
                articles=(chosen,),
                shown_at=time,
                request_id=question.display_id,
            )
        )
        if is_clicked:
            self.system.send(
                Click(
                    event_id=question.display_id,
                    user_id=question.display_id,
                    article_id=chosen,
                    clicked_at=time,
                    impression_id=question.display_id,
                )
            )
        self.system.advance(self._last_s + INSTANT_S)

    def _forget_last(self) -> None:
        """Keep nothing of the reader of the display before, who never comes back."""
        if self._reader is not None:
            self.system.pipeline.users.erase(PARTITION, self._reader)
