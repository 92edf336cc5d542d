"""Who clicked what they were shown: open requests labelled, and again until windows end."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from cherryrec.catalogue import Catalogue
from cherryrec.events import Click, FeedbackTick, Impression, SlateLabelled, seconds
from cherryrec.exposures import note_clicked, note_labelled, note_shown
from cherryrec.features import set_of_width
from cherryrec.feedback import (
    FeedbackConfig,
    ended,
    entry_of,
    example_of,
    is_correctable,
    labelled,
    last_s,
    n_clicked,
    name_of,
    note_click,
    note_impression,
    note_opened,
    opened_with,
    settled,
    without_request,
)
from cherryrec.open_requests import (
    Frozen,
    OpenRequest,
    OpenRequests,
    opened,
)
from cherryrec.pipeline.effects import Closed, Effects, Pending, Position, Send
from cherryrec.pipeline.users import User, Users
from cherryrec.pipeline.windows import Windows
from cherryrec.stored_requests import (
    REACHED_KEY,
    decode_open,
    decode_reached,
    from_first_version,
    is_first_version,
    owner_of,
)

__all__ = ["Attribution"]


class Attribution:
    """The feedback join over all partitions of a worker: `feedback` on stored requests.

    Parameters
    ----------
    config
        The attribution window.
    users
        Where the requests are whose windows end.
    catalogue
        What is known of the articles shown.
    """

    def __init__(self, config: FeedbackConfig, users: Users, catalogue: Catalogue) -> None:
        self.config = config
        self.users = users
        self.catalogue = catalogue
        self._windows: dict[int, Windows] = {}
        # Ended requests whose labels are on their way: how many clicks these knew of.
        self._sent: dict[tuple[int, str, str], int] = {}

    @property
    def newest_s(self) -> float:
        """The newest event time of impressions and clicks; 0 before any."""
        return max((windows.newest_s for windows in self._windows.values()), default=0.0)

    def answered(self, partition: int, user_id: str, entry: OpenRequest) -> None:
        """Note when an answered or shown request will end."""
        self._of(partition).open(user_id, ends_s=last_s(entry, self.config))

    def ranked(self, user: User, entry: OpenRequest, frozen: Frozen) -> User:
        """Open an answered request; an impression of it that was read before opens its window."""
        place = user.partition, user.user_id
        state = opened_with(user.requests, entry, self.config)
        reached_s = self._of(user.partition).reached_s
        state, shown = note_opened(
            state, entry, self.config, user.profile.history, reached_s=reached_s
        )
        self.answered(*place, shown or entry)
        return user.with_requests(state, {entry.request_id: frozen})

    def impression(self, at: Position, impression: Impression, user: User) -> User:
        """Open the attribution window of the request an impression shows."""
        state, history = user.requests, user.profile.history
        shown_s = seconds(impression.shown_at)
        changed, shown = note_impression(state, impression, self.config, history)
        early = [past.article_id for past in history if past.clicked_s >= shown_s]
        exposures = note_shown(
            state.exposures,
            self.catalogue.keys(self.catalogue.rows(impression.articles, shown_s)),
            shown_s,
            offset=at.offset,
            clicked=self.catalogue.keys(self.catalogue.known_rows(early)),
        )
        if shown is not None:
            self.answered(at.partition, user.user_id, shown)
        self._of(at.partition).reach("impressions", shown_s)
        return user.with_requests(msgspec.structs.replace(changed, exposures=exposures))

    def click(self, at: Position, click: Click, user: User) -> tuple[User, list[Send]]:
        """Label the exposure a click belongs to; return what corrects labels sent before.

        A click read again after a crash corrects them again: its state may have been safe before
        the correction was.
        """
        state, user_id = user.requests, user.user_id
        alone = opened(state, name_of("click", click.event_id))
        if alone is not None:
            self.answered(at.partition, user_id, alone)
        changed = note_click(state, click, self.config)
        keys = self.catalogue.keys(self.catalogue.known_rows([click.article_id])).tolist()
        clicked_s = seconds(click.clicked_at)
        exposures = note_clicked(state.exposures, keys[0] if keys else None, clicked_s)
        changed = msgspec.structs.replace(changed, exposures=exposures)
        corrections: list[Send] = []
        entry = entry_of(state, click, self.config)
        if entry is not None:
            before = labelled(state, entry, self.config)
            after = opened(changed, entry.request_id)
            assert after is not None, "a click changes entries where they stand"
            after = labelled(changed, after, self.config)
            n_sent = self._sent.get((at.partition, user_id, entry.request_id), entry.n_labelled)
            if n_sent is not None:
                # Its own article may be there already, read before a crash.
                is_correction = n_sent > 0 or bool({*before.clicked} - {click.article_id})
                frozen = user.frozen_of(entry.request_id)
                corrections = self._labels(user_id, after, frozen, is_correction=is_correction)
            if entry.is_labelled and after.clicked != before.clicked:
                changed = self._counted(changed, before, sign=-1.0)
                changed = self._counted(changed, after)
        self._of(at.partition).reach("clicks", clicked_s)
        return user.with_requests(changed), corrections

    def reach(self, partition: int, topic: str, time_s: float) -> None:
        """Let event time reach an event's that is of no user any more."""
        self._of(partition).reach(topic, time_s)

    def tick(self, tick: FeedbackTick) -> None:
        """Let event time reach the tick's on its partition."""
        for topic in ("impressions", "clicks"):
            self._of(tick.partition).reach(topic, seconds(tick.time))

    def closing(self, effects: Effects, partition: int) -> Effects:
        """Add the examples of what is to be labelled, and what has ended."""
        windows = self._of(partition)
        for user_id in dict.fromkeys(windows.ended()):
            state = self.users.requests(partition, user_id)
            for entry in ended(state, before_s=windows.reached_s, config=self.config):
                place = (partition, user_id, entry.request_id)
                if entry.is_labelled or entry.shown_s is None:
                    effects.closed.append(Closed(*place))
                elif place not in self._sent:
                    entry = labelled(state, entry, self.config)  # noqa: PLW2901
                    frozen = self.users.frozen(*place)
                    n_clicks = self._sent[place] = n_clicked(entry, frozen)
                    effects.sends += self._labels(user_id, entry, frozen)
                    effects.closed.append(Closed(*place, n_clicks))
        return effects

    def forget(self, closed: Iterable[Closed]) -> None:
        """Drop ended requests whose examples are safe, or keep them for a late click.

        Only where one may come: a request that was shown, once.
        """
        for one in closed:
            self._sent.pop((one.partition, one.user_id, one.request_id), None)
            state = before = self.users.requests(one.partition, one.user_id)
            entry = opened(state, one.request_id)
            if entry is None:
                continue
            entry = labelled(state, entry, self.config)
            if one.n_clicks is not None:
                state = self._counted(state, entry)
            if one.n_clicks is None or not is_correctable(entry, self.config):
                state = without_request(state, one.request_id, self.config)
            else:
                entry = msgspec.structs.replace(entry, n_labelled=one.n_clicks)
                state = settled(state, entry, self.config)
                self.answered(one.partition, one.user_id, entry)
            self.users.keep_requests(one.partition, one.user_id, before, state)

    def keep_reached(self, partition: int) -> None:
        """Store the event time that a partition has reached, as part of what is acknowledged.

        What decides whether a window has ended outlives a crash so: a successor that began at no
        time at all took events for early ones that came when their slate was labelled already.
        """
        times = self._of(partition).times
        if any(times):
            self.users.keep_reached(partition, times)

    def restore(self, partition: int, requests: Iterable[tuple[str, bytes]]) -> list[Pending]:
        """Rebuild a partition's windows from what is stored; return the requests still pending.

        Records of the first version are written as they are now, and what is frozen of a request
        that no record names is dropped: it was written just before a crash that lost the record.
        """
        windows = self._windows[partition] = Windows()
        self._sent = {place: n for place, n in self._sent.items() if place[0] != partition}
        pending = []
        frozen: set[tuple[str, str]] = set()
        named: set[tuple[str, str]] = set()
        for key, raw in requests:
            if key == REACHED_KEY:
                impressions_s, clicks_s = decode_reached(raw)
                windows.reach("impressions", impressions_s)
                windows.reach("clicks", clicks_s)
                continue
            user_id, request_id = owner_of(key)
            if request_id is not None:
                frozen.add((user_id, request_id))
                continue
            if is_first_version(raw):
                state, features = from_first_version(raw)
                self.users.rewrite(partition, user_id, state, features)
            else:
                state = decode_open(raw)
            for entry in state.entries:
                named.add((user_id, entry.request_id))
                if entry.expires_at is None:
                    self.answered(partition, user_id, entry)
                else:
                    pending.append(Pending(entry.expires_at, partition, user_id, entry.request_id))
        for user_id, request_id in sorted(frozen - named):
            self.users.drop_frozen(partition, user_id, request_id)
        return sorted(pending)

    def _counted(
        self, state: OpenRequests, ended: OpenRequest, *, sign: float = 1.0
    ) -> OpenRequests:
        """Count an ended request's labels into what the user clicks, by category."""
        if not ended.shown or not ended.clicked:
            return state
        row_of = self.catalogue.row_of
        known = [article for article in ended.shown if article in row_of]
        clicked = np.array([article in ended.clicked for article in known], bool)
        if not clicked.any():
            return state
        codes = self.catalogue.category[[row_of[article] for article in known]]
        categories = self.catalogue.categories.keys(codes)
        exposures = note_labelled(state.exposures, categories, clicked, sign=sign)
        return msgspec.structs.replace(state, exposures=exposures)

    def _labels(
        self, user_id: str, entry: OpenRequest, frozen: Frozen, *, is_correction: bool = False
    ) -> list[Send]:
        """Say what is known to be clicked of a request: to the learner, and to every worker."""
        feature_set = set_of_width(frozen.feature_array().shape[1])
        example = example_of(entry, frozen, user_id=user_id, feature_set=feature_set)
        if example is None or example.origin not in self.config.learn_from:
            return []
        if example.origin == "click":  # there is no slate
            return [Send("examples", user_id, example)]
        row_of = self.catalogue.row_of
        rows = np.array([row_of.get(article, -1) for article in example.articles], np.intp)
        sentences = self.catalogue.sentences
        if frozen.reader and frozen.sentence_model == sentences.model:
            example = msgspec.structs.replace(
                example,
                reader=frozen.reader,
                titles=sentences.directions(rows).tobytes(),
                sentence_model=sentences.model,
            )
        codes = np.where(rows >= 0, self.catalogue.category[rows], 0)
        shadow = frozen.shadow
        if shadow is not None:
            place = {article: index for index, article in enumerate(frozen.articles)}
            shadow = shadow.of(np.array([place[a] for a in example.articles], np.intp))
        labelled = SlateLabelled(
            slate_id=entry.request_id,
            shown_at=example.shown_at,
            articles=example.articles,
            clicked=example.clicked,
            categories=tuple(self.catalogue.categories.names(codes)),
            is_correction=is_correction,
            origin=example.origin,
            is_given=entry.is_given,
            shadow=shadow,
        )
        return [
            Send("examples", user_id, example),
            Send("labelled-slates", labelled.slate_id, labelled),
        ]

    def _of(self, partition: int) -> Windows:
        windows = self._windows.get(partition)
        if windows is None:
            windows = self._windows[partition] = Windows()
        return windows
