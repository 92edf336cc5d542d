"""What the pipeline keeps of each user: a profile and the open requests, behind two stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from cherryrec.open_requests import OpenRequests, decode_open, encode_open
from cherryrec.pipeline.effects import Store
from cherryrec.profile import Profile, decode_profile, encode_profile

__all__ = ["MAX_DECODED", "Users"]

MAX_DECODED = 16
"""Users whose profile, and users whose open requests, are kept decoded beside the stored bytes."""

State = TypeVar("State")


class Users:
    """State of users by partition, decoded on the way out and encoded on the way in.

    An event reads and writes its user's state several times over: the users of the last events are
    kept decoded, too, for as long as the stores return the bytes that these were.

    Parameters
    ----------
    profiles, requests
        Where profiles and open requests are kept as bytes.
    """

    def __init__(self, profiles: Store, requests: Store) -> None:
        self._profiles = profiles
        self._requests = requests
        self._decoded_profiles = _Decoded(decode_profile)
        self._decoded_requests = _Decoded(decode_open)

    def profile(self, partition: int, user_id: str) -> Profile:
        """Return a user's profile; one never seen has an empty one."""
        raw = self._profiles.get(partition, user_id)
        return self._decoded_profiles.of(partition, user_id, raw)

    def keep_profile(self, partition: int, user_id: str, profile: Profile) -> None:
        """Store a user's profile."""
        raw = encode_profile(profile)
        self._profiles.put(partition, user_id, raw)
        self._decoded_profiles.keep(partition, user_id, raw, profile)

    def requests(self, partition: int, user_id: str) -> OpenRequests:
        """Return a user's open requests."""
        raw = self._requests.get(partition, user_id)
        return self._decoded_requests.of(partition, user_id, raw)

    def keep_requests(self, partition: int, user_id: str, state: OpenRequests) -> None:
        """Store a user's open requests; nothing is kept of a user without any."""
        raw = encode_open(state)
        self._requests.put(partition, user_id, raw)
        self._decoded_requests.keep(partition, user_id, raw, state)

    def erase(self, partition: int, user_id: str) -> None:
        """Keep nothing of a user."""
        self._profiles.put(partition, user_id, None)
        self._requests.put(partition, user_id, None)
        self._decoded_profiles.drop(partition, user_id)
        self._decoded_requests.drop(partition, user_id)


class _Decoded(Generic[State]):
    """The last `MAX_DECODED` states of one kind as objects, each with the bytes that it was."""

    def __init__(self, decode: Callable[[bytes | None], State]) -> None:
        self._decode = decode
        self._states: dict[tuple[int, str], tuple[bytes | None, State]] = {}

    def __len__(self) -> int:
        return len(self._states)

    def of(self, partition: int, user_id: str, raw: bytes | None) -> State:
        """Return the state that a user's stored bytes are."""
        known = self._states.get((partition, user_id))
        if known is not None and known[0] == raw:
            return known[1]
        state = self._decode(raw)
        self.keep(partition, user_id, raw, state)
        return state

    def keep(self, partition: int, user_id: str, raw: bytes | None, state: State) -> None:
        """Note what a user's stored bytes are as an object; past the bound the oldest leaves."""
        self.drop(partition, user_id)
        self._states[partition, user_id] = raw, state
        if len(self._states) > MAX_DECODED:
            del self._states[next(iter(self._states))]

    def drop(self, partition: int, user_id: str) -> None:
        """Know nothing of a user."""
        self._states.pop((partition, user_id), None)
