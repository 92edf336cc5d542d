"""What is in a snapshot of the learner: read back, each part for who scores with it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle.calibration import Temperatures
from cherryrec.codec import unpack
from cherryrec.errors import ConfigError, ModelError
from cherryrec.events import ModelSnapshot, PackedArray
from cherryrec.knrs import N_SIGNALS, CatalogueOrder, NewsValue, Retriever, value_of
from cherryrec.model_features import VANS_FEATURES, set_name
from cherryrec.title_fit import STUDENT_START, TitleFit, TitleFits
from cherryrec.vans import Feature, MappedScorer, Scorer, VansConfig
from cherryrec.vans.snapshot import under

__all__ = [
    "SERVING",
    "STATE",
    "check_name",
    "fits_of",
    "of_another_set",
    "retriever_of",
    "scorer_of",
    "temperatures_of",
    "unpacked",
    "weights_of",
]

SERVING = "cherryrec"
"""Name of the snapshots that workers score with."""

STATE = "cherryrec-learner"
"""Name of the snapshots from which a learner goes on."""


def scorer_of(
    snapshot: ModelSnapshot, vans: VansConfig, features: tuple[Feature, ...] = VANS_FEATURES
) -> Scorer | MappedScorer:
    """Return what a worker scores with, from a `SERVING` snapshot.

    One of another feature set than `features` that names its own scores by those that are there.

    Raises
    ------
    ModelError
        The snapshot is of another kind, or of another feature set that it does not name.
    """
    check_name(snapshot, SERVING)
    arrays = under("vans", unpacked(snapshot.arrays))
    if snapshot.feature_set == set_name(features):
        return Scorer.of_arrays(features, vans, arrays)
    theirs = tuple(
        Feature(one.name, is_context=one.is_context, is_gated=one.is_gated)
        for one in snapshot.features
    )
    if not theirs:
        raise of_another_set(snapshot, features)
    try:
        return MappedScorer(Scorer.of_arrays(theirs, vans, arrays), features)
    except ConfigError as error:  # of its features, not of our settings
        msg = f"snapshot of feature set {snapshot.feature_set!r} cannot be used: {error}"
        raise ModelError(msg) from error


def weights_of(snapshot: ModelSnapshot) -> NewsValue:
    """Return the learned news value from a `SERVING` snapshot, of whichever kind it holds.

    Raises
    ------
    ModelError
        The snapshot is of another kind, or its weights do not fit together.
    """
    check_name(snapshot, SERVING)
    return value_of(under("knrs", unpacked(snapshot.arrays)))


def retriever_of(snapshot: ModelSnapshot) -> tuple[Retriever, CatalogueOrder]:
    """Return what keeps and orders articles of the whole catalogue, from a `SERVING` snapshot.

    One of before there was such, or of other signals, brings what an installation starts with.

    Raises
    ------
    ModelError
        The snapshot is of another kind, or its weights are no numbers.
    """
    check_name(snapshot, SERVING)
    arrays = unpacked(snapshot.arrays)
    retriever, order = (arrays.get(f"{name}/weights") for name in ("retriever", "order"))
    if retriever is None or order is None or len(retriever) != N_SIGNALS:
        return Retriever(), CatalogueOrder()
    return Retriever(retriever.astype(np.float64)), CatalogueOrder(order.astype(np.float64))


def fits_of(snapshot: ModelSnapshot, *, sentence_model: str) -> TitleFits:
    """Return how titles go with reads by a sentence model, from a `SERVING` snapshot.

    Unlearned if that has none, or learned of another model's vectors.

    Raises
    ------
    ModelError
        The snapshot is of another kind, or its weights do not fit.
    """
    check_name(snapshot, SERVING)
    if snapshot.sentence_model != sentence_model:
        return TitleFits()
    arrays = unpacked(snapshot.arrays)
    return TitleFits(
        TitleFit.of_arrays(under("fit", arrays)),
        TitleFit.of_arrays(under("student", arrays), name="student", start=STUDENT_START),
    )


def temperatures_of(snapshot: ModelSnapshot) -> Temperatures:
    """Return CnLE's temperatures from a `SERVING` snapshot.

    Raises
    ------
    ModelError
        The snapshot is of another kind, or they are no temperatures.
    """
    check_name(snapshot, SERVING)
    return Temperatures.of_arrays(under("cnle", unpacked(snapshot.arrays)))


def check_name(snapshot: ModelSnapshot, name: str) -> None:
    """Refuse a snapshot of another name, by a `ModelError`."""
    if snapshot.model != name:
        msg = f"snapshot must be {name!r}, got {snapshot.model!r}"
        raise ModelError(msg)


def of_another_set(snapshot: ModelSnapshot, features: tuple[Feature, ...]) -> ModelError:
    """Return what is wrong with a snapshot of another feature set than `features`."""
    return ModelError(
        f"snapshot must be of feature set {set_name(features)!r}, got {snapshot.feature_set!r}: "
        "roll back to a snapshot of this version, or let the learner learn anew"
    )


def unpacked(arrays: Mapping[str, PackedArray]) -> dict[str, NDArray[np.generic]]:
    """Return a snapshot's arrays by name, as `codec.unpack`."""
    return {name: unpack(packed) for name, packed in arrays.items()}
