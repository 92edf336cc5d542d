"""Profiles: order, duplicates, late clicks, imports, crashes, and their size."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.errors import ConfigError
from cherryrec.events import Click
from cherryrec.profile import (
    PastClick,
    Profile,
    ProfileConfig,
    apply_click,
    apply_update,
    decode_profile,
    encode_profile,
    weight_of,
)
from cherryrec.text import HashedText
from tests.worlds import START_S, TITLES, click, update

CONFIG = ProfileConfig()
TEXT = HashedText(128)
DAY_S = 86_400.0


def embed(article_id: str) -> np.ndarray | None:
    """Articles a0, a1, …: the titles of the small world; nothing is known of others."""
    known = article_id.startswith("a") and article_id[1:].isdigit()
    return TEXT.embed(TITLES[int(article_id[1:]) % len(TITLES)]) if known else None


def clicked(profile: Profile, *clicks: Click, start: int = 0) -> tuple[Profile, list[str]]:
    outcomes: list[str] = []
    for offset, one in enumerate(clicks, start=start):
        profile, outcome = apply_click(profile, one, offset=offset, config=CONFIG, embed=embed)
        outcomes.append(outcome)
    return profile, outcomes


@given(st.permutations(range(6)))
def test_clicks_stand_in_time_order_however_they_come(order: list[int]) -> None:
    profile, outcomes = clicked(Profile(), *(click(f"a{k}", START_S + 60.0 * k) for k in order))

    assert [past.article_id for past in profile.history] == [f"a{k}" for k in range(6)]
    assert set(outcomes) == {"applied"}
    assert (profile.n_clicks, profile.newest_s) == (6, START_S + 300.0)


def test_clicks_of_one_time_stay_in_the_order_they_came() -> None:
    profile, _ = clicked(Profile(), click("a2"), click("a1"), click("a3"))

    assert [past.article_id for past in profile.history] == ["a2", "a1", "a3"]


def test_a_click_sent_twice_counts_once_and_one_read_again_changes_nothing() -> None:
    one = click("a1", event_id="e1")
    profile, outcomes = clicked(Profile(), one, one, click("a2"))
    assert outcomes == ["applied", "duplicate", "applied"]
    assert profile.n_clicks == 2

    again, outcomes = clicked(profile, one, one, click("a2"))

    assert outcomes == ["again", "duplicate", "again"]
    assert again == profile


def test_a_late_click_is_not_applied_but_its_offset_is() -> None:
    profile, outcomes = clicked(
        Profile(),
        click("a1", START_S),
        click("a2", START_S - CONFIG.allowed_lateness_s),
        click("a3", START_S - CONFIG.allowed_lateness_s - 1),
    )

    assert outcomes == ["applied", "applied", "late"]
    assert [past.article_id for past in profile.history] == ["a2", "a1"]
    assert profile.applied == {"clicks": 2}
    assert clicked(profile, click("a3", START_S - 3 * DAY_S), start=2)[1] == ["late"]


@given(
    times=st.lists(st.floats(0.0, 3 * DAY_S), min_size=1, max_size=30),
    stops=st.data(),
)
def test_a_profile_after_a_crash_is_that_without_one(
    times: list[float], stops: st.DataObject
) -> None:
    clicks = [click(f"a{k % 8}", START_S + t, event_id=f"e{k % 20}") for k, t in enumerate(times)]
    whole, _ = clicked(Profile(), *clicks)
    crash = stops.draw(st.integers(0, len(clicks)))
    committed = stops.draw(st.integers(0, crash))

    before, _ = clicked(Profile(), *clicks[:crash])
    stored = decode_profile(encode_profile(before))
    after, _ = clicked(stored, *clicks[committed:], start=committed)

    assert encode_profile(after) == encode_profile(whole)


def test_history_and_recent_ids_are_bounded() -> None:
    profile, _ = clicked(Profile(), *(click(f"a{k}", START_S + k) for k in range(1_100)))

    assert len(profile.history) == CONFIG.history_size
    assert len(profile.seen.records()) == CONFIG.recent_ids
    assert profile.history[-1].article_id == "a1099"
    assert profile.n_clicks == 1_100


def test_a_thousand_clicks_sent_again_are_a_thousand_duplicates() -> None:
    """Past a window of 32 they counted twice."""
    clicks = [click(f"a{k % 60}", START_S + k // 9, event_id=f"e{k}") for k in range(1_000)]
    profile, _ = clicked(Profile(), *clicks)

    again, outcomes = clicked(profile, *clicks, start=1_000)

    assert outcomes == ["duplicate"] * 1_000
    assert again is profile


@given(st.permutations(range(40)))
@settings(max_examples=20, deadline=None)
def test_beyond_the_bound_a_click_sent_again_is_late_and_never_counted_twice(
    order: list[int],
) -> None:
    few = ProfileConfig(recent_ids=10)
    profile, n_applied = Profile(), 0
    for offset, k in enumerate([*order, *range(40)]):
        one = click(f"a{k}", START_S + 60.0 * k)
        profile, outcome = apply_click(profile, one, offset=offset, config=few, embed=embed)
        n_applied += outcome == "applied"
        assert outcome in ({"applied", "late"} if offset < 40 else {"duplicate", "late"})

    assert profile.n_clicks == n_applied


def test_an_article_counts_once_of_a_reader_and_so_many_clicks_an_hour() -> None:
    config = ProfileConfig(counted_per_hour=3)
    profile, weights = Profile(), []
    for offset, (article, minute) in enumerate(
        [("a", 0), ("a", 1), ("b", 2), ("c", 3), ("d", 4), ("a", 5), ("d", 61)]
    ):
        one = click(article, START_S + 60.0 * minute)
        profile, _ = apply_click(profile, one, offset=offset, config=config, embed=embed)
        weights.append(weight_of(profile, one, offset=offset))

    wanted = ["counted", "repeat", "counted", "counted", "rate", "repeat", "counted"]
    assert weights == wanted
    stored = decode_profile(encode_profile(profile))
    assert weight_of(stored, click("b", START_S + 120.0), offset=2) == "counted", "read again"
    assert profile.n_clicks == 7, "the reader's own profile moves"


def test_interest_is_the_decayed_sum_of_what_was_clicked() -> None:
    profile, _ = clicked(Profile(), click("a0"), click("a1", START_S + 1))

    keep = 0.5 ** (1 / CONFIG.interest_half_life_clicks)
    wanted = keep * TEXT.embed(TITLES[0]) + TEXT.embed(TITLES[1])
    np.testing.assert_allclose(profile.interest_vector, wanted, atol=2e-3)


def test_a_click_on_an_unknown_article_leaves_the_interest_alone() -> None:
    profile, _ = clicked(Profile(), click("a0"))

    changed, _ = clicked(profile, click("unknown", START_S + 1), start=1)

    assert changed.interest == profile.interest
    assert changed.n_clicks == 2


def test_the_interest_vector_stays_in_half_precision_for_ever() -> None:
    profile, _ = clicked(Profile(), *(click("a0", START_S + k) for k in range(500)))

    assert np.isfinite(profile.interest_vector).all()
    assert np.abs(profile.interest_vector).max() < 20


def imported(
    profile: Profile, *, offset: int = 0, **fields: Any
) -> tuple[Profile, str, tuple[str, ...]]:
    return apply_update(profile, update(**fields), offset=offset, config=CONFIG, embed=embed)


def test_an_imported_history_stands_before_own_clicks() -> None:
    own, _ = clicked(Profile(), click("a7"))

    profile, outcome, gained = imported(own, history=("a1", "a2"))

    assert [past.article_id for past in profile.history] == ["a1", "a2", "a7"]
    assert (outcome, gained, profile.n_clicks) == ("applied", ("a1", "a2"), 3)
    assert profile.interest == own.interest  # own clicks say more than an import


def test_only_the_first_import_brings_readers() -> None:
    profile, _, gained = imported(Profile(), history=(), offset=0)
    assert gained == ()
    profile, _, gained = imported(profile, history=("a1", "a1", "a2"), offset=1)
    assert gained == ("a1", "a2")
    profile, _, gained = imported(profile, history=("a3",), offset=2)
    assert gained == ()

    again, outcome, gained = imported(profile, history=("a1", "a1", "a2"), offset=1)

    assert (outcome, gained) == ("again", ("a1", "a2"))  # the same readers: counted by offset
    assert again == profile


def test_a_later_import_replaces_the_first_and_never_lowers_the_clicks() -> None:
    profile, _, _ = imported(Profile(), history=tuple(f"a{k}" for k in range(80)))
    profile, _ = clicked(profile, click("a90"))
    assert profile.n_clicks == 81

    profile, _, _ = imported(profile, history=("a1",), offset=1)

    assert [past.article_id for past in profile.history] == ["a1", "a90"]
    assert profile.n_clicks == 81


def test_an_update_changes_only_what_it_names() -> None:
    profile, _, _ = imported(Profile(), role="editor", fields=("sport",), collections=("x",))

    profile, _, _ = imported(profile, fields=(), offset=1)

    assert (profile.role, profile.fields, profile.collections) == ("editor", (), ("x",))


def test_a_full_profile_of_realistic_ids_takes_at_most_two_kibibytes() -> None:
    """MIND-like ids: seven characters; a dozen clicks a day; the default bounds."""
    profile = Profile(role="editor", fields=("sport", "politics"), collections=("climate",))
    for k in range(120):
        one = click(f"N{100_000 + k}", START_S + 7_200.0 * k, event_id=uuid.UUID(int=k).hex)
        profile, _ = apply_click(
            profile, one, offset=10_000_000 + k, config=CONFIG, embed=lambda _: embed("a1")
        )

    assert len(encode_profile(profile)) <= 2_048


def test_a_stored_profile_comes_back_as_it_was() -> None:
    profile, _ = clicked(Profile(role="r"), click("a0", dwell_s=3.5), click("a1"))

    assert decode_profile(encode_profile(profile)) == profile
    assert profile.history[0] == PastClick("a0", START_S, 3.5)
    assert decode_profile(None) == Profile()


def test_a_field_of_a_newer_version_is_ignored() -> None:
    raw = msgspec.msgpack.encode({"role": "r", "something_new": 1})

    assert decode_profile(raw) == Profile(role="r")


@pytest.mark.parametrize(
    "name",
    [
        "history_size",
        "recent_ids",
        "interest_half_life_clicks",
        "allowed_lateness_s",
        "counted_per_hour",
    ],
)
def test_bounds_are_above_zero(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be above 0, got 0"):
        ProfileConfig(**{name: 0})


def test_update_older_than_the_newest_is_late_and_changes_nothing() -> None:
    newest, *_ = imported(Profile(), role="editor", time_s=START_S + 60.0)

    profile, outcome, articles = imported(
        newest, offset=1, role="reader", history=("a1",), time_s=START_S
    )
    again = imported(profile, offset=1, role="reader", history=("a1",), time_s=START_S)

    assert (outcome, profile.role, profile.history, articles) == ("late", "editor", (), ())
    assert (again[1], again[2]) == ("again", ())
