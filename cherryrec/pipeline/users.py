"""What the pipeline keeps of each user: a profile and the open requests, behind two stores."""

from __future__ import annotations

from cherryrec.open_requests import OpenRequests, decode_open, encode_open
from cherryrec.pipeline.effects import Store
from cherryrec.profile import Profile, decode_profile, encode_profile

__all__ = ["Users"]


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

    def profile(self, partition: int, user_id: str) -> Profile:
        """Return a user's profile; one never seen has an empty one."""
        return decode_profile(self._profiles.get(partition, user_id))

    def keep_profile(self, partition: int, user_id: str, profile: Profile) -> None:
        """Store a user's profile."""
        self._profiles.put(partition, user_id, encode_profile(profile))

    def requests(self, partition: int, user_id: str) -> OpenRequests:
        """Return a user's open requests."""
        return decode_open(self._requests.get(partition, user_id))

    def keep_requests(self, partition: int, user_id: str, state: OpenRequests) -> None:
        """Store a user's open requests; nothing is kept of a user without any."""
        self._requests.put(partition, user_id, encode_open(state))

    def erase(self, partition: int, user_id: str) -> None:
        """Keep nothing of a user."""
        self._profiles.put(partition, user_id, None)
        self._requests.put(partition, user_id, None)
