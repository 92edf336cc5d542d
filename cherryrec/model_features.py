"""The columns of a feature matrix as VaNS knows them: more with a sentence model."""

from __future__ import annotations

from cherryrec.catalogue import CatalogueConfig
from cherryrec.features import ALL_FEATURES, CONTEXT, FEATURES, GATED, set_of
from cherryrec.vans import Feature

__all__ = ["VANS_FEATURES", "set_name", "vans_features"]


def vans_features(catalogue: CatalogueConfig) -> tuple[Feature, ...]:
    """Return what VaNS learns of where the catalogue is set so.

    Examples
    --------
    >>> with_sentences = vans_features(CatalogueConfig(sentence_model="minilm"))
    >>> with_sentences[: len(VANS_FEATURES)] == VANS_FEATURES, with_sentences[-1].name
    (True, 'sentence_student')
    """
    names = FEATURES if catalogue.sentence_model == "none" else ALL_FEATURES
    return tuple(
        Feature(name, is_context=name in CONTEXT, is_gated=name in GATED) for name in names
    )


VANS_FEATURES: tuple[Feature, ...] = vans_features(CatalogueConfig())
"""Those without a sentence model."""


def set_name(features: tuple[Feature, ...]) -> str:
    """Return the name of the feature set that these are."""
    return set_of(tuple(one.name for one in features))
