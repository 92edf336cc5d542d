"""The newest slate of each user, as far as they are remembered: bounded, and forgotten by use."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import msgspec
from aiokafka.structs import ConsumerRecord

__all__ = ["REFUSED", "Kept", "NewestSlates", "SlateHead", "articles_in"]

REFUSED = "request_refused"
"""What the answer to a request is degraded by that no worker can use."""


class SlateHead(msgspec.Struct, frozen=True):
    """What has to be read of every slate: whose answer it is, and whether it is one."""

    request_id: str
    user_id: str
    degraded: str | None = None


class _Item(msgspec.Struct, frozen=True):
    article_id: str


class _Items(msgspec.Struct, frozen=True):
    slate: tuple[_Item, ...]


_heads = msgspec.json.Decoder(SlateHead)
_items = msgspec.json.Decoder(_Items)


def articles_in(value: bytes) -> tuple[str, ...]:
    """Return the articles of a published slate in their order; none of what cannot be read.

    Examples
    --------
    >>> articles_in(b'{"slate":[{"article_id":"a"},{"article_id":"b"}]}'), articles_in(b"{}")
    (('a', 'b'), ())
    """
    try:
        return tuple(item.article_id for item in _items.decode(value).slate)
    except msgspec.MsgspecError:
        return ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A slate as it was published: its bytes, its place as a tag, when the broker took it."""

    value: bytes
    tag: str
    request_id: str
    at_s: float


class NewestSlates:
    """Remembers the newest slate of the users that were last asked for or answered.

    Parameters
    ----------
    max_users
        Users remembered, above 0.
    max_bytes
        What their slates may take, in bytes, above 0.
    """

    def __init__(self, max_users: int, max_bytes: int) -> None:
        self.max_users = max_users
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self.n_forgotten = 0
        self._of_user: OrderedDict[str, Kept] = OrderedDict()
        self._without: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._of_user)

    def take(self, record: ConsumerRecord) -> SlateHead | None:
        """Remember a record of `recommendations`; return its head, None for one without value.

        A record without value forgets the user's slate. What cannot be read is passed over.
        """
        user_id = (record.key or b"").decode(errors="replace")
        if record.value is None:
            self._drop(user_id)
            self.note_none(user_id)
            return None
        try:
            head = _heads.decode(record.value)
        except msgspec.MsgspecError:
            return None
        if head.degraded != REFUSED:
            tag = f'"{record.partition}-{record.offset}"'
            self._keep(user_id, Kept(record.value, tag, head.request_id, record.timestamp / 1e3))
        return head

    def of(self, user_id: str) -> Kept | None:
        """Return the newest slate of a user; None where none is remembered."""
        kept = self._of_user.get(user_id)
        if kept is not None:
            self._of_user.move_to_end(user_id)
        return kept

    def take_old(self, record: ConsumerRecord) -> None:
        """Remember a record that was looked up, unless a newer one has come by now."""
        user_id = (record.key or b"").decode(errors="replace")
        if user_id not in self._of_user and not self.has_none(user_id):
            self.take(record)

    def has_none(self, user_id: str) -> bool:
        """Whether it is known that there is no slate of a user, remembered or not."""
        return user_id in self._without

    def note_none(self, user_id: str) -> None:
        """Remember of a user without a remembered slate that there is none at all."""
        if user_id not in self._of_user:
            self._without[user_id] = None
            if len(self._without) > self.max_users:
                self._without.popitem(last=False)

    def _keep(self, user_id: str, kept: Kept) -> None:
        self._drop(user_id)
        self._without.pop(user_id, None)
        self._of_user[user_id] = kept
        self.n_bytes += len(kept.value)
        while len(self._of_user) > self.max_users or self.n_bytes > self.max_bytes:
            _, forgotten = self._of_user.popitem(last=False)
            self.n_bytes -= len(forgotten.value)
            self.n_forgotten += 1

    def _drop(self, user_id: str) -> None:
        kept = self._of_user.pop(user_id, None)
        if kept is not None:
            self.n_bytes -= len(kept.value)
