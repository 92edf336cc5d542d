"""Users as they are loaded and kept: what was stored, in an order that a kill may cut anywhere."""

from __future__ import annotations

import pytest

from cherryrec.errors import StateError
from cherryrec.open_requests import Frozen, OpenRequest, OpenRequests, with_entry
from cherryrec.pipeline import MemoryStore, Position
from cherryrec.pipeline.users import User, Users
from cherryrec.profile import PastClick, Profile, encode_profile
from cherryrec.stored_requests import encode_open, owner_of
from tests.worlds import START_S, click, impression, pipeline_of, request

FROZEN = Frozen(("a",), b"features", b"8 metric")


def state_of(request_id: str) -> OpenRequests:
    return with_entry(OpenRequests(), OpenRequest(request_id, 0.0, 1))


def opens(users: Users, request_id: str) -> User:
    """Let a user's only open request be this one, as an event would."""
    before = users.load(0, "u")
    after = before.with_requests(state_of(request_id), {request_id: FROZEN})
    users.keep(before, after)
    return after


def test_what_was_kept_comes_back() -> None:
    users = Users(MemoryStore(), MemoryStore())
    profile = Profile(role="editor", history=(PastClick("a", 1.0),), applied={"clicks": 3})

    before = users.load(0, "u")
    users.keep(before, before.with_profile(profile).with_requests(state_of("r"), {"r": FROZEN}))

    user = users.load(0, "u")
    assert (user.profile, user.requests, user.frozen_of("r")) == (profile, state_of("r"), FROZEN)
    assert (users.profile(1, "u"), users.requests(0, "v")) == (Profile(), OpenRequests())


def test_a_user_in_the_middle_of_an_event_knows_what_it_has_frozen() -> None:
    store = MemoryStore()
    user = Users(MemoryStore(), store).load(0, "u")

    user = user.with_requests(state_of("r"), {"r": FROZEN}).with_requests(OpenRequests())

    assert user.frozen_of("r") == FROZEN
    with pytest.raises(StateError, match="stored features of open request 's' of user 'u'"):
        user.frozen_of("s")
    assert store.values == {}


def test_what_another_writes_to_the_store_is_seen() -> None:
    profiles, requests = MemoryStore(), MemoryStore()
    users = Users(profiles, requests)
    users.keep_profile(0, "u", Profile(role="editor"))
    opens(users, "r")

    profiles.put(0, "u", encode_profile(Profile(role="reader")))
    requests.put(0, "u", encode_open(state_of("s")))

    assert (users.load(0, "u").profile.role, users.requests(0, "u")) == ("reader", state_of("s"))
    requests.put(0, "u", None)
    assert users.load(0, "u").requests == OpenRequests()


def test_an_erased_user_is_gone() -> None:
    profiles, requests = MemoryStore(), MemoryStore()
    users = Users(profiles, requests)
    users.keep_profile(0, "u", Profile(role="editor"))
    opens(users, "r")

    users.erase(0, "u")

    assert profiles.values == requests.values == {}
    user = users.load(0, "u")
    assert (user.profile, user.requests) == (Profile(), OpenRequests())


class Recording(MemoryStore):
    """Notes whose record was written or deleted, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.put_to: list[tuple[str | None, bool]] = []

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        self.put_to.append((owner_of(key)[1], value is not None))
        super().put(partition, key, value)


def test_features_are_written_before_what_names_them_and_deleted_after_it() -> None:
    store = Recording()
    users = Users(MemoryStore(), store)
    opens(users, "r")
    opens(users, "s")
    users.erase(0, "u")

    assert store.put_to == [
        *(("r", True), (None, True)),
        *(("s", True), (None, True), ("r", False)),
        *((None, False), ("s", False)),
    ]
    assert store.values == {}


def test_what_has_not_changed_is_not_written_again() -> None:
    profiles, store = Recording(), Recording()
    users = Users(profiles, store)
    users.keep_profile(0, "u", Profile(role="editor"))
    opens(users, "r")
    profiles.put_to.clear()
    store.put_to.clear()

    opens(users, "r")
    user = users.load(0, "u")
    users.keep(user, user)

    assert store.put_to == profiles.put_to == []


class Counting(MemoryStore):
    """Counts how often a user's record is read and written; what is frozen apart."""

    def __init__(self) -> None:
        super().__init__()
        self.counted = {"get": 0, "put": 0}

    def get(self, partition: int, key: str) -> bytes | None:
        self.counted["get"] += owner_of(key)[1] is None
        return super().get(partition, key)

    def put(self, partition: int, key: str, value: bytes | None) -> None:
        self.counted["put"] += owner_of(key)[1] is None
        super().put(partition, key, value)

    def taken(self) -> tuple[int, int]:
        """Return how often it was read and written since the last call."""
        gets, puts = self.counted.values()
        self.counted = {"get": 0, "put": 0}
        return gets, puts


@pytest.mark.parametrize("request_id", ["r", None])
def test_an_event_loads_its_user_once_and_keeps_what_it_has_changed_once(
    request_id: str | None,
) -> None:
    pipeline = pipeline_of(6)
    profiles, requests = Counting(), Counting()
    pipeline.users = pipeline.attribution.users = Users(profiles, requests)

    def taken() -> tuple[tuple[int, int], tuple[int, int]]:
        return profiles.taken(), requests.taken()

    pipeline.request(Position(0, 0), request("r"), clock_s=0.0)
    assert taken() == ((1, 0), (1, 1))
    shown = impression("i", ["a0", "a1"], START_S + 1, request_id=request_id)
    pipeline.impression(Position(0, 0), shown)
    assert taken() == ((1, 0), (1, 1))
    pipeline.impression(Position(0, 1), shown)  # sent twice
    assert taken() == ((0, 0), (0, 0))
    pipeline.click(Position(0, 0), click("a1", START_S + 2, impression_id="i"))
    assert taken() == ((1, 1), (1, 1))
    pipeline.click(Position(0, 1), click("a5", START_S + 3))  # of no slate
    assert taken() == ((1, 1), (1, 1))


def test_features_of_a_request_that_is_not_kept_are_not_stored() -> None:
    store = MemoryStore()
    users = Users(MemoryStore(), store)

    users.keep_requests(0, "u", OpenRequests(), OpenRequests(), {"r": FROZEN})

    assert store.values == {}
