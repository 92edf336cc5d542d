"""What a request can be answered without, while the models stay as they were learned with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cherryrec.errors import BadMessage
from cherryrec.knrs import KnrsConfig
from cherryrec.pipeline import PipelineConfig
from cherryrec.pipeline.ablations import ablations

__all__ = ["check_parts", "served_parts", "without_parts"]


def served_parts(config: PipelineConfig) -> dict[str, PipelineConfig]:
    """Return the settings without each part that a single answer can do without, by its name.

    Those are the ablations of features and of KnRS's metrics and sources; a member of the ensemble
    is none, nor is how it learns.

    Examples
    --------
    >>> found = served_parts(PipelineConfig())
    >>> "features:exposure" in found, "knrs:novelty" in found, "vans:linear" in found
    (True, True, False)
    """

    def learned_alike(one: PipelineConfig) -> PipelineConfig:
        vans = replace(one.vans, without=config.vans.without)
        return replace(one, knrs=config.knrs, vans=vans)

    return {name: one for name, one in ablations(config).items() if learned_alike(one) == config}


def check_parts(config: PipelineConfig, names: Sequence[str]) -> None:
    """Refuse names of no part.

    Raises
    ------
    BadMessage
        A name of no part.
    """
    known = served_parts(config) if names else {}
    if unknown := [name for name in names if name not in known]:
        msg = f"without must name some of {', '.join(known)}, got {unknown!r}"
        raise BadMessage(msg)


def without_parts(
    config: PipelineConfig, names: Sequence[str]
) -> tuple[KnrsConfig, tuple[str, ...]]:
    """Return KnRS's settings without some parts, and the features to hold at 0.

    Raises
    ------
    BadMessage
        A name of no part.

    Examples
    --------
    >>> knrs, features = without_parts(PipelineConfig(), ["knrs:novelty", "features:article"])
    >>> knrs.without, features
    (('novelty',), ('age', 'is_first_shown'))
    """
    if not names:
        return config.knrs, ()
    check_parts(config, names)
    known = served_parts(config)
    knrs, features = config.knrs, dict.fromkeys(config.vans.without)
    for name in names:
        one = known[name]
        if one.knrs.select_by != config.knrs.select_by:
            knrs = replace(knrs, select_by=one.knrs.select_by)
        both = dict.fromkeys((*knrs.without, *one.knrs.without))
        knrs = replace(knrs, without=tuple(both))
        features |= dict.fromkeys(one.vans.without)
    return knrs, tuple(name for name in features if name not in config.vans.without)
