"""What the pipeline keeps of each user: a profile and the open requests, behind two stores.

An event loads its user once, at the pipeline's door. From there a `User` is a value: each part
takes one and returns another, and what has changed is kept when the event is through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cherryrec.errors import StateError
from cherryrec.open_requests import Frozen, OpenRequests
from cherryrec.pipeline.effects import Store
from cherryrec.profile import Profile, decode_profile, encode_profile
from cherryrec.stored_requests import (
    REACHED_KEY,
    decode_frozen,
    decode_open,
    encode_frozen,
    encode_open,
    encode_reached,
    frozen_key,
    user_key,
)

__all__ = ["User", "Users"]

_NONE: Mapping[str, Frozen] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user's state in the middle of an event.

    Parameters
    ----------
    partition, user_id
        Whose it is.
    profile
        The profile; one never seen has an empty one.
    requests
        The open requests.
    read
        Reads what is frozen of an open request from the store.
    frozen
        What this event has frozen, by request id.
    """

    partition: int
    user_id: str
    profile: Profile
    requests: OpenRequests
    read: Callable[[str], Frozen] = field(repr=False, compare=False)
    frozen: Mapping[str, Frozen] = field(default_factory=dict)

    def frozen_of(self, request_id: str) -> Frozen:
        """Return what is frozen of an open request, by this event or one before it.

        Raises
        ------
        StateError
            It is not there, or not what was stored.
        """
        return self.frozen.get(request_id) or self.read(request_id)

    def with_profile(self, profile: Profile) -> User:
        """Return the user with another profile."""
        return replace(self, profile=profile)

    def with_requests(self, requests: OpenRequests, frozen: Mapping[str, Frozen] = _NONE) -> User:
        """Return the user with other open requests, and what is frozen of those that are new."""
        return replace(self, requests=requests, frozen={**self.frozen, **frozen})


class Users:
    """State of users by partition, decoded on the way out and encoded on the way in.

    Parameters
    ----------
    profiles, requests
        Where profiles and open requests are kept as bytes.
    """

    def __init__(self, profiles: Store, requests: Store) -> None:
        self._profiles = profiles
        self._requests = requests

    def load(self, partition: int, user_id: str) -> User:
        """Return all that is known of a user."""
        return User(
            partition=partition,
            user_id=user_id,
            profile=self.profile(partition, user_id),
            requests=self.requests(partition, user_id),
            read=lambda request_id: self.frozen(partition, user_id, request_id),
        )

    def keep(self, before: User, after: User) -> None:
        """Store what an event has changed of a user.

        Parameters
        ----------
        before
            The user as loaded.
        after
            The same user now.
        """
        if after.profile is not before.profile:
            self.keep_profile(after.partition, after.user_id, after.profile)
        self.keep_requests(
            after.partition, after.user_id, before.requests, after.requests, after.frozen
        )

    def profile(self, partition: int, user_id: str) -> Profile:
        """Return a user's profile; one never seen has an empty one."""
        return decode_profile(self._profiles.get(partition, user_id))

    def keep_profile(self, partition: int, user_id: str, profile: Profile) -> None:
        """Store a user's profile."""
        self._profiles.put(partition, user_id, encode_profile(profile))

    def requests(self, partition: int, user_id: str) -> OpenRequests:
        """Return a user's open requests."""
        return decode_open(self._requests.get(partition, user_key(user_id)))

    def keep_requests(
        self,
        partition: int,
        user_id: str,
        before: OpenRequests,
        after: OpenRequests,
        frozen: Mapping[str, Frozen] = _NONE,
    ) -> None:
        """Store a user's open requests, where they have changed; nothing of a user without any.

        Features are written before the record that names them, and deleted after the one that
        does not: a crash in between leaves some that no record names, and never a name of none.

        Parameters
        ----------
        partition, user_id
            Whose they are.
        before, after
            The open requests as stored, and as they are now; what is frozen of those that are gone
            goes with them.
        frozen
            What is new, by request id: of each request that `after` adds.
        """
        ids = {entry.request_id for entry in after.entries}
        for request_id, one in frozen.items():
            if request_id in ids:
                self._put(partition, frozen_key(user_id, request_id), encode_frozen(one))
        if after != before:
            self._requests.put(partition, user_key(user_id), encode_open(after))
        for entry in before.entries:
            if entry.request_id not in ids:
                self.drop_frozen(partition, user_id, entry.request_id)

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

    def rewrite(
        self, partition: int, user_id: str, state: OpenRequests, frozen: Mapping[str, Frozen]
    ) -> None:
        """Store a user's open requests in place of a record of another form."""
        for request_id, one in frozen.items():
            self._put(partition, frozen_key(user_id, request_id), encode_frozen(one))
        self._requests.put(partition, user_key(user_id), encode_open(state))

    def keep_reached(self, partition: int, times: tuple[float, float]) -> None:
        """Store the event times that a partition's impressions and clicks have reached."""
        self._put(partition, REACHED_KEY, encode_reached(*times))

    def drop_frozen(self, partition: int, user_id: str, request_id: str) -> None:
        """Delete what is frozen of a request that is not open."""
        self._requests.put(partition, frozen_key(user_id, request_id), None)

    def erase(self, partition: int, user_id: str) -> None:
        """Keep nothing of a user; of a record that cannot be read, `restore` drops the features."""
        self._profiles.put(partition, user_id, None)
        try:
            entries = self.requests(partition, user_id).entries
        except StateError:
            entries = ()
        self._requests.put(partition, user_key(user_id), None)
        for entry in entries:
            self.drop_frozen(partition, user_id, entry.request_id)

    def _put(self, partition: int, key: str, value: bytes) -> None:
        """Store what has changed."""
        if self._requests.get(partition, key) != value:
            self._requests.put(partition, key, value)
