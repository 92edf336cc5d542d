"""What the pipeline keeps of each user: a profile and the open requests, behind two stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from cherryrec.errors import StateError
from cherryrec.open_requests import Frozen, OpenRequests
from cherryrec.pipeline.effects import Store
from cherryrec.profile import Profile, decode_profile, encode_profile
from cherryrec.stored_requests import (
    decode_frozen,
    decode_open,
    encode_frozen,
    encode_open,
    frozen_key,
    user_key,
)

__all__ = ["MAX_DECODED", "Users"]

MAX_DECODED = 16
"""Users whose profile, and users whose open requests, are kept decoded beside the stored bytes."""

State = TypeVar("State")

_NONE: Mapping[str, Frozen] = {}


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
        raw = self._requests.get(partition, user_key(user_id))
        return self._decoded_requests.of(partition, user_id, raw)

    def frozen(self, partition: int, user_id: str, request_id: str) -> Frozen:
        """Return what is frozen of an open request.

        Raises
        ------
        StateError
            It is not there, or not what was stored: it is written before its request, and deleted
            after it.
        """
        raw = self._requests.get(partition, frozen_key(user_id, request_id))
        if raw is None:
            msg = f"stored features of open request {request_id!r} of user {user_id!r} are missing"
            raise StateError(msg)
        return decode_frozen(raw)

    def keep_requests(
        self,
        partition: int,
        user_id: str,
        state: OpenRequests,
        frozen: Mapping[str, Frozen] = _NONE,
    ) -> None:
        """Store a user's open requests, where they have changed; nothing of a user without any.

        Parameters
        ----------
        partition, user_id
            Whose they are.
        state
            The open requests; what is frozen of those that are gone goes with them.
        frozen
            What is new, by request id: of each request that `state` adds.
        """
        before = self.requests(partition, user_id)
        ids = {entry.request_id for entry in state.entries}
        for request_id, one in frozen.items():
            if request_id in ids:
                self._put(partition, frozen_key(user_id, request_id), encode_frozen(one))
        if state != before:
            raw = encode_open(state)
            self._requests.put(partition, user_key(user_id), raw)
            self._decoded_requests.keep(partition, user_id, raw, state)
        for entry in before.entries:
            if entry.request_id not in ids:
                self.drop_frozen(partition, user_id, entry.request_id)

    def rewrite(
        self, partition: int, user_id: str, state: OpenRequests, frozen: Mapping[str, Frozen]
    ) -> None:
        """Store a user's open requests in place of a record of another form."""
        for request_id, one in frozen.items():
            self._put(partition, frozen_key(user_id, request_id), encode_frozen(one))
        self._requests.put(partition, user_key(user_id), encode_open(state))

    def drop_frozen(self, partition: int, user_id: str, request_id: str) -> None:
        """Delete what is frozen of a request that is not open."""
        self._requests.put(partition, frozen_key(user_id, request_id), None)

    def erase(self, partition: int, user_id: str) -> None:
        """Keep nothing of a user; of a record that cannot be read, `restore` drops the features."""
        self._profiles.put(partition, user_id, None)
        self._decoded_profiles.drop(partition, user_id)
        try:
            entries = self.requests(partition, user_id).entries
        except StateError:
            entries = ()
        self._requests.put(partition, user_key(user_id), None)
        self._decoded_requests.drop(partition, user_id)
        for entry in entries:
            self.drop_frozen(partition, user_id, entry.request_id)

    def _put(self, partition: int, key: str, value: bytes) -> None:
        """Store what has changed."""
        if self._requests.get(partition, key) != value:
            self._requests.put(partition, key, value)


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
