"""Protocol C: at each moment the whole live catalogue is asked, and baselines of the same size.

Live is what had been published with a time, or shown, before the moment, and is not too old; what
only a history names is not (`CatalogueConfig.requires_birth`). A clicked article that was not live
is missed by every ranking; so is one that its reader had read before, as KnRS leaves those out and
the baselines do too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.retrieval.moment import Moment
from cherryrec.evaluation.retrieval.rankings import CatalogueRanking, Offer
from cherryrec.evaluation.retrieval.ranks import ranks_among, tie_keys
from cherryrec.evaluation.retrieval.record import Clicked, Places, RetrievalRecord
from cherryrec.events import RecommendationRequest
from cherryrec.pipeline import Pipeline, Preview
from cherryrec.reader import Reader
from cherryrec.text import stable_hash

__all__ = ["RetrievalJudge", "Selector"]


@dataclass(frozen=True, slots=True)
class Selector:
    """A way of answering from the whole catalogue that is judged.

    Parameters
    ----------
    name
        The row of the tables.
    select
        Answers a request by a pipeline, with the user's state in a partition, and changes nothing:
        `Pipeline.preview`, or the same with other settings of KnRS.
    """

    name: str
    select: Callable[[Pipeline, int, RecommendationRequest], Preview] = Pipeline.preview


class RetrievalJudge:
    """Asks selectors and baselines at each moment and keeps where the clicked articles stood.

    Parameters
    ----------
    selectors
        The first is what the baselines are compared with, and sets how many articles they keep.
    rankings
        Baselines.
    """

    def __init__(
        self, selectors: Sequence[Selector], rankings: Sequence[CatalogueRanking] = ()
    ) -> None:
        self.selectors = tuple(selectors)
        self.rankings = tuple(rankings)
        names = (*(one.name for one in self.selectors), *(one.name for one in self.rankings))
        self.record = RetrievalRecord(names)

    def rank(self, pipeline: Pipeline, partition: int, moment: Moment) -> None:
        """Judge a moment before anything of it is counted or learned; one without clicks is passed.

        Parameters
        ----------
        pipeline
            With the state of just before the moment.
        partition
            Where the reader's state is.
        moment
            Whose clicks are used for the judgement only.
        """
        if not moment.clicked:
            return
        request = moment.request
        answers = {one.name: one.select(pipeline, partition, request) for one in self.selectors}
        n_kept = len(answers[self.selectors[0].name].kept)
        places = {name: _places_of(answer, moment) for name, answer in answers.items()}
        profile = pipeline.users.profile(partition, moment.user_id)
        reader = Reader.of(profile, pipeline.catalogue)
        live = pipeline.catalogue.live_rows(moment.time_s)
        offer = Offer(moment, pipeline.catalogue, reader, _unread(live, reader, pipeline))
        places |= self._ranked(offer, n_kept)
        ages_s, was_read = _known(offer, live)
        clicked = Clicked(
            time_s=moment.time_s,
            n_read=profile.n_clicks,
            n_live=len(live),
            n_kept=n_kept,
            ages_s=ages_s,
            was_read=was_read,
        )
        self.record.add(clicked, places)

    def learn(self, moment: Moment) -> None:
        """Let the baselines learn what has become known."""
        for ranking in self.rankings:
            ranking.learn(moment)

    def _ranked(self, offer: Offer, n_kept: int) -> dict[str, Places]:
        """Return where the clicked articles stand in each baseline, which keeps its best."""
        catalogue, rows = offer.catalogue, offer.rows
        place = np.full(catalogue.n_rows + 1, -1, np.intp)  # by row; the last is that of no row
        place[rows] = np.arange(len(rows))
        find = catalogue.row_of.get
        targets = place[[find(a, -1) for a in offer.moment.clicked]]  # (k,)
        shown = place[catalogue.known_rows(offer.moment.shown)]
        shown = shown[shown >= 0]  # (s,)
        among_shown = np.full(len(rows) + 1, -1, np.intp)
        among_shown[shown] = np.arange(len(shown))
        ties = tie_keys(catalogue.hashes[rows], stable_hash(offer.moment.request_id))  # (n,)
        found = {}
        for ranking in self.rankings:
            scores = ranking.score(offer)  # (n,)
            ranks = [r if r <= n_kept else 0 for r in ranks_among(scores, ties, targets)]
            of_shown = ranks_among(scores[shown], ties[shown], among_shown[targets])
            of_shown = [s if r else 0 for r, s in zip(ranks, of_shown, strict=True)]
            found[ranking.name] = Places(kept=ranks, slate=ranks, shown=of_shown)
        return found


def _unread(live: NDArray[np.intp], reader: Reader, pipeline: Pipeline) -> NDArray[np.intp]:
    """Return the live rows that the reader has not read, as KnRS does."""
    is_new = np.ones(pipeline.catalogue.n_rows, bool)
    is_new[reader.rows] = False
    return live[is_new[live]]


def _places_of(answer: Preview, moment: Moment) -> Places:
    """Return where the clicked articles stand in an answer."""
    shown = set(moment.shown)
    of_shown = (
        [article_id for article_id in answer.ranked() if article_id in shown] if shown else []
    )
    slate = [item.article_id for item in answer.recommendation.slate]
    kept, slate_ranks, shown_ranks = (
        {article_id: rank for rank, article_id in enumerate(order, start=1)}
        for order in (answer.kept, slate, of_shown)
    )
    return Places(
        kept=[kept.get(article_id, 0) for article_id in moment.clicked],
        slate=[slate_ranks.get(article_id, 0) for article_id in moment.clicked],
        shown=[shown_ranks.get(article_id, 0) for article_id in moment.clicked],
    )


def _known(offer: Offer, live: NDArray[np.intp]) -> tuple[list[float], list[bool]]:
    """Return the age of each clicked article, NaN if it is not live, and whether it was read."""
    is_live = np.zeros(offer.catalogue.n_rows, bool)
    is_live[live] = True
    read = set(offer.reader.rows.tolist())
    ages_s, was_read = [], []
    for article_id in offer.moment.clicked:
        row = offer.catalogue.row_of.get(article_id)
        known = row is not None and bool(is_live[row])
        ages = offer.catalogue.age(np.array([row]), offer.moment.time_s) if known else [np.nan]
        ages_s.append(float(ages[0]))
        was_read.append(known and row in read)
    return ages_s, was_read
