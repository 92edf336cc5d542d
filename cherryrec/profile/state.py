"""A user's profile as it is stored: small, self-contained, with the offsets it has applied."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.codec import LATEST
from cherryrec.errors import StateError
from cherryrec.events import seconds
from cherryrec.profile.category_records import CATEGORY_RECORD
from cherryrec.seen import Seen
from cherryrec.text import stable_hash

__all__ = ["PastClick", "Profile", "decode_profile", "encode_profile", "name_key"]

_KEY = (1 << 32) - 1


class PastClick(msgspec.Struct, frozen=True, array_like=True):
    """One opened article: when (epoch seconds, 0 for imported history), how long it was read.

    `named` is the `name_key` of the impression that the click named, 0 where it named none.
    """

    article_id: str
    clicked_s: float = 0.0
    dwell_s: float | None = None
    named: int = 0


def name_key(name: str | None) -> int:
    """Return 32 bits that stand for an impression's name, never 0; 0 for none.

    Examples
    --------
    >>> name_key(None), name_key("i1") == name_key("i1") > 0
    (0, True)
    """
    return 0 if name is None else stable_hash(name) & _KEY or 1


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is kept of one user.

    `role`, `fields`, `collections` are what the site said (the paper's role positioning, field
    focus and collection list); `history` are the last clicks in time order, oldest first (the
    paper's behavioural information). `interest` is the decayed sum of the clicked articles'
    embeddings, float16 bytes. `applied` holds the last offset of each topic in here,
    `import_offset` the offset of the update that first brought a history, `seen` the clicks applied
    lately, for finding duplicates and for what one reader may move. `newest_s` is the event time of
    the newest click, `updated_s` that of the newest update. `categories` and `subcategories` count
    all reads by name (`category_records`).
    """

    role: str | None = None
    fields: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    history: tuple[PastClick, ...] = ()
    interest: bytes = b""
    n_clicks: int = 0
    categories: bytes = b""
    subcategories: bytes = b""
    newest_s: float = 0.0
    updated_s: float = 0.0
    applied: dict[str, int] = {}
    import_offset: int | None = None
    seen: Seen = Seen()

    @property
    def interest_vector(self) -> NDArray[np.float32]:
        """The interest vector, float32 (D,); empty for a user without clicks."""
        return np.frombuffer(self.interest, "<f2").astype(np.float32)


_HALF = 2  # bytes of a half-precision number
_LATEST_S = seconds(LATEST)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Profile)


def encode_profile(profile: Profile) -> bytes:
    """Return the stored form, MessagePack.

    Examples
    --------
    >>> decode_profile(encode_profile(Profile(role="editor"))).role
    'editor'
    >>> decode_profile(None) == Profile()
    True
    """
    return _encoder.encode(profile)


def decode_profile(raw: bytes | None) -> Profile:
    """Return the inverse of `encode_profile`; a user never seen is an empty profile.

    Raises
    ------
    StateError
        The bytes are no profile.
    """
    if raw is None:
        return Profile()
    try:
        profile = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        msg = f"a stored profile must be MessagePack of its fields: {error}"
        raise StateError(msg) from error
    is_whole = profile.n_clicks >= 0 and not (
        len(profile.interest) % _HALF
        or len(profile.categories) % CATEGORY_RECORD.itemsize
        or len(profile.subcategories) % CATEGORY_RECORD.itemsize
        or not profile.seen.is_whole
    )
    times = (profile.newest_s, profile.updated_s, *(v.clicked_s for v in profile.history))
    if not is_whole or not all(0.0 <= time_s < _LATEST_S for time_s in times):
        msg = (
            "a stored profile must hold whole records and times before the year 2100, got "
            f"{len(profile.interest)}, {len(profile.categories)} and "
            f"{len(profile.subcategories)} bytes, the newest time {max(times)!r}"
        )
        raise StateError(msg)
    return profile
