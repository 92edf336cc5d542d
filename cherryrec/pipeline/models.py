"""The models that a worker ranks with: a learner's own, or those of a snapshot that it has sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle.calibration import Temperatures
from cherryrec.events import ModelSnapshot
from cherryrec.knrs import CatalogueOrder, NewsValue, Retriever
from cherryrec.learner import Learner
from cherryrec.model_features import VANS_FEATURES
from cherryrec.snapshots import fits_of, retriever_of, scorer_of, temperatures_of, weights_of
from cherryrec.title_fit import TitleFits
from cherryrec.vans import Feature, Scored, VansConfig

__all__ = ["Models", "Scores"]


class Scores(Protocol):
    """Anything that scores a feature matrix: a learner's live model or a snapshot's scorer."""

    @property
    def trust(self) -> float:
        """The share of what was learned in the scores, in [0, 1]."""

    def without(self, names: Collection[str]) -> Scores:
        """Return what scores likewise without what some features add."""

    def score(self, features: NDArray[np.float64]) -> Scored:
        """Score one slate."""

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score one slate without reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The models a worker ranks with now; replaced whole when newer ones come.

    Parameters
    ----------
    scorer
        VaNS.
    knrs_weights
        The learned news value; None ranks by the weights of the settings.
    version
        Of the snapshot, 0 of none.
    temperatures
        Of CnLE's versions.
    retriever, order
        What keeps articles of the whole catalogue, and what orders them.
    fits
        How titles go with what was read, by a sentence model.
    """

    scorer: Scores
    knrs_weights: NewsValue | None = None
    version: int = 0
    temperatures: Temperatures = field(default_factory=Temperatures)
    retriever: Retriever = field(default_factory=Retriever)
    order: CatalogueOrder = field(default_factory=CatalogueOrder)
    fits: TitleFits = field(default_factory=TitleFits)

    @classmethod
    def of_learner(cls, learner: Learner) -> Models:
        """Return what a learner in this process has learned so far.

        Its scorer and its fits go on learning with it; the rest is as it is now.
        """
        return cls(
            scorer=learner.vans,
            knrs_weights=learner.knrs_weights,
            temperatures=learner.temperatures,
            retriever=learner.retriever,
            order=learner.order,
            fits=learner.fits,
        )

    @classmethod
    def of_snapshot(
        cls,
        snapshot: ModelSnapshot,
        vans: VansConfig,
        features: tuple[Feature, ...] = VANS_FEATURES,
        *,
        sentence_model: str = "none",
    ) -> Models:
        """Return the models of a snapshot to score with, where the catalogue is set so.

        Raises
        ------
        ModelError
            It is another learner's state, of another feature set that it does not name, or its
            arrays do not fit.
        """
        retriever, order = retriever_of(snapshot)
        return cls(
            scorer=scorer_of(snapshot, vans, features),
            knrs_weights=weights_of(snapshot),
            version=snapshot.version,
            temperatures=temperatures_of(snapshot),
            retriever=retriever,
            order=order,
            fits=fits_of(snapshot, sentence_model=sentence_model),
        )
