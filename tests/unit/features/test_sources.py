"""A column changes with the sources it names, and with no other: so the guard asks the right ones.

Each source of the worked world is changed by itself; the columns that move must be those that name
it. The catalogue stays: all others look articles up in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from cherryrec.activity import Shard
from cherryrec.attention import AttentionConfig
from cherryrec.exposures import Exposures
from cherryrec.features import BLOCKS, FEATURES
from cherryrec.profile import Profile
from cherryrec.slates import SlateMemory, SlatesConfig
from tests.unit.features.worked.world import NOW, World, worlds

Change = Callable[[World], World]


def reads_nothing(world: World) -> World:
    named = world.profile.collections
    return replace(world, profile=Profile(collections=named))


def names_nothing(world: World) -> World:
    return replace(world, profile=msgspec.structs.replace(world.profile, collections=()))


def was_shown_nothing(world: World) -> World:
    return replace(world, exposures=Exposures())


def no_slates(world: World) -> World:
    return replace(world, slates=SlateMemory(SlatesConfig(max_articles=16, max_slates=8)))


def more_attention(world: World) -> World:
    shard = Shard(1, world.catalogue, AttentionConfig())
    for offset, ago_s in enumerate((90_000.0, 1_800.0, 300.0)):
        shard.view(f"more{offset}", ["a", "c", "d"], time_s=NOW - ago_s, offset=offset)
        shard.click("c", time_s=NOW - ago_s / 2, offset=offset)
        shard.read_by(["b"], time_s=NOW - ago_s, offset=offset)
    return world


def others_read(world: World) -> World:
    """Of what is in no counter of a candidate."""
    Shard(1, world.catalogue, AttentionConfig()).read_by(["z"], time_s=NOW - 60.0, offset=0)
    return world


CHANGES: list[tuple[set[str], Change]] = [
    ({"profile"}, reads_nothing),
    ({"profile updates"}, names_nothing),
    ({"exposures"}, was_shown_nothing),
    ({"slates"}, no_slates),
    ({"everyone"}, others_read),
    ({"attention", "everyone"}, more_attention),
]


@pytest.mark.parametrize(
    ("sources", "change"), CHANGES, ids=[change.__name__ for _, change in CHANGES]
)
def test_a_column_moves_with_the_sources_it_names_only(sources: set[str], change: Change) -> None:
    before = np.concatenate([world.features() for world in worlds()])

    after = np.concatenate([change(world).features() for world in worlds()])

    moved = {name for at, name in enumerate(FEATURES) if (before[:, at] != after[:, at]).any()}
    named = {
        one.name
        for block in BLOCKS
        for one in block.columns
        if one.name in FEATURES and sources & {source.name for source in one.sources}
    }
    assert moved == named
