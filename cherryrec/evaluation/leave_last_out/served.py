"""CherryRec under protocol B: the system that serves, asked when each user's article was read.

Articles, histories and clicks of the dataset go through one system in the order of time, nothing
else of the log: no slates, no views. Just before the click that is asked for, its reader's request
comes, over the whole catalogue. Held-out articles are never sent, neither the reader's own nor
anyone's, and the models learn from clicks alone.

The other rankings are fitted on all of training at once; this one knows at each request what had
happened by then. An article is live from after the moment it was first offered or clicked, so that
what the slate of the wanted click brought is not live when it is asked for; those that only
histories have are live at the log's beginning, when histories are imported, as a site would, and
counted as pairs of articles that were read one after another. Systems without a part are asked
beside it, in the same pass (`ablation`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.leave_last_out.ablation import Ablation, parts_of, twenty
from cherryrec.evaluation.leave_last_out.dataset import LeaveLastOut, Split
from cherryrec.evaluation.leave_last_out.metrics import N_RETRIEVED
from cherryrec.evaluation.leave_last_out.moments import moments
from cherryrec.evaluation.mind_rows import MindArticle
from cherryrec.evaluation.replay.messages import INSTANT_S, article_of
from cherryrec.evaluation.replay.process import PARTITION, ReplayedSystem
from cherryrec.events import (
    MAX_CANDIDATES,
    Click,
    CoRead,
    Example,
    ProfileUpdate,
    RecommendationRequest,
    instant,
    seconds,
)
from cherryrec.knrs import contrasted
from cherryrec.pipeline import PipelineConfig, Send
from cherryrec.text import stable_hash

__all__ = ["ServedRanks", "ServedSequences", "WithoutRanks"]

Ranks = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class WithoutRanks:
    """Where each user's article stood without a part, 1 = best, 0 = not among them, (U,) each.

    Parameters
    ----------
    ranked, kept
        As in `ServedRanks`.
    """

    ranked: Ranks
    kept: Ranks


@dataclass(frozen=True, slots=True, eq=False)
class ServedRanks:
    """Where each user's article stood, 1 = best, 0 = not among them, (U,) each.

    Parameters
    ----------
    ranked
        Among the twenty that KnRS retrieves, in the order of the final score.
    retrieved
        Among the same twenty, in the order of KnRS.
    wide
        Among the twenty with the highest final score of all that KnRS keeps.
    kept
        Among all that KnRS keeps, in its order.
    n_kept, n_live
        How many were kept, and live and unread, (U,).
    without
        The same without each part that was left out, by its name.
    twenty
        Codes of the twenty, in the order of KnRS, (U, 20); -1 where there were fewer.
    """

    ranked: Ranks
    retrieved: Ranks
    wide: Ranks
    kept: Ranks
    n_kept: Ranks
    n_live: Ranks
    twenty: NDArray[np.int32]
    without: Mapping[str, WithoutRanks] = field(default_factory=dict)

    @classmethod
    def of_nobody(cls, n: int, parts: Sequence[str]) -> ServedRanks:
        """Return those of n users who were not asked yet."""

        def none() -> Ranks:
            return np.zeros(n, np.intp)

        without = {part: WithoutRanks(none(), none()) for part in parts}
        twenty_of_nobody = np.full((n, N_RETRIEVED), -1, np.int32)
        return cls(
            none(), none(), none(), none(), none(), none(), twenty_of_nobody, without=without
        )


class ServedSequences(ReplayedSystem):
    """Runs a dataset through one system, clicks known at once.

    Parameters
    ----------
    config
        Settings of the pipeline; no article is too old to be recommended, as the catalogue is the
        dataset's.
    ablate
        Parts to leave out in turn, by name (`ablation.parts_of`).
    """

    def __init__(self, config: PipelineConfig, *, ablate: Sequence[str] = ()) -> None:
        catalogue = replace(config.catalogue, max_age_s=float("inf"), requires_birth=False)
        super().__init__(replace(config, catalogue=catalogue))
        self._twenty = twenty(self.config.knrs)
        self._ablations = [Ablation(part, self.config) for part in parts_of(ablate, self.config)]
        if self._ablations:
            self.on_send = self._teach_ablations
        self._codes: dict[str, int] = {}

    def run(
        self,
        data: LeaveLastOut,
        split: Split,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> ServedRanks:
        """Send what is in training, and ask for what is held out.

        Parameters
        ----------
        data
            Users' sequences.
        split
            What is asked for; validation articles are sent where it is the test.
        progress
            Called with the number of clicks and requests that were sent.
        """
        n = len(data.users)
        found = ServedRanks.of_nobody(n, [one.part.name for one in self._ablations])
        self._codes = {article_id: code for code, article_id in enumerate(data.articles)}
        targets = [data.target(user, split) for user in range(n)]
        begin_s = float(data.first_rows_s.min())
        for code in np.flatnonzero(np.isnan(data.first_seen_s)).tolist():
            self._publish(data, code, begin_s)
        for user in range(n):
            self._import(data, user, len(data.read_before(user, split)), begin_s)
        last_s = begin_s
        for time_s, _, code, user in moments(data, split):
            last_s = max(time_s, last_s + 2 * INSTANT_S)
            if user < 0:
                self._publish(data, code, last_s)
                continue
            if code == targets[user]:
                self._ask(data, split, user, last_s, found)
            else:
                self._read(data, code, user, last_s)
            if progress is not None:
                progress(1)
        return found

    def _import(self, data: LeaveLastOut, user: int, n_sent: int, begin_s: float) -> None:
        """Send what is known of a user's reading before the log."""
        is_history = np.isnan(data.times_s[user][:n_sent])
        codes = data.sequences[user][:n_sent][is_history]
        history = tuple(data.articles[code] for code in codes.tolist())
        if not history:
            return
        time = instant(begin_s)
        imported = history[-MAX_CANDIDATES:]
        self.send(ProfileUpdate(user_id=data.users[user], updated_at=time, history=imported))
        n_reads = self.config.co_reads.n_reads
        for place in range(1, len(history)):
            pair = CoRead(
                event=stable_hash(f"{user}:{place}") >> 1,
                article_id=history[place],
                reads=history[max(0, place - n_reads) : place][::-1],
                clicked_at=time,
                begins_session=False,
            )
            self.pipeline.co_read(pair)

    def _publish(self, data: LeaveLastOut, code: int, time_s: float) -> None:
        article_id = data.articles[code]
        article = data.described.get(article_id) or MindArticle(
            article_id, "", None, "", "", "", ()
        )
        message = msgspec.structs.replace(article_of(article), published_at=instant(time_s))
        self.send(message)

    def _read(self, data: LeaveLastOut, code: int, user: int, time_s: float) -> None:
        click = Click(
            event_id=f"{user}:{code}",
            user_id=data.users[user],
            article_id=data.articles[code],
            clicked_at=instant(time_s),
        )
        self._deliver([click], seconds(click.clicked_at))

    def _ask(
        self, data: LeaveLastOut, split: Split, user: int, time_s: float, found: ServedRanks
    ) -> None:
        read = data.read_before(user, split)
        request = RecommendationRequest(
            request_id=f"request {user}",
            user_id=data.users[user],
            requested_at=instant(time_s),
            slate_size=N_RETRIEVED,
            exclude=tuple(data.articles[code] for code in read[-MAX_CANDIDATES:].tolist()),
        )
        self._check_times(request, self.pipeline.users.profile(PARTITION, request.user_id))
        wanted = data.articles[data.target(user, split)]
        self.pipeline.catalogue.sum_up()  # no other request does
        kept = self.pipeline.preview(PARTITION, request)
        twenty = self.pipeline.preview(PARTITION, request, config=self._twenty)
        found.ranked[user] = _rank(wanted, twenty.ranked())
        found.retrieved[user] = _rank(wanted, twenty.kept)
        found.wide[user] = _rank(wanted, kept.ranked()[:N_RETRIEVED])
        found.twenty[user, : len(twenty.kept)] = [self._codes[one] for one in twenty.kept]
        found.kept[user] = _rank(wanted, kept.kept)
        found.n_kept[user] = len(kept.kept)
        found.n_live[user] = len(self.pipeline.catalogue.live_rows(time_s))
        for one in self._ablations:
            without = found.without[one.part.name]
            without.ranked[user] = _rank(wanted, one.ranked(self.pipeline, PARTITION, request))
            without.kept[user] = found.kept[user]
            if one.keeps_otherwise:
                without.kept[user] = _rank(wanted, one.kept(self.pipeline, PARTITION, request))

    def _teach_ablations(self, send: Send) -> None:
        """Let the systems without a part learn from an example what the whole one does."""
        if isinstance(send.event, Example):
            read = contrasted(send.event)
            for one in self._ablations:
                one.learn(read)


def _rank(wanted: str, order: tuple[str, ...]) -> int:
    return order.index(wanted) + 1 if wanted in order else 0
