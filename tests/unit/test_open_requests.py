"""Open requests of one user: bounded, and never losing one that waits for its answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.open_requests import (
    MAX_OPEN,
    OpenRequest,
    OpenRequests,
    n_pending,
    opened,
    with_entry,
)
from tests.worlds import START_S


def entry(name: str, **fields: Any) -> OpenRequest:
    return OpenRequest(name, START_S, 10, **fields)


def test_an_entry_of_the_same_id_is_replaced_where_it_stands() -> None:
    """It once went to the end, and a click without impression then to an older one."""
    state = with_entry(OpenRequests((entry("r1"), entry("r2"))), entry("r1", shown_s=START_S))

    assert [e.request_id for e in state.entries] == ["r1", "r2"]
    found = opened(state, "r1")
    assert found is not None
    assert found.shown_s == START_S
    assert opened(state, "r3") is None


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=80))
def test_pending_requests_never_leave_and_the_rest_is_bounded(
    steps: list[tuple[int, bool]],
) -> None:
    """As the pipeline does it: no pending request is added to a full house of them."""
    state = OpenRequests()
    pending: set[str] = set()
    for number, is_new in steps:
        name = f"r{number}"
        waits = is_new and (n_pending(state) < MAX_OPEN or name in pending)
        state = with_entry(state, entry(name, expires_at=1.0 if waits else None))
        pending = pending | {name} if waits else pending - {name}

        assert len(state.entries) <= MAX_OPEN
        assert n_pending(state) == len(pending)
        assert pending <= {e.request_id for e in state.entries}


def test_what_waits_for_late_clicks_only_leaves_first() -> None:
    """Or a reader of many slates would lose labels for the sake of corrections."""
    state = OpenRequests()
    for k in range(MAX_OPEN):
        state = with_entry(state, entry(f"r{k}", n_labelled=1 if k in {3, 5} else None))

    for k in range(3):
        state = with_entry(state, entry(f"new{k}"))

    left = {f"r{k}" for k in range(MAX_OPEN)} - {e.request_id for e in state.entries}
    assert left == {"r3", "r5", "r0"}


def test_where_all_wait_a_new_answered_request_is_not_kept() -> None:
    state = OpenRequests()
    for k in range(MAX_OPEN):
        state = with_entry(state, entry(f"r{k}", expires_at=1.0))

    assert with_entry(state, entry("answered")) == state


def test_adding_a_pending_request_to_a_full_house_is_a_bug() -> None:
    full = OpenRequests(tuple(entry(f"r{k}", expires_at=1.0) for k in range(MAX_OPEN)))

    with pytest.raises(AssertionError, match="pending"):
        with_entry(full, entry("one more", expires_at=1.0))
