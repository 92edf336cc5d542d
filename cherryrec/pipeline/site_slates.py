"""What the site shows beside CherryRec: its own slates, and clicks of which no slate is known.

Both are examples like a request's, if what is learned of them is what was known before them. So an
impression's features are frozen by the way that requests take, `open_request`, as of the time it
was shown, before its own views are counted; a click's before it is counted. Events after that time
may have been read first:

- The reader's own clicks since are taken out again, of the profile, of the exposures and of the
  counters: a label would be among the features of its own example otherwise.
- Other readers' views and clicks since stay. An event up to ten minutes behind the newest of them
  is taken as of its own time, as a request would be, one that is further behind as of that newest
  (`times.as_of`), and one that is over its attribution window behind is too late to be learned of.

Of a slate the first `MAX_FROZEN` articles are frozen, and of the others those that are clicked:
before or after it is read, by way of the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from cherryrec.catalogue import Catalogue
from cherryrec.catalogue.uncounted import without_clicks
from cherryrec.co_reads import CoReads
from cherryrec.events import (
    Click,
    Impression,
    Origin,
    RecommendationRequest,
    Shadow,
    instant,
    seconds,
)
from cherryrec.exposures import without_clicks as exposures_before
from cherryrec.features import columns_of, of_width
from cherryrec.feedback import entry_of, is_known, name_of, opened_with, shown_by
from cherryrec.knrs import KnrsConfig
from cherryrec.open_requests import MAX_OPEN, Frozen, OpenRequest
from cherryrec.pipeline.config import PipelineConfig
from cherryrec.pipeline.effects import Position, Taken
from cherryrec.pipeline.lessons import Lessons
from cherryrec.pipeline.models import Models
from cherryrec.pipeline.ranking import open_request, recommend
from cherryrec.pipeline.times import STALE_S
from cherryrec.pipeline.users import User
from cherryrec.profile.before import profile_before
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory
from cherryrec.text import stable_hash

__all__ = ["MAX_FROZEN", "SiteSlates"]

MAX_FROZEN = 256
"""Articles of one slate whose features are frozen when it is read, the first by position; clicked
ones beyond them are added."""

FINAL_SIZE = 20
"""Length of the slate for which KnRS is asked to choose from the whole catalogue."""

_HASHES = float(1 << 64)
_CONTEXT = columns_of("context")


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """When something is frozen, a reader as they were, and what they clicked since, by article."""

    time_s: float
    reader: Reader
    later: Mapping[str, float]


class SiteSlates:
    """Opens what the site's own events are learned by.

    Parameters
    ----------
    config
        What is learned from, and how profiles and metrics are made.
    catalogue, slates, co_reads
        The articles, the labelled slates of before, and what was read together.
    lessons
        Says what share of all draws rivals.
    """

    def __init__(
        self,
        config: PipelineConfig,
        catalogue: Catalogue,
        slates: SlateMemory,
        co_reads: CoReads,
        lessons: Lessons,
    ) -> None:
        self.config = config
        self.catalogue = catalogue
        self.slates = slates
        self.co_reads = co_reads
        self._lessons = lessons
        self._knrs_of_clicks = replace(config.knrs, rivals_share=config.knrs.click_rivals_share)

    def impression(
        self, at: Position, impression: Impression, user: User, models: Models
    ) -> tuple[User, Taken | None]:
        """Open a slate of the site's own, before anything of it is counted.

        Parameters
        ----------
        at, impression
            Where it stood, and the impression.
        user
            Who saw it, as before it.
        models
            What KnRS and VaNS have learned so far.

        Returns
        -------
        The user, and what became of the features; None where it shows a request of ours, or has
        been opened before: read again after a crash it changes nothing, as the offset of the last
        impression lies beside what that opened.
        """
        state = user.requests
        is_read = at.offset <= state.exposures.shown_offset
        if not self._learns_from("slate") or is_read or shown_by(state, impression) is not None:
            return user, None
        shown_s = seconds(impression.shown_at)
        if self._is_too_late(shown_s):
            return user, "too_late"
        history = user.profile.history
        clicked = {past.article_id for past in history if past.clicked_s >= shown_s}
        articles = impression.articles
        wanted = [a for k, a in enumerate(articles) if k < MAX_FROZEN or a in clicked]
        moment = self._moment(user, shown_s)
        entry, frozen = self._frozen(moment, models, wanted, name=impression.impression_id)
        if not frozen.articles:
            return user, "no_article"
        shadow = self._shadow(impression, entry, frozen, moment, models)
        frozen = msgspec.structs.replace(frozen, shadow=shadow)
        entry = msgspec.structs.replace(
            entry,
            request_id=name_of("slate", impression.impression_id),
            origin="slate",
            shows=impression.request_id or impression.impression_id,
        )
        state = opened_with(state, entry, self.config.feedback)
        return user.with_requests(state, {entry.request_id: frozen}), "frozen"

    def click(
        self, at: Position, click: Click, user: User, models: Models, *, counts: bool
    ) -> tuple[User, Taken | None]:
        """Freeze what a click adds, before it is counted.

        That is its own example where no slate is open that it may be of, and its article where it
        is of a long slate whose first articles only are frozen.

        Parameters
        ----------
        at, click
            Where it stood, and the click.
        user
            Who clicked, as before it; of one read again after a crash it is taken out.
        models
            What KnRS learned so far.
        counts
            Whether the click counts for everyone: one that does not is no example of its own.

        Returns
        -------
        The user, and what became of the features of a click alone; None of any other.
        """
        state = user.requests
        entry = entry_of(state, click, self.config.feedback)
        if entry is not None and click.article_id in entry.shown[MAX_FROZEN:]:
            known = user.frozen_of(entry.request_id)
            assert entry.shown_s is not None, "a click is of what was shown"
            is_open = entry.origin == "slate" and not self._is_too_late(entry.shown_s)
            if is_open and click.article_id not in known.articles:
                moment = self._moment(user, entry.shown_s)
                more = self._with_clicked(known, moment, models, click.article_id)
                user = user.with_requests(state, {entry.request_id: more})
        if not self._learns_from("click") or at.offset <= state.clicked_offset:
            return user, None
        taken: Taken | None = None
        n_others = sum(one.origin != "click" for one in state.entries)
        is_kept = counts and n_others < MAX_OPEN  # else it would leave at once
        if is_kept and not is_known(state, click, self.config.feedback):
            user, taken = self._alone(user, click, models)
        state = msgspec.structs.replace(user.requests, clicked_offset=at.offset)
        return user.with_requests(state), taken

    def _learns_from(self, origin: Origin) -> bool:
        return origin in self.config.feedback.learn_from

    def _is_too_late(self, time_s: float) -> bool:
        window_s = max(self.config.feedback.attribution_window_s, STALE_S)
        return self.catalogue.reached_s - time_s > window_s

    def _alone(self, user: User, click: Click, models: Models) -> tuple[User, Taken]:
        """Open a click by itself; it waits for its slate until its window ends."""
        clicked_s = seconds(click.clicked_at)
        if self._is_too_late(clicked_s):
            return user, "too_late"
        moment = self._moment(user, clicked_s)
        entry, frozen = self._frozen(
            moment, models, [click.article_id], name=click.event_id, knrs=self._knrs_of_clicks
        )
        if not frozen.articles:
            return user, "no_article"
        entry = msgspec.structs.replace(
            entry,
            request_id=name_of("click", click.event_id),
            origin="click",
            impression_id=click.impression_id,
            shown_s=clicked_s,
            clicked=(click.article_id,),
        )
        state = opened_with(user.requests, entry, self.config.feedback)
        return user.with_requests(state, {entry.request_id: frozen}), "frozen"

    def _with_clicked(
        self, frozen: Frozen, moment: _Moment, models: Models, article_id: str
    ) -> Frozen:
        """Add a clicked article beyond the first of a slate, as of when that was shown.

        How it would have been ranked among the others is not said: they stand in another slate.
        """
        _, one = self._frozen(moment, models, [article_id], name=article_id)
        if not one.articles:
            return frozen
        added = one.feature_array()  # (1, F)
        features = np.concatenate([of_width(frozen.feature_array(), added.shape[1]), added])
        features[-1, _CONTEXT] = features[0, _CONTEXT]  # the slate's, not its own
        return msgspec.structs.replace(
            frozen,
            articles=(*frozen.articles, article_id),
            features=features.tobytes(),
            metrics=frozen.metrics + one.metrics,
            signals=frozen.signals + one.signals,
            scores=b"",
            rivals=None,
            shadow=None,
        )

    def _moment(self, user: User, time_s: float) -> _Moment:
        """Return a reader as they were at a time, and what they clicked since."""
        catalogue, profile = self.catalogue, user.profile
        before = profile_before(
            profile,
            time_s,
            config=self.config.profile,
            embed=catalogue.embedding,
            topics=catalogue.topics,
        )
        exposures, later = user.requests.exposures, dict[str, float]()
        if before is not profile:
            read = {past.article_id for past in before.history}
            since = [v for v in profile.history if v.clicked_s >= time_s]
            later = {v.article_id: v.clicked_s for v in since if v.article_id not in read}
            keys = catalogue.keys(catalogue.known_rows([*later]))
            exposures = exposures_before(exposures, keys)
        behind_s = catalogue.reached_s - time_s
        now = time_s if behind_s <= STALE_S else catalogue.reached_s
        catalogue.release(now)
        return _Moment(now, Reader.of(before, catalogue, exposures), later)

    def _frozen(
        self,
        moment: _Moment,
        models: Models,
        articles: Sequence[str] | None,
        *,
        name: str,
        knrs: KnrsConfig | None = None,
    ) -> tuple[OpenRequest, Frozen]:
        """Freeze articles as a request for them would have; None: from the whole catalogue."""
        request = RecommendationRequest(
            request_id=name,
            user_id="-",
            requested_at=instant(moment.time_s),
            slate_size=FINAL_SIZE if articles is None else max(len(articles), 1),
            candidates=None if articles is None else tuple(articles),
        )
        with without_clicks(self.catalogue, moment.later):
            return open_request(
                self.catalogue,
                moment.reader,
                self.slates,
                request,
                config=knrs or self.config.knrs,
                models=models,
                co_reads=self.co_reads,
                taught_share=self._lessons.share(moment.time_s),
            )

    def _shadow(
        self,
        impression: Impression,
        entry: OpenRequest,
        frozen: Frozen,
        moment: _Moment,
        models: Models,
    ) -> Shadow | None:
        """Say of some slates how we would have ranked them, and of some what KnRS would keep.

        Which ones follows from their ids.
        """
        feedback = self.config.feedback
        drawn = stable_hash(impression.impression_id) / _HASHES
        if drawn >= max(feedback.shadow_share, feedback.recall_share):
            return None
        slate = recommend(
            self.catalogue,
            msgspec.structs.replace(entry, slate_size=len(frozen.articles)),
            frozen,
            models,
            user_id=impression.user_id,
            evaluation=None,
            degraded=None,
        )[0].slate
        rank = {item.article_id: item.position + 1 for item in slate}
        ranks = np.array([rank[article_id] for article_id in frozen.articles], "<i4")
        shadow = Shadow(ranks=ranks.tobytes(), version=models.version)
        if drawn >= feedback.recall_share:
            return shadow
        _, kept = self._frozen(moment, models, None, name=impression.impression_id)
        place = {article_id: k for k, article_id in enumerate(kept.articles)}
        places = np.array([place.get(article_id, -1) for article_id in frozen.articles], "<i4")
        return msgspec.structs.replace(shadow, places=places.tobytes(), n_kept=len(kept.articles))
