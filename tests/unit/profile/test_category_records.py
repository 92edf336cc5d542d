"""All that was ever read, by name: counted exactly while there is room, the least read leave."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.profile import Profile, ProfileConfig, apply_click, apply_update, counts_of
from cherryrec.profile.category_records import MAX_CATEGORIES, Keys, with_reads
from tests.worlds import click, update

CONFIG = ProfileConfig()


def keys(*values: int) -> Keys:
    return np.array(values, np.uint32)


def read(packed: bytes) -> dict[int, float]:
    known, reads = counts_of(packed)
    return dict(zip(known.tolist(), reads.tolist(), strict=True))


@given(st.lists(st.lists(st.integers(0, MAX_CATEGORIES), max_size=6), max_size=40))
def test_reads_are_counted_and_no_name_is_no_read(batches: list[list[int]]) -> None:
    packed = b""
    for batch in batches:
        packed = with_reads(packed, keys(*batch))

    assert read(packed) == Counter(key for batch in batches for key in batch if key)
    assert counts_of(packed)[0].tolist() == sorted(read(packed))


@given(st.lists(st.integers(1, 400), max_size=300))
def test_there_are_never_more_than_the_bound_and_the_most_read_stay(names: list[int]) -> None:
    favourites = keys(1_000, 1_001, 1_002)
    packed = with_reads(b"", np.repeat(favourites, 400))
    for name in names:
        packed = with_reads(packed, keys(name))
        assert len(packed) <= 8 * MAX_CATEGORIES

    assert {1_000, 1_001, 1_002} <= set(read(packed))


def test_of_those_read_as_little_the_higher_key_leaves() -> None:
    assert sorted(read(with_reads(b"", np.arange(1, 101, dtype=np.uint32)))) == [
        *range(1, MAX_CATEGORIES + 1)
    ]


def topics(articles: object) -> tuple[Keys, Keys]:
    names = [str(name) for name in articles]  # type: ignore[attr-defined]
    return keys(*(int(name[1:]) for name in names)), keys(*(10 + int(n[1:]) for n in names))


def test_clicks_count_once_by_category_and_subcategory() -> None:
    profile = Profile()
    for offset, name in [(0, "a1"), (1, "a2"), (2, "a1"), (1, "a2"), (2, "a1")]:  # read again
        profile, _ = apply_click(
            profile,
            click(name, event_id=f"e{offset}"),
            offset=offset,
            config=CONFIG,
            embed=lambda _: None,
            topics=topics,
        )

    assert read(profile.categories) == {1: 2.0, 2: 1.0}
    assert read(profile.subcategories) == {11: 2.0, 12: 1.0}


def test_an_imported_history_counts_whole_though_less_of_it_is_kept() -> None:
    history = tuple(f"a{1 + k % 3}" for k in range(300))
    profile = Profile()
    for offset in range(2):  # the second replaces the first
        profile, _, _ = apply_update(
            profile,
            update(history=history),
            offset=offset,
            config=CONFIG,
            embed=lambda _: None,
            topics=topics,
        )

    assert len(profile.history) == CONFIG.history_size
    assert read(profile.categories) == {1: 100.0, 2: 100.0, 3: 100.0}
