"""Who calls and what they may do: keys with rights, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

from streams.gateway.config import GatewayConfig

__all__ = ["RIGHTS", "Caller", "Keys", "Right", "name_of"]

Right = Literal["read", "send", "administer"]
"""What a key may allow."""

RIGHTS: tuple[Right, ...] = ("read", "send", "administer")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Parameters
    ----------
    name
        What logs and limits know it by: the first letters of its key's hash, or its address.
    rights
        What it may do.
    has_key
        Whether it has shown a key that is known.
    """

    name: str
    rights: frozenset[Right]
    has_key: bool


class Keys:
    """Knows the keys of the settings; without any, every caller may do everything.

    Every key is compared with every known one in constant time, so that how long an answer takes
    tells nothing of a key.

    Examples
    --------
    >>> keys = Keys(GatewayConfig(read_keys=("r" * 16,), send_keys=("r" * 16, "s" * 16)))
    >>> sorted(keys.caller("r" * 16, address="10.0.0.7").rights)
    ['read', 'send']
    >>> keys.caller("guessed", address="10.0.0.7")
    Caller(name='10.0.0.7', rights=frozenset(), has_key=False)
    >>> sorted(Keys(GatewayConfig()).caller(None, address="127.0.0.1").rights)
    ['administer', 'read', 'send']
    """

    def __init__(self, config: GatewayConfig) -> None:
        rights: dict[str, set[Right]] = {}
        lists = (config.read_keys, config.send_keys, config.admin_keys)
        for right, keys in zip(RIGHTS, lists, strict=True):
            for key in keys:
                rights.setdefault(key, set()).add(right)
        self._known = [
            (key.encode(), Caller(name_of(key), frozenset(given), has_key=True))
            for key, given in rights.items()
        ]

    @property
    def are_wanted(self) -> bool:
        """Whether callers must show a key."""
        return bool(self._known)

    def caller(self, key: str | None, *, address: str) -> Caller:
        """Return who shows a key, or none."""
        if not self._known:
            return Caller(address, frozenset(RIGHTS), has_key=False)
        shown = (key or "").encode()
        found = Caller(address, frozenset(), has_key=False)
        for known, caller in self._known:
            if hmac.compare_digest(known, shown):
                found = caller
        return found


def name_of(key: str) -> str:
    """Return what a key is known by where it must not be shown: the first letters of its hash.

    Examples
    --------
    >>> name_of("r" * 16)
    'key-c3aaa479'
    """
    return f"key-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
