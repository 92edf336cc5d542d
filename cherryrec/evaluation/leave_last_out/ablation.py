"""Ablations under protocol B: the system without one part, beside the whole, in one pass.

Clicks, articles and counters do not depend on what is recommended, as nobody clicks a slate here.
So one system goes through the log, and each part that is left out has models of its own beside it:

- they learn from the same examples as the whole, with the signals of the part held at 0, so that
  the weights of what is left are those that would have been learned without it;
- at each request KnRS keeps its twenty once more without the part, and they are ordered by those
  models.

What a run of its own would do otherwise is what the order is learned against: rivals are drawn of
what the whole system keeps, and have its scores of VaNS. What is kept is the same.

VaNS learns nothing of clicks without slates. Its score is what it begins with, the news value, so
that no other feature or member of it makes a difference here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.evaluation.leave_last_out.metrics import N_RETRIEVED
from cherryrec.events import RecommendationRequest
from cherryrec.knrs import (
    METRICS,
    N_SIGNALS,
    CatalogueOrder,
    KnrsConfig,
    RetrievalLearner,
    Retriever,
    select,
)
from cherryrec.knrs.examples import Contrasted
from cherryrec.knrs.signals import used_signals
from cherryrec.learner import VANS_FEATURES
from cherryrec.pipeline import Models, Pipeline, PipelineConfig
from cherryrec.pipeline.ablations import ALL, ablations
from cherryrec.pipeline.ranking import open_request, recommend
from cherryrec.reader import Reader
from cherryrec.vans import Vans

__all__ = ["CLAIMED", "KNRS_SCORE", "Ablation", "Part", "parts_of", "twenty"]

KNRS_SCORE = "knrs:news-value"

CLAIMED = (*(f"knrs:{metric}" for metric in METRICS), KNRS_SCORE)
"""The parts that the paper leaves out: each metric of KnRS, and its score."""

_OF_KNRS = "knrs:"
_SIGNALS = "order:signals"


@dataclass(frozen=True, slots=True)
class Part:
    """What is left out.

    Parameters
    ----------
    name
        The row of the table.
    config
        The settings without it.
    ordered_by
        What the final order is made of: KnRS's signals and VaNS's score, or one of the two.
    """

    name: str
    config: PipelineConfig
    ordered_by: Literal["both", "score", "signals"] = "both"


def parts_of(names: Sequence[str], config: PipelineConfig) -> list[Part]:
    """Return the parts of these names, in the order of the table.

    Those of KnRS in `pipeline.ablations`: its metrics and sources, the learned retriever, in whose
    place the news value keeps articles, and the news value in the final order, which the signals
    then make alone. `order:signals` leaves these out of it, so that the news value makes it alone.

    Parameters
    ----------
    names
        Of parts, or `all`.
    config
        Settings of the whole system.

    Raises
    ------
    ConfigError
        A name that is no part.

    Examples
    --------
    >>> [part.name for part in parts_of(["order:signals", "knrs:novelty"], PipelineConfig())]
    ['knrs:novelty', 'order:signals']
    """
    known = [
        Part(name, changed, "signals" if name == KNRS_SCORE else "both")
        for name, changed in ablations(config).items()
        if name.startswith(_OF_KNRS)
    ]
    known.append(Part(_SIGNALS, config, "score"))
    available = [part.name for part in known]
    for name in names:
        if name != ALL and name not in available:
            msg = f"a part must be {ALL} or one out of {', '.join(available)}, got {name!r}"
            raise ConfigError(msg)
    return [part for part in known if ALL in names or part.name in names]


def twenty(config: KnrsConfig) -> KnrsConfig:
    """Return the settings that keep as many articles as the protocol retrieves."""
    return replace(config, quota=1e-9, floor=N_RETRIEVED, ceiling=N_RETRIEVED)


class Ablation:
    """The models of a system without one part.

    Parameters
    ----------
    part
        What is left out.
    whole
        Settings of the system with it.
    """

    def __init__(self, part: Part, whole: PipelineConfig) -> None:
        self.part = part
        self.keeps_otherwise = part.config.knrs != whole.knrs
        """Whether other articles may be kept than by the whole system."""
        self._twenty = twenty(part.config.knrs)
        self._retrieval = RetrievalLearner()
        # of clicks alone VaNS learns nothing: as it begins it stays
        self._vans = Vans(VANS_FEATURES, part.config.vans)
        self._used = used_signals(part.config.knrs).astype(np.float64)  # (S,)
        self._ordering = np.append(self._used, 1.0)  # (S + 1,)
        if part.ordered_by == "signals":
            self._ordering[-1] = 0.0

    def learn(self, read: Contrasted | None) -> None:
        """Learn what an example brought, without what the part tells of it."""
        if read is None:
            return
        self._retrieval.learn(
            replace(
                read,
                clicked=read.clicked * self._used,
                others=read.others * self._used,
                ordered=None if read.ordered is None else read.ordered * self._ordering,
                rivals=None if read.rivals is None else read.rivals * self._ordering,
            )
        )

    def models(self, whole: Models) -> Models:
        """Return what the system ranks with, as learned so far."""
        order = self._retrieval.order.weights * self._ordering
        if self.part.ordered_by == "score":
            order = np.append(np.zeros(N_SIGNALS), 1.0)
        return replace(
            whole,
            scorer=self._vans,
            retriever=Retriever(self._retrieval.retriever.weights.copy()),
            order=CatalogueOrder(order),
        )

    def ranked(
        self, pipeline: Pipeline, partition: int, request: RecommendationRequest
    ) -> tuple[str, ...]:
        """Return the twenty of a request in the order of the final score."""
        models = self.models(pipeline.models)
        user = pipeline.users.load(partition, request.user_id)
        entry, frozen = open_request(
            pipeline.catalogue,
            Reader.of(user.profile, pipeline.catalogue, user.requests.exposures),
            pipeline.slates,
            request,
            config=self._twenty,
            models=models,
            co_reads=pipeline.co_reads,
        )
        entry = msgspec.structs.replace(entry, slate_size=max(len(frozen.articles), 1))
        slate = recommend(
            pipeline.catalogue,
            entry,
            frozen,
            models,
            user_id=request.user_id,
            evaluation=None,
            degraded=None,
        )[0].slate
        return tuple(item.article_id for item in slate)

    def kept(
        self, pipeline: Pipeline, partition: int, request: RecommendationRequest
    ) -> tuple[str, ...]:
        """Return all that KnRS keeps for a request, in its order."""
        models = self.models(pipeline.models)
        user = pipeline.users.load(partition, request.user_id)
        selection = select(
            pipeline.catalogue,
            Reader.of(user.profile, pipeline.catalogue, user.requests.exposures),
            request,
            self.part.config.knrs,
            models.knrs_weights,
            retriever=models.retriever,
            co_reads=pipeline.co_reads,
            site_share=pipeline.slates.site_share,
        )
        rows: NDArray[np.intp] = selection.rows
        return tuple(pipeline.catalogue.ids[row] for row in rows.tolist())
