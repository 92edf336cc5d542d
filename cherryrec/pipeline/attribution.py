"""Who clicked what they were shown: open requests labelled until their windows end."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from cherryrec.catalogue import Catalogue
from cherryrec.events import Click, FeedbackTick, Impression, SlateLabelled, seconds
from cherryrec.exposures import note_clicked, note_labelled, note_shown
from cherryrec.features import FEATURE_SET
from cherryrec.feedback import (
    FeedbackConfig,
    ended,
    example_of,
    last_s,
    note_click,
    note_impression,
)
from cherryrec.open_requests import (
    OpenRequest,
    OpenRequests,
    decode_open,
    opened,
    with_entry,
    without,
)
from cherryrec.pipeline.effects import Closed, Effects, Pending, Send
from cherryrec.pipeline.users import Users
from cherryrec.pipeline.windows import Windows

__all__ = ["Attribution"]


class Attribution:
    """The feedback join over all partitions of a worker: `feedback` on stored requests.

    Parameters
    ----------
    config
        The attribution window.
    users
        Where the open requests are.
    catalogue
        What is known of the articles shown.
    """

    def __init__(self, config: FeedbackConfig, users: Users, catalogue: Catalogue) -> None:
        self.config = config
        self.users = users
        self.catalogue = catalogue
        self._windows: dict[int, Windows] = {}

    @property
    def newest_s(self) -> float:
        """The newest event time of impressions and clicks; 0 before any."""
        return max((windows.newest_s for windows in self._windows.values()), default=0.0)

    def answered(self, partition: int, user_id: str, entry: OpenRequest) -> None:
        """Note when an answered or shown request will end."""
        self._of(partition).open(user_id, ends_s=last_s(entry, self.config))

    def impression(self, partition: int, impression: Impression) -> None:
        """Open the attribution window of the request an impression shows."""
        state = self.users.requests(partition, impression.user_id)
        shown_s = seconds(impression.shown_at)
        changed, shown = note_impression(state, impression, self.config)
        keys = self.catalogue.keys(self.catalogue.rows(impression.articles, shown_s))
        exposures = note_shown(state.exposures, keys, shown_s)
        changed = msgspec.structs.replace(changed, exposures=exposures)
        self.users.keep_requests(partition, impression.user_id, changed)
        if shown is not None:
            self.answered(partition, impression.user_id, shown)
        self._of(partition).reach("impressions", shown_s)

    def click(self, partition: int, click: Click) -> list[Send]:
        """Label the exposure a click belongs to; return what corrects labels sent before."""
        state = self.users.requests(partition, click.user_id)
        changed = note_click(state, click, self.config)
        corrections: list[Send] = []
        if changed is not state:
            rows = self.catalogue.known_rows([click.article_id])
            for key in self.catalogue.keys(rows).tolist():
                exposures = note_clicked(changed.exposures, key)
                changed = msgspec.structs.replace(changed, exposures=exposures)
            for before, after in zip(state.entries, changed.entries, strict=True):
                if before is not after and after.is_labelled:
                    corrections += _labels(click.user_id, after)
                    changed = self._counted(changed, before, sign=-1.0)
                    changed = self._counted(changed, after)
            self.users.keep_requests(partition, click.user_id, changed)
        self._of(partition).reach("clicks", seconds(click.clicked_at))
        return corrections

    def tick(self, tick: FeedbackTick) -> None:
        """Let event time reach the tick's on its partition."""
        for topic in ("impressions", "clicks"):
            self._of(tick.partition).reach(topic, seconds(tick.time))

    def closing(self, effects: Effects, partition: int) -> Effects:
        """Add the examples of windows that have ended."""
        windows = self._of(partition)
        for user_id in dict.fromkeys(windows.ended()):
            state = self.users.requests(partition, user_id)
            for entry in ended(state, before_s=windows.reached_s, config=self.config):
                effects.closed.append(Closed(partition, user_id, entry.request_id))
                if not entry.is_labelled:
                    effects.sends += _labels(user_id, entry)
        return effects

    def forget(self, closed: Iterable[Closed]) -> None:
        """Drop ended requests whose examples are safe, or keep them for a late click.

        Only where one may come: a request that was shown, once.
        """
        for one in closed:
            state = self.users.requests(one.partition, one.user_id)
            entry = opened(state, one.request_id)
            if entry is None:
                continue
            kept = state if entry.is_labelled else self._counted(state, entry)
            if entry.is_labelled or entry.shown_s is None or not self.config.correction_s:
                kept = without(kept, one.request_id)
            else:
                entry = msgspec.structs.replace(entry, is_labelled=True)
                kept = with_entry(kept, entry)
                self.answered(one.partition, one.user_id, entry)
            self.users.keep_requests(one.partition, one.user_id, kept)

    def restore(self, partition: int, requests: Iterable[tuple[str, bytes]]) -> list[Pending]:
        """Rebuild a partition's windows from its open requests; return those still pending."""
        self._windows[partition] = Windows()
        pending = []
        for user_id, raw in requests:
            for entry in decode_open(raw).entries:
                if entry.expires_at is None:
                    self.answered(partition, user_id, entry)
                else:
                    pending.append(Pending(entry.expires_at, partition, user_id, entry.request_id))
        return sorted(pending)

    def _counted(
        self, state: OpenRequests, ended: OpenRequest, *, sign: float = 1.0
    ) -> OpenRequests:
        """Count an ended request's labels into what the user clicks, by category."""
        if not ended.shown or not ended.clicked:
            return state
        rows = self.catalogue.known_rows(ended.shown)
        clicked = np.isin(rows, self.catalogue.known_rows(ended.clicked))
        if not clicked.any():
            return state
        categories = self.catalogue.categories.keys(self.catalogue.category[rows])
        exposures = note_labelled(state.exposures, categories, clicked, sign=sign)
        return msgspec.structs.replace(state, exposures=exposures)

    def _of(self, partition: int) -> Windows:
        windows = self._windows.get(partition)
        if windows is None:
            windows = self._windows[partition] = Windows()
        return windows


def _labels(user_id: str, entry: OpenRequest) -> list[Send]:
    """Say what is known to be clicked of a request: to the learner, and to every worker."""
    example = example_of(entry, user_id=user_id, feature_set=FEATURE_SET)
    if example is None:
        return []
    labelled = SlateLabelled(
        slate_id=entry.request_id,
        shown_at=example.shown_at,
        articles=example.articles,
        clicked=example.clicked,
    )
    return [
        Send("examples", user_id, example),
        Send("labelled-slates", labelled.slate_id, labelled),
    ]
