"""How open requests are stored: what comes back, whose a key is, and what an older form becomes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.errors import StateError
from cherryrec.events import Contrast, Shadow
from cherryrec.exposures import Exposures
from cherryrec.open_requests import Frozen, OpenRequest, OpenRequests, without
from cherryrec.stored_requests import (
    REACHED_KEY,
    decode_frozen,
    decode_open,
    decode_reached,
    encode_frozen,
    encode_open,
    encode_reached,
    erasure_key,
    from_first_version,
    frozen_key,
    is_first_version,
    is_of_a_user,
    owner_of,
    user_key,
)
from tests.worlds import START_S, impression

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8) | st.text(
    "\0u1:a", min_size=1, max_size=6
)


def one(**fields: Any) -> OpenRequest:
    return OpenRequest("r", START_S, 5, **fields)


def test_what_is_stored_comes_back() -> None:
    features = np.arange(6, dtype="<f4").reshape(2, 3)
    metrics = np.ones((2, 5), "<f4")
    entry = one(
        is_cold=True, expires_at=2.5, impression_id="i", shown_s=START_S, shown=("b",),
        clicked=("b",), answered_by="deadlines:7", degraded="evaluation_late",
    )  # fmt: skip
    state = OpenRequests((entry,), (("a", START_S),))
    frozen = Frozen(("a", "b"), features.tobytes(), metrics.tobytes(), ("c",))

    assert decode_open(encode_open(state)) == state
    got = decode_frozen(encode_frozen(frozen))
    assert got == frozen
    assert got.feature_array().tolist() == features.tolist()
    assert got.metric_array().shape == (2, 5)


def test_nothing_open_is_nothing_stored() -> None:
    assert encode_open(OpenRequests()) is None
    assert decode_open(None) == OpenRequests()
    assert encode_open(without(OpenRequests((one(),)), "r")) is None


@given(st.lists(st.tuples(IDS, IDS), unique=True, max_size=8))
def test_every_key_says_whose_it_is_and_no_two_are_the_same(ids: list[tuple[str, str]]) -> None:
    keys = {frozen_key(*pair): pair for pair in ids} | {user_key(u): (u, None) for u, _ in ids}

    assert len(keys) == len(ids) + len({user for user, _ in ids})
    assert {key: owner_of(key) for key in keys} == keys


@given(IDS, IDS)
def test_no_id_makes_a_key_of_what_is_of_no_user(user_id: str, request_id: str) -> None:
    keys = [user_key(user_id), frozen_key(user_id, request_id)]

    assert all(is_of_a_user(key) for key in keys)
    assert not any(is_of_a_user(key) for key in (REACHED_KEY, erasure_key(user_id.encode())))


def test_the_event_time_of_a_partition_comes_back_or_is_refused() -> None:
    assert decode_reached(encode_reached(START_S, 0.5)) == (START_S, 0.5)
    with pytest.raises(StateError, match="MessagePack of two numbers"):
        decode_reached(b"\x01")
    with pytest.raises(StateError, match="before 2100, got"):
        decode_reached(encode_reached(-1.0, 5e9))


def test_another_version_is_refused_by_its_number() -> None:
    raw = msgspec.msgpack.encode((3, OpenRequests()))

    with pytest.raises(StateError, match="must be of version 2, got 3"):
        decode_open(raw)
    with pytest.raises(StateError, match="must be MessagePack of version 2"):
        decode_open(b"\x01")


def test_a_record_of_the_first_version_is_read() -> None:
    """Every request had its features inside: articles, features, metrics and what was dropped."""
    raw = msgspec.msgpack.encode(
        [
            [
                ["r", START_S, 5, ["a", "b"], b"features", b"8 metric", ["c"], True, None,
                 "i", START_S, ["b"], ["b"], "deadlines:7", "evaluation_late", 1, "m", 1.5],
            ],
            [["i2", "a", START_S]],
            [b"", b"", 3, START_S, 7, 8],
            [impression("i3", ["a"])],
        ]
    )  # fmt: skip

    assert is_first_version(raw)
    state, frozen = from_first_version(raw)

    entry = one(
        is_cold=True, impression_id="i", shown_s=START_S, shown=("b",), clicked=("b",),
        answered_by="deadlines:7", degraded="evaluation_late", n_labelled=1, evaluator="m",
        temperature=1.5,
    )  # fmt: skip
    assert frozen == {"r": Frozen(("a", "b"), b"features", b"8 metric", ("c",))}
    assert state == OpenRequests(
        (entry,),
        (),
        Exposures(n_slates=3, newest_s=START_S, shown_offset=7),
        (impression("i3", ["a"]),),
    )
    assert not is_first_version(encode_open(state) or b"")


WHOLE = Frozen(
    articles=("a", "b"),
    features=bytes(16),
    metrics=bytes(40),
    signals=bytes(24),
    scores=bytes(8),
    sources=("newest", "near"),
    others=Contrast(("c",), bytes(12), 5),
    rivals=Contrast(("d",), bytes(12), 9, bytes(4)),
    shadow=Shadow(ranks=bytes(8), version=1),
)


def test_what_is_whole_is_read() -> None:
    assert decode_frozen(encode_frozen(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("features", bytes(15)),
        ("signals", bytes(25)),
        ("scores", bytes(12)),
        ("sources", ("newest",)),
        ("others", Contrast(("c",), bytes(11), 5)),
        ("rivals", Contrast(("d",), bytes(12), 9, bytes(8))),
        ("shadow", Shadow(ranks=bytes(12), version=1)),
    ],
)
def test_arrays_that_do_not_fit_their_articles_are_refused(field: str, value: object) -> None:
    damaged = msgspec.structs.replace(WHOLE, **{field: value})

    with pytest.raises(StateError, match=r"whole rows for 2 articles, .* are not"):
        decode_frozen(encode_frozen(damaged))
