"""What is kept decoded of users is never other than what their stores hold."""

from __future__ import annotations

from cherryrec.open_requests import Frozen, OpenRequest, OpenRequests, with_entry
from cherryrec.pipeline import MemoryStore
from cherryrec.pipeline.users import MAX_DECODED, Users
from cherryrec.profile import Profile, Visit, encode_profile
from cherryrec.stored_requests import encode_open, owner_of

FROZEN = Frozen(("a",), b"features", b"8 metric")


def state_of(request_id: str) -> OpenRequests:
    return with_entry(OpenRequests(), OpenRequest(request_id, 0.0, 1))


def test_what_was_kept_comes_back() -> None:
    users = Users(MemoryStore(), MemoryStore())
    profile = Profile(role="editor", history=(Visit("a", 1.0),), applied={"clicks": 3})

    users.keep_profile(0, "u", profile)
    users.keep_requests(0, "u", state_of("r"), {"r": FROZEN})

    assert (users.profile(0, "u"), users.requests(0, "u")) == (profile, state_of("r"))
    assert (users.profile(1, "u"), users.requests(0, "v")) == (Profile(), OpenRequests())


def test_what_another_writes_to_the_store_is_seen() -> None:
    profiles, requests = MemoryStore(), MemoryStore()
    users = Users(profiles, requests)
    users.keep_profile(0, "u", Profile(role="editor"))
    users.keep_requests(0, "u", state_of("r"), {"r": FROZEN})

    profiles.put(0, "u", encode_profile(Profile(role="reader")))
    requests.put(0, "u", encode_open(state_of("s")))

    assert (users.profile(0, "u").role, users.requests(0, "u")) == ("reader", state_of("s"))
    requests.put(0, "u", None)
    assert users.requests(0, "u") == OpenRequests()


def test_an_erased_user_is_gone() -> None:
    users = Users(MemoryStore(), MemoryStore())
    users.keep_profile(0, "u", Profile(role="editor"))
    users.keep_requests(0, "u", state_of("r"), {"r": FROZEN})

    users.erase(0, "u")

    assert len(users._decoded_profiles) == len(users._decoded_requests) == 0
    assert (users.profile(0, "u"), users.requests(0, "u")) == (Profile(), OpenRequests())


def test_only_the_last_users_are_kept_decoded() -> None:
    users = Users(MemoryStore(), MemoryStore())
    for k in range(3 * MAX_DECODED):
        users.keep_profile(0, f"u{k}", Profile(role=f"{k}"))
        users.keep_requests(0, f"u{k}", state_of(f"r{k}"), {f"r{k}": FROZEN})

    assert len(users._decoded_profiles) == len(users._decoded_requests) == MAX_DECODED
    assert users.profile(0, "u0").role == "0"
    assert users.requests(0, "u0") == state_of("r0")


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
    users.keep_requests(0, "u", state_of("r"), {"r": FROZEN})
    users.keep_requests(0, "u", state_of("s"), {"s": FROZEN})
    users.erase(0, "u")

    assert store.put_to == [
        *(("r", True), (None, True)),
        *(("s", True), (None, True), ("r", False)),
        *((None, False), ("s", False)),
    ]
    assert store.values == {}


def test_what_has_not_changed_is_not_written_again() -> None:
    store = Recording()
    users = Users(MemoryStore(), store)
    users.keep_requests(0, "u", state_of("r"), {"r": FROZEN})
    store.put_to.clear()

    users.keep_requests(0, "u", state_of("r"), {"r": FROZEN})
    users.keep_requests(0, "u", users.requests(0, "u"))

    assert store.put_to == []


def test_features_of_a_request_that_is_not_kept_are_not_stored() -> None:
    store = MemoryStore()
    users = Users(MemoryStore(), store)

    users.keep_requests(0, "u", OpenRequests(), {"r": FROZEN})

    assert store.values == {}
