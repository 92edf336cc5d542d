"""The parts that the system can be without: what an ablation, or an inquiry, leaves out.

A part is a name and the settings without it. The names come from the settings and the list of
features, so that a new metric, member or group of features is a new part by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cherryrec.errors import ConfigError
from cherryrec.features import BLOCKS, GATING
from cherryrec.knrs import LEFT_OUT, METRICS
from cherryrec.pipeline.config import PipelineConfig

__all__ = ["ALL", "ablations", "chosen_ablations", "feature_groups"]

ALL = "all"
"""Stands for every part."""


def feature_groups() -> dict[str, tuple[str, ...]]:
    """Return the blocks of features, each with its columns.

    Examples
    --------
    >>> feature_groups()["article"]
    ('age', 'is_first_shown')
    """
    return {block.name: block.names for block in BLOCKS}


def ablations(config: PipelineConfig, *, from_catalogue: bool = True) -> dict[str, PipelineConfig]:
    """Return the settings without each part, by the part's name.

    A part that the settings lack already has no ablation: a metric or feature that is left out,
    CnLE and the features of its evaluations where it is not asked. Nor has the only member of the
    first stage, without which there is no ensemble.

    Parameters
    ----------
    config
        Settings of the full system.
    from_catalogue
        Whether the whole catalogue is asked too. What only decides which articles are kept of it
        has no ablation where it is not: given candidates are all ranked.

    Examples
    --------
    >>> found = ablations(PipelineConfig())
    >>> found["knrs:novelty"].knrs.without, found["learning:pointwise"].vans.learning
    (('novelty',), 'pointwise')
    >>> found["features:article"].vans.without
    ('age', 'is_first_shown')
    >>> "features:evaluation" in found
    False
    """
    knrs, vans = config.knrs, config.vans
    found = {
        f"knrs:{metric}": replace(config, knrs=replace(knrs, without=(*knrs.without, metric)))
        for metric in (LEFT_OUT if from_catalogue else METRICS)
        if metric not in knrs.without
    }
    if from_catalogue and knrs.select_by == "retriever":
        found["knrs:retriever"] = replace(config, knrs=replace(knrs, select_by="news_value"))
    found["knrs:news-value"] = _without_features(config, ("news_value",))
    first_stage = [member.name for member in vans.first_stage]
    for member in vans.members:
        if first_stage != [member]:
            others = tuple(other for other in vans.members if other != member)
            found[f"vans:{member}"] = replace(config, vans=replace(vans, members=others))
    if config.evaluator.enabled:
        found["cnle"] = replace(config, evaluator=replace(config.evaluator, enabled=False))
    found["learning:pointwise"] = replace(config, vans=replace(vans, learning="pointwise"))
    is_there = {
        "evaluation": config.evaluator.enabled,
        "sentences": config.catalogue.sentence_model != "none",
    }
    for name, group in feature_groups().items():
        if is_there.get(name, True):
            found[f"features:{name}"] = _without_features(config, group)
    if config.evaluator.enabled:
        found["cnle:gating"] = _without_features(config, GATING)
    return {name: changed for name, changed in found.items() if changed != config}


def chosen_ablations(
    parts: Sequence[str], config: PipelineConfig, *, from_catalogue: bool = True
) -> dict[str, PipelineConfig]:
    """Return the ablations of the named parts, in the order of the table.

    Parameters
    ----------
    parts
        Names out of `ablations`, or `all`.
    config, from_catalogue
        As in `ablations`.

    Raises
    ------
    ConfigError
        A name that is no part, or of one that only the whole catalogue tells apart.

    Examples
    --------
    >>> list(chosen_ablations(["features:slate", "knrs:novelty"], PipelineConfig()))
    ['knrs:novelty', 'features:slate']
    """
    known = ablations(config, from_catalogue=from_catalogue)
    for name in parts:
        if name not in known and not from_catalogue and name in ablations(config):
            msg = f"part {name!r} decides what is kept of the whole catalogue: add --from-catalogue"
            raise ConfigError(msg)
        if name != ALL and name not in known:
            msg = f"a part must be {ALL} or one out of {', '.join(known)}, got {name!r}"
            raise ConfigError(msg)
    return {name: one for name, one in known.items() if ALL in parts or name in parts}


def _without_features(config: PipelineConfig, features: Sequence[str]) -> PipelineConfig:
    """Leave features out besides those that are left out already."""
    kept_out = config.vans.without
    added = tuple(name for name in features if name not in kept_out)
    return replace(config, vans=replace(config.vans, without=(*kept_out, *added)))
